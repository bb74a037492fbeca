// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/os/file.hpp"

namespace eddy {

/// A file to be opened, with its settings; made by open_file(). Awaited it gives the file; in `with` it is closed at
/// the end.
class [[nodiscard("a file is opened when this is awaited, or given to with")]] file_opening {
 public:
  file_opening(std::filesystem::path path, std::string_view mode);

  /// What a file that is created may be used for, as the process's umask allows. Default: read and write by all.
  file_opening&& permissions(std::filesystem::perms allowed) && {
    permissions_ = static_cast<unsigned>(allowed);
    return std::move(*this);
  }
  /// Fails with ELOOP when the last part of the path is a symbolic link.
  file_opening&& no_symlink() &&;

  coro<file>::awaiter operator co_await() && { return open(std::move(*this)).operator co_await(); }

  /// For `with`.
  coro<file&> aenter();
  coro<> aexit() { return opened_.close(); }

 private:
  static coro<file> open(file_opening how);

  std::filesystem::path path_;
  int flags_;
  unsigned permissions_ = 0666;
  file opened_;
};

/// Opens a file: `file f = co_await open_file("notes", "w");`, or, closed at the end whatever happens,
/// `co_await with(open_file("notes"), [&](file& f) -> coro<> { ... });`.
///
/// | mode | reads | writes | when there is no such file | when there is |
/// |---|---|---|---|---|
/// | `r` | yes | | fails | from its beginning |
/// | `r+` | yes | yes | fails | from its beginning |
/// | `w`, `w+` | `w+` | yes | creates it | empties it |
/// | `a`, `a+` | `a+` | yes, at the end | creates it | keeps it |
/// | `x`, `x+` | `x+` | yes | creates it | fails |
///
/// The modes are Python's and fopen's; a `b` is ignored, since everything is bytes. What blocks does so elsewhere than
/// on the loop's thread. A FIFO that is opened for reading is open at once, its first read waits for a writer; opened
/// for writing it waits for a reader (asking again every few milliseconds, since Linux tells nobody).
///
/// @throws std::filesystem::filesystem_error  The system refuses, or it is a folder.  @throws misuse_error  There is no
/// such mode, or the path has a zero byte in it.
///
/// **Cancellation.** A cancellation point. Atomic: cancelled means that nothing is open; a file that was to be created
/// may have been.
/// **In asyncio.** `aiofiles.open(path, mode)`.
inline file_opening open_file(std::filesystem::path path, std::string_view mode = "r") {
  return file_opening(std::move(path), mode);
}

namespace detail {

/// A file of the current loop out of a descriptor, which is taken over also when this throws. @throws
/// std::filesystem::filesystem_error  It is a folder.
file opened_file(int fd, std::filesystem::path path, int flags);

}  // namespace detail
}  // namespace eddy
