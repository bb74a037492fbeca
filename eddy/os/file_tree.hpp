// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "eddy/coro/coro.hpp"

// What changes names and folders. Each is done by a thread of the loop's file engine. Say `eddy::` before them: the
// functions of std::filesystem have the same names, and block.
//
// @throws std::filesystem::filesystem_error, which names the operation and the paths.
// @throws misuse_error  A path has a zero byte in it.
// **Cancellation.** Cancellation points, and atomic, but for remove_all() and create_directories(): those end between
// two steps, and what they have done stays.

namespace eddy {

/// Removes a file, a symbolic link or an empty folder. @returns false when there was none.
///
/// **In asyncio.** `aiofiles.os.remove`, `aiofiles.os.rmdir`.
coro<bool> remove(std::filesystem::path path);

/// Removes a file or a folder with all that is in it. Symbolic links are removed, not followed. Folders may be as deep
/// as they like, and a folder that somebody moves meanwhile is not left.
///
/// @returns how many names were removed; 0 when there was none.
///
/// **Cancellation.** Ends between two names; what has been removed is gone.
/// **In asyncio.** `shutil.rmtree` on a thread.
coro<std::uint64_t> remove_all(std::filesystem::path path);

/// Renames or moves within a file system; what `to` was is replaced at once.
///
/// **In asyncio.** `aiofiles.os.replace`.
coro<> rename(std::filesystem::path from, std::filesystem::path to);

/// Makes a folder. @returns false when it was there.
///
/// **In asyncio.** `aiofiles.os.mkdir`.
coro<bool> create_directory(std::filesystem::path path);

/// Makes a folder and those above it. @returns whether it made any.
///
/// **In asyncio.** `aiofiles.os.makedirs(path, exist_ok=True)`.
coro<bool> create_directories(std::filesystem::path path);

/// Makes a symbolic link `link` that says `target`, which need not exist; a hard link to a file that does.
///
/// **In asyncio.** `aiofiles.os.symlink`, `aiofiles.os.link`.
coro<> create_symlink(std::filesystem::path target, std::filesystem::path link);
coro<> create_hard_link(std::filesystem::path target, std::filesystem::path link);
/// What a symbolic link says.
///
/// **In asyncio.** `aiofiles.os.readlink`.
coro<std::filesystem::path> read_symlink(std::filesystem::path link);

/// Sets what a file may be used for; a symbolic link is followed.
coro<> set_permissions(std::filesystem::path path, std::filesystem::perms allowed);

}  // namespace eddy
