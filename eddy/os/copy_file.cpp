// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/copy_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/temporary_name.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

constexpr std::size_t one_step = std::size_t{8} << 20;  // between two looks at the stop
constexpr std::size_t buffer_size = std::size_t{256} << 10;

/// Copies between two descriptors from where they stand, in the best way that works for them.
class copying {
 public:
  copying(int from, int to, const std::filesystem::path& source, const std::filesystem::path& target,
          const detail::stop_flag& stop)
      : from_(from), to_(to), source_(source), target_(target), stop_(stop) {}

  void run(bool has_size) {
    if (has_size && ::ioctl(to_, FICLONE, from_) == 0) return;
    // The kernel takes files without a size, as in /proc, for empty ones.
    if (has_size && by_kernel([this] { return ::copy_file_range(from_, nullptr, to_, nullptr, one_step, 0); })) return;
    if (has_size && by_kernel([this] { return ::sendfile(to_, from_, nullptr, one_step); })) return;
    by_hand();
  }

 private:
  /// @returns false when this way is closed; what it has copied before stays.
  template <class F>
  bool by_kernel(F step) {
    while (true) {
      stop_.check();
      const ssize_t count = step();
      if (count == 0) return true;
      if (count > 0 || errno == EINTR) continue;
      if (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG) fail(errno);
      return false;
    }
  }

  void by_hand() {
    const auto buffer = std::make_unique<std::byte[]>(buffer_size);
    while (true) {
      stop_.check();
      const ssize_t count = ::read(from_, buffer.get(), buffer_size);
      if (count == 0) return;
      if (count < 0 && errno != EINTR) fail(errno);
      for (ssize_t done = 0; done < count;) {
        const ssize_t written = ::write(to_, buffer.get() + done, static_cast<std::size_t>(count - done));
        if (written < 0 && errno != EINTR) fail(errno);
        done += std::max<ssize_t>(written, 0);
      }
    }
  }

  [[noreturn]] void fail(int error) const { detail::throw_file_error("copy_file", source_, target_, error); }

  int from_;
  int to_;
  const std::filesystem::path& source_;
  const std::filesystem::path& target_;
  const detail::stop_flag& stop_;
};

/// To a name that must be free: a link cannot overwrite, as a rename would.
void put_where_nothing_is(detail::file_beside& made, const std::filesystem::path& from,
                          const std::filesystem::path& to) {
  constexpr unsigned no_replace = 1;  // RENAME_NOREPLACE
  const std::filesystem::path& name = made.name.path();
  int result = ::renameat2(AT_FDCWD, name.c_str(), AT_FDCWD, to.c_str(), no_replace);
  if (result == 0) {
    made.name.keep();
    return;
  }
  if (errno == EINVAL || errno == ENOSYS) result = ::link(name.c_str(), to.c_str());
  if (result != 0) detail::throw_file_error("copy_file", from, to, errno);
}

void copy_now(const std::filesystem::path& from, const std::filesystem::path& to, if_there then,
              const detail::stop_flag& stop) {
  const auto fail = [&](int error) { detail::throw_file_error("copy_file", from, to, error); };
  const detail::owned_descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!source) fail(errno);
  struct stat found{};
  if (::fstat(source.get(), &found) != 0) fail(errno);
  if (!S_ISREG(found.st_mode)) fail(ENOTSUP);
  const std::filesystem::path target = then == if_there::overwrite ? detail::followed("copy_file", to) : to;
  struct stat old{};
  const bool there = ::lstat(target.c_str(), &old) == 0;
  if (there && then == if_there::fail) fail(EEXIST);
  if (there && S_ISDIR(old.st_mode)) fail(EISDIR);
  detail::file_beside made("copy_file", target, 0600);
  copying(source.get(), made.fd.get(), from, to, stop).run(found.st_size > 0);
  if (::fchmod(made.fd.get(), found.st_mode & 07777U) != 0) fail(errno);
  stop.check();
  if (then == if_there::fail) {
    put_where_nothing_is(made, from, to);
  } else {
    if (::rename(made.name.path().c_str(), target.c_str()) != 0) fail(errno);
    made.name.keep();
  }
}

}  // namespace

coro<> copy_file(std::filesystem::path from, std::filesystem::path to, if_there then) {
  detail::check_path(from.native());
  detail::check_path(to.native());
  auto job = [&](const detail::stop_flag& stop) { copy_now(from, to, then, stop); };
  co_await detail::file_job(detail::current_file_engine(), job, "copy_file");
}

}  // namespace eddy
