// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/running_query.hpp"

#include <new>
#include <utility>
#include <vector>

#include "eddy/db/sqlite/detail/failure.hpp"
#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {
namespace {

blob read_bytes(sqlite3_stmt* from, int index) {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(from, index));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(from, index));
  return data ? blob(data, data + size) : blob();
}

std::string read_text(sqlite3_stmt* from, int index) {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(from, index));
  if (!data) throw std::bad_alloc();  // SQLite's only reason to have no text here
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(from, index))};
}

value read_value(sqlite3_stmt* from, int index) {
  switch (sqlite3_column_type(from, index)) {
    case SQLITE_INTEGER:
      return value(static_cast<std::int64_t>(sqlite3_column_int64(from, index)));
    case SQLITE_FLOAT:
      return value(sqlite3_column_double(from, index));
    case SQLITE_TEXT:
      return value(read_text(from, index));
    case SQLITE_BLOB:
      return value(read_bytes(from, index));
    default:
      return value();
  }
}

}  // namespace

running_query::running_query(std::shared_ptr<session> owner, std::string_view sql, parameters values)
    : session_(std::move(owner)),
      values_(std::move(values)),
      statement_(session_->prepare(sql)),
      rollbacks_(session_->rollbacks()) {
  try {
    session_->bind(*statement_, values_);
    advance();
  } catch (...) {
    finish();
    throw;
  }
}

void running_query::advance() {
  try {
    const bool row = session_->step(*statement_);
    if (!columns_) columns_ = session_->columns_of(*statement_);
    if (!row) finish();
  } catch (...) {
    finish();
    throw;
  }
}

row running_query::take_row() {
  require_ground();
  std::vector<value> values;
  values.reserve(columns_->size());
  for (std::size_t i = 0; i < columns_->size(); ++i)
    values.push_back(read_value(statement_->handle, static_cast<int>(i)));
  row taken(columns_, std::move(values), ++rows_);
  try {
    advance();
  } catch (...) {
    pending_ = std::current_exception();
  }
  return taken;
}

void running_query::throw_pending() {
  if (pending_) std::rethrow_exception(std::exchange(pending_, nullptr));
}

void running_query::drain() {
  while (running_) advance();
}

void running_query::require_ground() {
  session_->require_open({});
  if (rollbacks_ == session_->rollbacks()) return;
  const auto sql = statement_->sql;
  finish();
  throw_failure({SQLITE_ABORT_ROLLBACK, "the transaction was rolled back while the query was being read", sql});
}

void running_query::finish() noexcept {
  if (!std::exchange(running_, false)) return;
  if (session_->is_open()) session_->release(statement_);  // a closed session has forgotten it already
}

}  // namespace eddy::sqlite::detail
