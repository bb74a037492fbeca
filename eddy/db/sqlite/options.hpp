// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>

namespace eddy::sqlite {

/// What may be done with the file.
enum class open_mode {
  create,      ///< read and write; the file is created when it is missing (its directory is not)
  read_write,  ///< read and write an existing file
  read_only,   ///< read an existing file
};

/// How a database is opened. The defaults suit a server: readers and one writer at the same time, and a crash of
/// the program loses nothing that was committed (a power failure may lose the last commits, never the file).
struct open_options {
  open_mode mode = open_mode::create;
  /// `PRAGMA journal_mode = wal` for files that may be written. False leaves the file's mode as it is.
  bool write_ahead_log = true;
  /// `PRAGMA synchronous`: true is NORMAL, false is FULL, which also survives a power failure, at one more fsync a
  /// commit.
  bool synchronous_normal = true;
  /// `PRAGMA foreign_keys`: SQLite itself leaves it off for programs from before 2009.
  bool foreign_keys = true;
  /// How long a statement waits for another connection's lock before it fails with busy_error; 0 fails at once.
  /// interrupt() ends the wait.
  std::chrono::milliseconds busy_timeout{5000};
  /// Prepared statements kept for reuse, the least recently used goes first; 0 keeps none.
  std::size_t statement_cache = 64;
};

}  // namespace eddy::sqlite
