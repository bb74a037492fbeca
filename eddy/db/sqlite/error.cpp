// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/error.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace eddy::sqlite {
namespace {

/// The first bytes of the statement on one line, cut between two UTF-8 characters.
std::string quoted(std::string_view sql) {
  std::string text(sql.substr(0, error::quoted_sql_limit));
  if (text.size() < sql.size()) {
    while (!text.empty() && (static_cast<unsigned char>(sql[text.size()]) & 0xc0) == 0x80) text.pop_back();
    text += "...";
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string place(std::string_view sql, std::size_t position) {
  const auto before = sql.substr(0, position);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = position - (before.rfind('\n') + 1) + 1;
  return " at line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string description(const error_details& details) {
  std::string text = details.message;
  if (details.position) text += place(details.sql, *details.position);
  if (!details.sql.empty()) text += ": " + quoted(details.sql);
  return text;
}

error_details shortened(error_details details) {
  details.sql = quoted(details.sql);
  return details;
}

}  // namespace

error::error(error_details details) : eddy::error(description(details)), details_(shortened(std::move(details))) {}

bool busy_error::is_snapshot() const noexcept { return extended_code() == SQLITE_BUSY_SNAPSHOT; }

bool constraint_error::is_unique() const noexcept {
  return extended_code() == SQLITE_CONSTRAINT_UNIQUE || extended_code() == SQLITE_CONSTRAINT_PRIMARYKEY ||
         extended_code() == SQLITE_CONSTRAINT_ROWID;
}
bool constraint_error::is_foreign_key() const noexcept { return extended_code() == SQLITE_CONSTRAINT_FOREIGNKEY; }
bool constraint_error::is_not_null() const noexcept { return extended_code() == SQLITE_CONSTRAINT_NOTNULL; }
bool constraint_error::is_check() const noexcept { return extended_code() == SQLITE_CONSTRAINT_CHECK; }

usage_error::usage_error(std::string message, std::string_view sql)
    : error({SQLITE_MISUSE, std::move(message), std::string(sql)}) {}

column_error::column_error(std::string column, std::string message)
    : error({SQLITE_MISMATCH, std::move(message)}), column_(std::move(column)) {}

}  // namespace eddy::sqlite
