// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "eddy/os/file.hpp"

namespace eddy {

/// A file without a name that is gone when it is closed, for reading and writing:
/// `co_await with(temporary_file(), [&](file& f) -> coro<> { ... });`
///
/// It takes room in its folder's file system and has no name there at any time, where the system can do that
/// (O_TMPFILE); elsewhere it loses its name at once. So nothing is left behind, whatever becomes of the program.
///
/// **Cancellation.** aenter() is a cancellation point; atomic.
/// **In asyncio.** `aiofiles.tempfile.TemporaryFile`.
class temporary_file {
 public:
  /// In the folder that TMPDIR names, or else /tmp.
  temporary_file();
  explicit temporary_file(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// @throws misuse_error  The folder's path has a zero byte in it.
  coro<file&> aenter();
  coro<> aexit() { return file_.close(); }

 private:
  std::filesystem::path folder_;
  file file_;
};

/// A file with a name of its own, removed at the end:
/// `co_await with(named_temporary_file(), [&](file& f) -> coro<> { use(f.path()); co_return; });`
///
/// Only its owner can read or write it. Who renames it in the body keeps it. A program that is killed leaves it behind.
///
/// **Cancellation.** aenter() is a cancellation point; atomic. aexit() is not an error when the file is gone.
/// **In asyncio.** `aiofiles.tempfile.NamedTemporaryFile`.
class named_temporary_file {
 public:
  /// In the folder that TMPDIR names, or else /tmp; called `eddy-` and letters.
  named_temporary_file();
  explicit named_temporary_file(std::filesystem::path folder, std::string prefix = "eddy-")
      : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  /// @throws misuse_error  The folder's path or the prefix has a zero byte in it.
  coro<file&> aenter();
  coro<> aexit();

 private:
  std::filesystem::path folder_;
  std::string prefix_;
  file file_;
};

/// A folder of its own, removed at the end with all that is in it:
/// `co_await with(temporary_directory(), [&](const std::filesystem::path& folder) -> coro<> { ... });`
///
/// Only its owner can look into it. A program that is killed leaves it behind.
///
/// **Cancellation.** aenter() is a cancellation point; atomic. aexit() takes as long as the removal does.
/// **In asyncio.** `aiofiles.tempfile.TemporaryDirectory`.
class temporary_directory {
 public:
  /// In the folder that TMPDIR names, or else /tmp; called `eddy-` and letters.
  temporary_directory();
  explicit temporary_directory(std::filesystem::path folder, std::string prefix = "eddy-")
      : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  /// @throws misuse_error  The folder's path or the prefix has a zero byte in it.
  coro<const std::filesystem::path&> aenter();
  coro<> aexit();

 private:
  std::filesystem::path folder_;
  std::string prefix_;
  std::filesystem::path path_;
};

}  // namespace eddy
