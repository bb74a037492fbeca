// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "eddy/flow/sleep.hpp"
#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/folder_reader.hpp"
#include "eddy/os/detail/owned_descriptor.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

using detail::folder_reader;
using detail::owned_descriptor;
using detail::stop_flag;
using std::filesystem::path;

owned_descriptor open_folder(const char* operation, const path& at) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
  return owned_descriptor(detail::checked(::open(at.c_str(), flags), operation, at));
}

/// A bufferful of names. @returns whether there may be more.
bool read_some(const char* operation, int fd, const path& at, folder_reader& reader,
               std::vector<directory_entry>& into) {
  const long count = reader.fill(fd);
  if (count < 0) detail::throw_file_error(operation, at, static_cast<int>(-count));
  while (const auto* entry = reader.next()) {
    directory_entry& made = into.emplace_back();
    made.path = at / entry->name;
    made.type = detail::type_of_entry(fd, *entry);
  }
  return count != 0;
}

/// All names of a folder.
std::vector<directory_entry> read_folder(const char* operation, int fd, const path& at, const stop_flag& stop) {
  std::vector<directory_entry> found;
  const auto reader = std::make_unique<folder_reader>();
  while (read_some(operation, fd, at, *reader, found)) stop.check();
  std::sort(found.begin(), found.end(),
            [](const directory_entry& a, const directory_entry& b) { return a.path < b.path; });
  return found;
}

}  // namespace

namespace detail {

struct directory_state {
  path at;
  owned_descriptor fd;
  folder_reader reader;
  std::vector<directory_entry> found;  // of the last bufferful
  std::size_t handed_out = 0;
  bool begun = false;
  bool ended = false;
};

struct folder_identity {
  dev_t device;
  ino_t inode;
  bool operator==(const folder_identity&) const = default;
};

struct walk_level {
  folder_identity folder;
  std::vector<directory_entry> entries;
  std::size_t handed_out = 0;
};

struct walk_state {
  path root;
  bool follow = false;
  bool begun = false;
  std::size_t max_depth = std::numeric_limits<std::size_t>::max();
  std::vector<walk_level> levels;       // from the root down
  std::optional<directory_entry> into;  // the folder that came last, not looked into so far

  /// Reads `into` or the root; on the engine's thread.
  walk_level read(const path& at, const stop_flag& stop) const {
    const owned_descriptor fd = open_folder("walk", at);
    struct stat found{};
    checked(::fstat(fd.get(), &found), "walk", at);
    walk_level level{{found.st_dev, found.st_ino}, {}, 0};
    for (const walk_level& above : levels)
      if (above.folder == level.folder) throw_file_error("walk", at, ELOOP);
    level.entries = read_folder("walk", fd.get(), at, stop);
    for (directory_entry& each : level.entries) each.depth = levels.size();
    return level;
  }

  bool looks_into(const directory_entry& entry) const noexcept {
    return (entry.is_directory() || (follow && entry.is_symlink())) && entry.depth < max_depth;
  }
};

}  // namespace detail

// -- one folder -------------------------------------------------------------------------------------------------------

directory_stream::directory_stream(path at) : state_(std::make_unique<detail::directory_state>()) {
  detail::check_path(at.native());
  state_->at = std::move(at);
}
directory_stream::directory_stream(directory_stream&&) noexcept = default;
directory_stream& directory_stream::operator=(directory_stream&&) noexcept = default;
directory_stream::~directory_stream() = default;

coro<std::optional<directory_entry>> directory_stream::next() {
  detail::directory_state& s = *state_;
  co_await checkpoint();
  while (s.handed_out == s.found.size()) {
    if (s.ended) co_return std::nullopt;
    // Whatever has been read is in the state when the job has ended: there is no step between.
    auto job = [&s](const stop_flag&) {
      s.found.clear();
      s.handed_out = 0;
      if (!s.begun) s.fd = open_folder("scan_directory", s.at);
      s.begun = true;
      s.ended = !read_some("scan_directory", s.fd.get(), s.at, s.reader, s.found);
      if (s.ended) s.fd.reset();
    };
    co_await detail::file_job(detail::current_file_engine(), job, "scan_directory");
  }
  co_return std::move(s.found[s.handed_out++]);
}

coro<std::vector<directory_entry>> list_directory(path at) {
  detail::check_path(at.native());
  auto job = [&](const stop_flag& stop) {
    const owned_descriptor fd = open_folder("list_directory", at);
    return read_folder("list_directory", fd.get(), at, stop);
  };
  co_return co_await detail::file_job(detail::current_file_engine(), job, "list_directory");
}

// -- a tree -----------------------------------------------------------------------------------------------------------

walk_stream::walk_stream(path at) : state_(std::make_unique<detail::walk_state>()) {
  detail::check_path(at.native());
  state_->root = std::move(at);
}
walk_stream::walk_stream(walk_stream&&) noexcept = default;
walk_stream& walk_stream::operator=(walk_stream&&) noexcept = default;
walk_stream::~walk_stream() = default;

walk_stream&& walk_stream::follow_symlinks(bool on) && {
  state_->follow = on;
  return std::move(*this);
}

walk_stream&& walk_stream::max_depth(std::size_t depth) && {
  state_->max_depth = depth;
  return std::move(*this);
}

void walk_stream::skip() noexcept { state_->into.reset(); }

coro<std::optional<directory_entry>> walk_stream::next() {
  detail::walk_state& s = *state_;
  co_await checkpoint();
  if (!s.begun || s.into) {
    const path at = s.into ? s.into->path : s.root;
    auto job = [&](const stop_flag& stop) { return s.read(at, stop); };
    std::error_code error;
    try {
      detail::walk_level level = co_await detail::file_job(detail::current_file_engine(), job, "walk");
      s.levels.push_back(std::move(level));
    } catch (const std::filesystem::filesystem_error& e) {
      if (!s.begun) throw;
      error = e.code();
    }
    s.begun = true;
    std::optional<directory_entry> folder = std::exchange(s.into, std::nullopt);
    // A symbolic link to something else than a folder has been named already, and that is all there is to it.
    const bool no_folder = folder && folder->is_symlink() &&
                           (error == std::errc::not_a_directory || error == std::errc::no_such_file_or_directory ||
                            error == std::errc::no_such_device_or_address);
    if (error && !no_folder) {
      folder->error = error;
      co_return folder;
    }
  }
  while (!s.levels.empty() && s.levels.back().handed_out == s.levels.back().entries.size()) s.levels.pop_back();
  if (s.levels.empty()) co_return std::nullopt;
  detail::walk_level& here = s.levels.back();
  directory_entry entry = std::move(here.entries[here.handed_out++]);
  if (s.looks_into(entry)) s.into = entry;
  co_return entry;
}

}  // namespace eddy
