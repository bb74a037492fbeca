// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "eddy/base/errors.hpp"

namespace eddy::sqlite {

/// What every failure of eddy::sqlite carries.
struct error_details {
  int code = 0;                              ///< SQLite's extended result code, for example 2067 (a UNIQUE constraint)
  std::string message;                       ///< what went wrong, in SQLite's words or ours
  std::string sql = {};                      ///< the start of the statement; empty when none was involved
  std::optional<std::size_t> position = {};  ///< byte in the statement at which SQLite stopped to understand it
};

/// A failure of SQLite, or the refusal of a value, a row or a call; the subclasses say which.
///
/// what() holds the message, the line and column where SQLite gave a position, and the start of the SQL.
///
/// **In asyncio.** `sqlite3.Error` and its subclasses, as aiosqlite raises them.
class error : public eddy::error {
 public:
  explicit error(error_details details);

  /// The primary result code, for example 19 (SQLITE_CONSTRAINT).
  [[nodiscard]] int code() const noexcept { return details_.code & 0xff; }
  /// The extended result code, for example 2067 (SQLITE_CONSTRAINT_UNIQUE).
  [[nodiscard]] int extended_code() const noexcept { return details_.code; }
  /// What went wrong, without the SQL.
  [[nodiscard]] const std::string& message() const noexcept { return details_.message; }
  /// The start of the statement's text, at most `quoted_sql_limit` bytes of it; empty when none was involved.
  [[nodiscard]] const std::string& sql() const noexcept { return details_.sql; }
  /// For SQL that SQLite does not understand: the byte at which it stopped, counted from the start of the text.
  [[nodiscard]] std::optional<std::size_t> position() const noexcept { return details_.position; }

  static constexpr std::size_t quoted_sql_limit = 160;

 private:
  error_details details_;
};

/// Another connection holds the lock, and the busy timeout has passed. Trying the whole transaction again may help.
class busy_error : public error {
 public:
  using error::error;
  /// Someone else has written since this transaction's first read: only a new transaction can succeed.
  [[nodiscard]] bool is_snapshot() const noexcept;
};

/// A constraint of the schema refused the change; the statement had no effect.
class constraint_error : public error {
 public:
  using error::error;
  [[nodiscard]] bool is_unique() const noexcept;       ///< UNIQUE, or a primary key taken
  [[nodiscard]] bool is_foreign_key() const noexcept;  ///< FOREIGN KEY
  [[nodiscard]] bool is_not_null() const noexcept;     ///< NOT NULL
  [[nodiscard]] bool is_check() const noexcept;        ///< CHECK
};

/// interrupt() stopped the statement. A change inside a transaction rolls the whole transaction back.
class interrupted_error : public error {
 public:
  using error::error;
};

/// The file is damaged, or is no database at all.
class corrupt_error : public error {
 public:
  using error::error;
};

/// The disk, or the quota of `PRAGMA max_page_count`, is full.
class full_error : public error {
 public:
  using error::error;
};

/// A change on a database that was opened for reading, or whose file may not be written.
class read_only_error : public error {
 public:
  using error::error;
};

/// The file cannot be opened: a missing directory, no permission, a directory in its place.
class open_error : public error {
 public:
  using error::error;
};

/// The call itself is wrong: a closed database, the number of parameters, two statements where one is expected,
/// a value that SQLite cannot hold.
class usage_error : public error {
 public:
  explicit usage_error(std::string message, std::string_view sql = {});
};

/// A result does not fit the type asked for: a column is missing, ambiguous, of another type, out of range or null.
class column_error : public error {
 public:
  column_error(std::string column, std::string message);
  /// The column's name, or the name that was looked for; empty when the number of columns is wrong.
  [[nodiscard]] const std::string& column() const noexcept { return column_; }

 private:
  std::string column_;
};

}  // namespace eddy::sqlite
