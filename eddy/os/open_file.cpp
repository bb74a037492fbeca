// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/open_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>

#include "eddy/flow/sleep.hpp"
#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/owned_descriptor.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

using std::chrono::milliseconds;

int flags_of(std::string_view mode) {
  std::string plain(mode);
  plain.erase(std::remove(plain.begin(), plain.end(), 'b'), plain.end());
  const bool both = plain.size() == 2 && plain[1] == '+';
  const int access = both ? O_RDWR : (plain == "r" ? O_RDONLY : O_WRONLY);
  if (plain.size() == 1 || both) {
    switch (plain[0]) {
      case 'r':
        return access;
      case 'w':
        return access | O_CREAT | O_TRUNC;
      case 'a':
        return access | O_CREAT | O_APPEND;
      case 'x':
        return access | O_CREAT | O_EXCL;
      default:
        break;
    }
  }
  throw misuse_error("open_file: there is no mode \"" + std::string(mode) + "\", but r, w, a, x, each also with a +");
}

/// A FIFO nobody reads cannot be opened for writing without waiting, and Linux tells nobody when that changes.
coro<bool> lacks_a_reader(const std::filesystem::path& path, int flags) {
  if ((flags & O_ACCMODE) != O_WRONLY) co_return false;
  const file_info found = co_await file_status(path);
  co_return found.type == std::filesystem::file_type::fifo;
}

}  // namespace

file detail::opened_file(int fd, std::filesystem::path path, int flags) {
  file_ref core(file_core::make(event_loop::current(), fd, std::move(path), flags));
  if (core->is_folder()) throw_file_error("open_file", core->path, EISDIR);
  return file(std::move(core));
}

file_opening::file_opening(std::filesystem::path path, std::string_view mode)
    : path_(std::move(path)), flags_(flags_of(mode)) {
  detail::check_path(path_.native());
}

file_opening&& file_opening::no_symlink() && {
  flags_ |= O_NOFOLLOW;
  return std::move(*this);
}

coro<file> file_opening::open(file_opening how) {
  detail::file_engine& engine = detail::current_file_engine();
  // Without O_NONBLOCK a FIFO or a serial line would wait for the other side inside of open.
  const int flags = how.flags_ | O_NONBLOCK | O_NOCTTY;
  milliseconds pause{1};
  while (true) {
    auto op = detail::open_operation(engine, how.path_.c_str(), flags, how.permissions_);
    const std::int64_t result = co_await op;
    if (result >= 0) {
      co_return detail::opened_file(static_cast<int>(result), std::move(how.path_), how.flags_);
    }
    bool again = false;
    if (result == -ENXIO) again = co_await lacks_a_reader(how.path_, how.flags_);
    if (!again) detail::throw_file_error("open_file", how.path_, static_cast<int>(-result));
    co_await sleep(pause);
    pause = std::min(pause * 2, milliseconds(20));
  }
}

coro<file&> file_opening::aenter() {
  file_opening how(path_, "r");
  how.flags_ = flags_;
  how.permissions_ = permissions_;
  opened_ = co_await open(std::move(how));
  co_return opened_;
}

}  // namespace eddy
