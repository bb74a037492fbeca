// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"

namespace eddy {

/// A name in a folder.
struct directory_entry {
  std::filesystem::path path;                                             // the folder's, with the name
  std::filesystem::file_type type = std::filesystem::file_type::unknown;  // a symbolic link's is symlink
  std::size_t depth = 0;  // walk(): 0 for what lies in the folder itself
  /// walk(): why it could not be looked into, although it is there (or was).
  std::error_code error;

  std::string name() const { return path.filename().string(); }
  bool is_directory() const noexcept { return type == std::filesystem::file_type::directory; }
  bool is_regular() const noexcept { return type == std::filesystem::file_type::regular; }
  bool is_symlink() const noexcept { return type == std::filesystem::file_type::symlink; }
};

namespace detail {
struct directory_state;
struct walk_state;
}  // namespace detail

/// The names in a folder, one at a time, in the system's order; made by scan_directory(). For all at once use
/// list_directory(), for the folders below as well walk().
///
/// **Cancellation.** Each name comes once, cancelled or not (L12).
/// **Lifetime.** Holds the folder open until its end.
class directory_stream {
 public:
  explicit directory_stream(std::filesystem::path path);
  directory_stream(directory_stream&&) noexcept;
  directory_stream& operator=(directory_stream&&) noexcept;
  ~directory_stream();

  /// The next; nothing at the end. @throws std::filesystem::filesystem_error
  coro<std::optional<directory_entry>> next();

 private:
  detail::owned<detail::directory_state> state_;
};

/// Lists a folder as a stream: `auto names = scan_directory(path); while (auto entry = co_await names.next()) ...`
///
/// Names that come or go meanwhile may be seen or not; "." and ".." are not. The folder is opened by the first next().
///
/// @throws misuse_error  The path has a zero byte in it.
///
/// **In asyncio.** `aiofiles.os.scandir`.
inline directory_stream scan_directory(std::filesystem::path path) { return directory_stream(std::move(path)); }

/// All names in a folder, sorted by name.
///
/// @throws std::filesystem::filesystem_error  @throws misuse_error  The path has a zero byte in it.
///
/// **Cancellation.** A cancellation point; atomic.
/// **In asyncio.** `sorted(await aiofiles.os.listdir(path))`.
coro<std::vector<directory_entry>> list_directory(std::filesystem::path path);

/// What a folder holds, and the folders in it, one name at a time; made by walk().
///
/// **Cancellation.** Each name comes once, cancelled or not (L12).
class walk_stream {
 public:
  explicit walk_stream(std::filesystem::path path);
  walk_stream(walk_stream&&) noexcept;
  walk_stream& operator=(walk_stream&&) noexcept;
  ~walk_stream();

  /// Also looks into folders that symbolic links lead to. One that leads to a folder above itself comes with the error
  /// ELOOP and is not looked into. Default: no.
  walk_stream&& follow_symlinks(bool on = true) &&;
  /// Folders as deep as this are named, not looked into: 0 for those of the folder itself. Default: no limit.
  walk_stream&& max_depth(std::size_t depth) &&;

  /// The next; nothing at the end. @throws std::filesystem::filesystem_error  The first folder cannot be read. One
  /// further down that cannot, or is gone, comes once more with `error` set, and the walk goes on.
  coro<std::optional<directory_entry>> next();
  /// Does not look into the folder that came last.
  void skip() noexcept;

 private:
  detail::owned<detail::walk_state> state_;
};

/// Walks through a tree of folders: each folder comes before what lies in it, sorted by name.
///
/// The names of one folder are read at once and no folder is held open, so that any number may be removed, made or
/// renamed meanwhile; it costs memory for the names of the folders on the way.
///
/// @throws misuse_error  The path has a zero byte in it.
///
/// **In asyncio.** `os.walk`, `pathlib.Path.rglob` on a thread.
inline walk_stream walk(std::filesystem::path path) { return walk_stream(std::move(path)); }

}  // namespace eddy
