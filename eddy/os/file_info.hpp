// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "eddy/coro/coro.hpp"

struct statx;

namespace eddy {

/// What the system knows about a file.
///
/// **In asyncio.** `os.stat_result`.
struct file_info {
  using time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

  std::filesystem::file_type type = std::filesystem::file_type::unknown;
  std::filesystem::perms permissions = std::filesystem::perms::unknown;
  std::uint64_t size = 0;       // bytes
  std::uint64_t allocated = 0;  // bytes on the disk; less than `size` when there are holes
  std::uint64_t links = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;  // together with `inode` which file it is
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  time accessed;
  time modified;
  time changed;  // the file's content or its status
  time created;  // the epoch when the file system does not know

  bool is_regular() const noexcept { return type == std::filesystem::file_type::regular; }
  bool is_directory() const noexcept { return type == std::filesystem::file_type::directory; }
  bool is_symlink() const noexcept { return type == std::filesystem::file_type::symlink; }

  static file_info from_system(const struct ::statx& found) noexcept;
};

/// Looks at a file; a symbolic link is followed.
///
/// @throws std::filesystem::filesystem_error  There is none, or it cannot be reached.
/// @throws misuse_error  The path has a zero byte in it.
///
/// **Cancellation.** A cancellation point; atomic.
/// **In asyncio.** `aiofiles.os.stat`.
coro<file_info> file_status(std::filesystem::path path);

/// The same; of a symbolic link the link itself.
///
/// **In asyncio.** `os.lstat`.
coro<file_info> symlink_status(std::filesystem::path path);

/// Whether there is such a file; false for a symbolic link that leads nowhere.
///
/// @throws std::filesystem::filesystem_error  It cannot be found out, as in a folder that may not be searched.
/// @throws misuse_error  The path has a zero byte in it.
///
/// **In asyncio.** `aiofiles.os.path.exists`.
coro<bool> exists(std::filesystem::path path);

}  // namespace eddy
