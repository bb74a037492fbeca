// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/database.hpp"

#include <limits>

#include "eddy/db/sqlite/detail/running_query.hpp"
#include "eddy/db/sqlite/detail/session.hpp"

namespace eddy::sqlite {
namespace {

/// An SQL identifier in double quotes, whatever it contains.
std::string quoted_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

const char* begin_statement(transaction_kind kind) noexcept {
  switch (kind) {
    case transaction_kind::immediate:
      return "begin immediate";
    case transaction_kind::exclusive:
      return "begin exclusive";
    case transaction_kind::deferred:
      break;
  }
  return "begin deferred";
}

}  // namespace

database::database(const std::string& path, const open_options& options)
    : session_(std::make_shared<detail::session>(path, options)) {}

database::~database() {
  if (session_) close();
}

database::database(database&&) noexcept = default;

database& database::operator=(database&& other) noexcept {
  if (this != &other) {
    if (session_) close();
    session_ = std::move(other.session_);
  }
  return *this;
}

void database::close() noexcept { session_->close(); }

bool database::is_open() const noexcept { return session_ && session_->is_open(); }

statement_info database::prepare(std::string_view sql) {
  const auto statement = session_->prepare(sql);
  const statement_info info{static_cast<std::size_t>(sqlite3_bind_parameter_count(statement->handle)),
                            static_cast<std::size_t>(sqlite3_column_count(statement->handle)),
                            sqlite3_stmt_readonly(statement->handle) != 0};
  session_->release(statement);
  return info;
}

execute_result database::execute(std::string_view sql, parameters values) {
  session_->require_open(sql);
  const auto before = sqlite3_total_changes64(session_->handle());
  detail::running_query(session_, sql, std::move(values)).drain();
  // sqlite3_changes64() keeps the count of an earlier statement when this one was no insert, update or delete.
  const bool changed = sqlite3_total_changes64(session_->handle()) != before;
  return {changed ? sqlite3_changes64(session_->handle()) : 0, sqlite3_last_insert_rowid(session_->handle())};
}

void database::execute_script(std::string_view sql) { session_->run_script(sql); }

cursor database::query(std::string_view sql, parameters values) {
  return cursor(std::make_unique<detail::running_query>(session_, sql, std::move(values)));
}

std::vector<row> database::all_rows(cursor rows) {
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  auto list = rows.fetch(all, all);
  static_cast<void>(rows.next());  // a failure behind the last row that came
  return list;
}

void database::begin(transaction_kind kind) { execute(begin_statement(kind), parameters()); }

void database::commit() { execute("commit", parameters()); }

bool database::rollback() { return session_->rollback(); }

bool database::in_transaction() const noexcept {
  return session_->is_open() && sqlite3_get_autocommit(session_->handle()) == 0;
}

void database::savepoint(std::string_view name) { execute("savepoint " + quoted_name(name), parameters()); }

void database::release_savepoint(std::string_view name) { execute("release " + quoted_name(name), parameters()); }

void database::rollback_to_savepoint(std::string_view name) {
  execute("rollback to " + quoted_name(name), parameters());
}

void database::interrupt() noexcept { session_->interrupt(); }

void database::reset_interrupt() noexcept { session_->reset_interrupt(); }

cache_statistics database::statistics() const noexcept {
  const auto& cache = session_->cache();
  return {cache.idle(), cache.in_use(), cache.hits(), cache.misses()};
}

}  // namespace eddy::sqlite
