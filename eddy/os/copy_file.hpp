// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>

#include "eddy/coro/coro.hpp"

namespace eddy {

/// What copy_file() does when the target is there.
enum class if_there {
  fail,       // with EEXIST
  overwrite,  // replaces it, all at once
};

/// Copies a regular file, with its permissions: by sharing its blocks where the file system can (a reflink), else
/// inside the kernel, else by reading and writing. Holes are filled.
///
/// The copy is made under another name beside `to` and renamed when it is complete, so that nobody sees a part of it.
/// Files of /proc, which have no size, are copied to their end.
///
/// @throws std::filesystem::filesystem_error  With both paths. ENOTSUP when `from` is a folder, FIFO or device.
/// @throws misuse_error  A path has a zero byte in it.
///
/// **Cancellation.** A cancellation point. Atomic: cancelled means that there is no copy and nothing is left behind.
/// **In asyncio.** `shutil.copy` on a thread.
coro<> copy_file(std::filesystem::path from, std::filesystem::path to, if_there then = if_there::fail);

}  // namespace eddy
