// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/tree_removal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/folder_reader.hpp"
#include "eddy/os/detail/owned_descriptor.hpp"

namespace eddy::detail {

namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

/// Goes down and up by descriptors, one at a time, so that neither depth nor a symbolic link that somebody puts in the
/// way leads elsewhere.
class tree_removal {
 public:
  tree_removal(const char* operation, const std::filesystem::path& path, const stop_flag& stop)
      : operation_(operation), path_(path), stop_(stop) {}

  std::uint64_t run() {
    if (::unlink(path_.c_str()) == 0) return 1;
    if (errno == ENOENT || errno == ENOTDIR) return 0;
    const int refused = errno;
    if (!descend(AT_FDCWD, path_.string())) fail(errno == ENOTDIR ? refused : errno);
    while (!levels_.empty())
      if (!clear_some()) ascend();
    if (::rmdir(path_.c_str()) != 0 && errno != ENOENT) fail(errno);
    return removed_ + 1;
  }

 private:
  struct level {
    std::string name;
    dev_t device;
    ino_t inode;
  };

  bool descend(int from, const std::string& name) {
    owned_descriptor next(::openat(from, name.c_str(), folder_flags));
    struct stat found{};
    if (!next || ::fstat(next.get(), &found) != 0) return false;
    levels_.push_back({name, found.st_dev, found.st_ino});
    folder_ = std::move(next);
    return true;
  }

  /// Removes what is no folder, or goes down into the first one. @returns false when the folder is empty.
  bool clear_some() {
    bool any = false;
    while (true) {
      const long count = reader_->fill(folder_.get());
      if (count < 0) fail(static_cast<int>(-count));
      if (count == 0) break;
      while (const auto* entry = reader_->next()) {
        stop_.check();
        const std::string name = entry->name;
        if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) {
          ++removed_;
          any = true;
        } else if (errno != ENOENT) {
          // EISDIR says Linux, EPERM says POSIX: only opening tells.
          const int refused = errno;
          if (descend(folder_.get(), name)) return true;
          if (errno != ENOENT) fail(errno == ENOTDIR ? refused : errno, name);
        }
      }
    }
    if (!any) return false;
    // Some file systems skip names when others go meanwhile.
    if (::lseek(folder_.get(), 0, SEEK_SET) < 0) fail(errno);
    return true;
  }

  void ascend() {
    const std::string name = levels_.back().name;
    levels_.pop_back();
    if (levels_.empty()) {
      folder_.reset();
      return;
    }
    owned_descriptor above(::openat(folder_.get(), "..", folder_flags));
    struct stat found{};
    if (!above || ::fstat(above.get(), &found) != 0) fail(errno, name);
    // Somebody moved the folder: what is above now is not ours to remove.
    if (found.st_dev != levels_.back().device || found.st_ino != levels_.back().inode) fail(ESTALE, name);
    folder_ = std::move(above);
    if (::unlinkat(folder_.get(), name.c_str(), AT_REMOVEDIR) == 0)
      ++removed_;
    else if (errno != ENOENT && errno != ENOTEMPTY)  // not empty: somebody adds to it, so it is gone through again
      fail(errno, name);
  }

  [[noreturn]] void fail(int error, const std::string& name = {}) const {
    std::filesystem::path at = levels_.empty() ? path_ : std::filesystem::path();
    for (const level& each : levels_) at /= each.name;
    if (!name.empty()) at /= name;
    throw_file_error(operation_, at, error);
  }

  const char* operation_;
  const std::filesystem::path& path_;
  const stop_flag& stop_;
  std::vector<level> levels_;
  owned_descriptor folder_;
  std::unique_ptr<folder_reader> reader_ = std::make_unique<folder_reader>();
  std::uint64_t removed_ = 0;
};

}  // namespace

std::uint64_t remove_tree(const char* operation, const std::filesystem::path& path, const stop_flag& stop) {
  return tree_removal(operation, path, stop).run();
}

}  // namespace eddy::detail
