// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>

#include "eddy/coro/coro.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

/// Reads a whole file. As many as you like at once: no more than 64 of them are open at a time.
///
/// Pipes, FIFOs and the files of /proc are read to their end as well.
///
/// @param limit  Bytes.  @throws limit_overrun_error  There are more.  @throws std::filesystem::filesystem_error
/// @throws misuse_error  The path has a zero byte in it.
///
/// **Cancellation.** A cancellation point; nothing is left open. What was read of a pipe is gone.
/// **In asyncio.** `async with aiofiles.open(path) as f: await f.read()`.
coro<std::string> read_file(file_name path, std::size_t limit = std::numeric_limits<std::size_t>::max());

/// Writes a file from its beginning; creates it, or empties it first. For a file that others read meanwhile use
/// replace_file().
///
/// **Cancellation.** A cancellation point; the file may then hold any part of `content`.
coro<> write_file(std::filesystem::path path, std::string content);

/// Adds to the end of a file, which it creates when there is none.
///
/// **Cancellation.** As write_file().
coro<> append_file(std::filesystem::path path, std::string content);

/// Puts `content` in the place of a file: everybody sees either all of the old or all of the new, also after a crash.
///
/// A temporary file in the same folder is written, brought to the disk and renamed, and the folder brought to the disk.
/// Permissions are the old file's, and owner and group as far as the process may set them. A symbolic link is followed:
/// what it leads to is replaced.
///
/// @throws std::filesystem::filesystem_error  The old file stands; nothing else is left. Only when the folder could not
/// be brought to the disk the new one stands.
/// @throws misuse_error  The path has a zero byte in it.
///
/// **Cancellation.** A cancellation point. Atomic: cancelled means that the old file stands and nothing is left behind.
/// It may take until the disk has answered.
/// **Complexity.** Waits for the disk twice.
coro<> replace_file(std::filesystem::path path, std::string content);

}  // namespace eddy
