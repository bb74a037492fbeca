// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/session.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/db/sqlite/detail/failure.hpp"
#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite::detail {
namespace {

// How many steps of SQLite's machine pass between two looks at interrupted_: some ten microseconds.
constexpr int steps_between_looks = 1000;

int open_flags(open_mode mode) noexcept {
  // NOMUTEX: a session belongs to one thread at a time, and sqlite3_interrupt() needs no lock.
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case open_mode::read_only:
      return common | SQLITE_OPEN_READONLY;
    case open_mode::read_write:
      return common | SQLITE_OPEN_READWRITE;
    case open_mode::create:
      break;
  }
  return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

int bind_value(sqlite3_stmt* target, int number, const value& held) noexcept {
  if (const auto* whole = held.integer()) return sqlite3_bind_int64(target, number, *whole);
  if (const auto* real = held.real()) return sqlite3_bind_double(target, number, *real);
  if (const auto* text = held.text())
    return sqlite3_bind_text64(target, number, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* bytes = held.bytes()) {
    if (bytes->empty()) return sqlite3_bind_zeroblob(target, number, 0);  // a null pointer would bind null
    return sqlite3_bind_blob64(target, number, bytes->data(), bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(target, number);
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

}  // namespace

session::session(const std::string& path, const open_options& options)
    : cache_(options.statement_cache), busy_timeout_(options.busy_timeout) {
  if (path.find('\0') != std::string::npos) throw usage_error("the path of the database has a NUL byte in it");
  const int code = sqlite3_open_v2(path.c_str(), &handle_, open_flags(options.mode), nullptr);
  try {
    if (code != SQLITE_OK) {
      const auto* why = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
      throw_failure({code, std::string(why) + ", opening \"" + path + "\""});
    }
    configure(path, options);
  } catch (...) {
    close();  // also after a failure SQLite hands out a connection that has to be closed
    throw;
  }
}

session::~session() { close(); }

void session::configure(const std::string& path, const open_options& options) {
  sqlite3_extended_result_codes(handle_, 1);
  // Without these a misspelt "column" in double quotes is a string.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_busy_handler(handle_, on_busy, this);
  sqlite3_progress_handler(handle_, steps_between_looks, on_progress, this);
  // SQLite quietly opens for reading what it may not write: say so now, not at the first insert.
  if (options.mode != open_mode::read_only && sqlite3_db_readonly(handle_, "main") == 1)
    throw_failure({SQLITE_READONLY, "the file may only be read: \"" + path + "\""});

  pragma(options.foreign_keys ? "pragma foreign_keys = on" : "pragma foreign_keys = off");
  pragma(options.synchronous_normal ? "pragma synchronous = normal" : "pragma synchronous = full");
  if (options.write_ahead_log && options.mode != open_mode::read_only) use_write_ahead_log();
  pragma("pragma schema_version");  // reads the file's head: what is no database fails here
}

void session::pragma(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code, sql);
}

// Changing the journal mode does not always ask the busy handler: two connections that create one file would meet here.
void session::use_write_ahead_log() {
  const auto give_up = std::chrono::steady_clock::now() + busy_timeout_;
  while (true) {
    try {
      return pragma("pragma journal_mode = wal");
    } catch (const busy_error&) {
      if (std::chrono::steady_clock::now() >= give_up) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void session::close() noexcept {
  sqlite3* closing = nullptr;
  {
    const std::lock_guard lock(mutex_);
    closing = std::exchange(handle_, nullptr);
  }
  cache_.clear();  // invariant 1: before the close, which refuses while statements exist
  sqlite3_close_v2(closing);
}

void session::require_open(std::string_view sql) const {
  if (!is_open()) throw usage_error("the database is closed", sql);
}

// ---------------------------------------------------------------------------------------------------------------

statement_cache::position session::prepare(std::string_view sql) {
  require_open(sql);
  if (const auto kept = cache_.take(sql); kept != cache_.end()) return kept;
  const char* tail = nullptr;
  auto* compiled = compile(sql, SQLITE_PREPARE_PERSISTENT, &tail, sql);
  if (!compiled) throw usage_error("there is no statement in the SQL", sql);
  const auto added = cache_.add(compiled, sql);
  try {
    refuse_second_statement(sql.substr(static_cast<std::size_t>(tail - sql.data())), sql);
  } catch (...) {
    release(added);
    throw;
  }
  return added;
}

void session::refuse_second_statement(std::string_view tail, std::string_view whole) {
  const char* end = nullptr;
  auto* second = compile(tail, 0, &end, whole);
  if (!second) return;  // blanks and comments
  sqlite3_finalize(second);
  throw usage_error("more than one statement in the SQL: use execute_script()", whole);
}

sqlite3_stmt* session::compile(std::string_view sql, unsigned flags, const char** tail, std::string_view whole) {
  // SQLite would stop at the NUL and run what is before it.
  if (sql.find('\0') != std::string_view::npos) throw usage_error("the SQL has a NUL byte in it", whole);
  const auto offset = whole.size() - sql.size();
  if (sql.size() > static_cast<std::size_t>(sqlite3_limit(handle_, SQLITE_LIMIT_SQL_LENGTH, -1)))
    throw_failure({SQLITE_TOOBIG, "the SQL is too long", std::string(whole)});
  if (sql.empty()) {
    *tail = sql.data();
    return nullptr;
  }
  sqlite3_stmt* compiled = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), flags, &compiled, tail);
  if (code != SQLITE_OK) fail(code, whole, offset);
  return compiled;
}

void session::release(statement_cache::position statement) noexcept {
  sqlite3_reset(statement->handle);
  sqlite3_clear_bindings(statement->handle);
  cache_.give_back(statement);
}

void session::bind(const statement& target, const parameters& values) {
  const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(target.handle));
  if (values.size() != expected) {
    throw usage_error("the statement takes " + std::to_string(expected) + " parameters, it was given " +
                          std::to_string(values.size()),
                      target.sql);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int code = bind_value(target.handle, static_cast<int>(i + 1), values[i]);
    if (code == SQLITE_OK) continue;
    throw_failure({code, "parameter " + std::to_string(i + 1) + ": " + sqlite3_errstr(code), target.sql});
  }
}

bool session::step(const statement& target) {
  if (stop_wanted()) throw_failure({SQLITE_INTERRUPT, "interrupted", target.sql});
  const int code = sqlite3_step(target.handle);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(code, target.sql);
  return false;
}

std::shared_ptr<const columns> session::columns_of(statement& target) {
  const int compiled_anew = sqlite3_stmt_status(target.handle, SQLITE_STMTSTATUS_REPREPARE, 0);
  if (target.columns && target.compiled_anew == compiled_anew) return target.columns;
  std::vector<column> list;
  const int count = sqlite3_column_count(target.handle);
  list.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    list.push_back({text_or_empty(sqlite3_column_name(target.handle, i)),
                    text_or_empty(sqlite3_column_decltype(target.handle, i))});
  }
  target.columns = std::make_shared<const columns>(std::move(list));
  target.compiled_anew = compiled_anew;
  return target.columns;
}

void session::run_script(std::string_view script) {
  require_open(script);
  auto rest = script;
  while (!rest.empty()) {
    const char* tail = nullptr;
    auto* compiled = compile(rest, 0, &tail, script);
    const auto text = rest.substr(0, static_cast<std::size_t>(tail - rest.data()));
    rest.remove_prefix(text.size());
    if (!compiled) continue;  // blanks and comments
    const statement owner(compiled, text);
    while (step(owner)) {
    }
  }
}

bool session::rollback() {
  require_open("rollback");
  if (sqlite3_get_autocommit(handle_) != 0) return false;
  // An interrupt lasts as long as any statement runs, and would stop the rollback too.
  for (auto* each = sqlite3_next_stmt(handle_, nullptr); each; each = sqlite3_next_stmt(handle_, each))
    sqlite3_reset(each);
  ++rollbacks_;
  rolling_back_ = true;
  int code = SQLITE_INTERRUPT;
  while (code == SQLITE_INTERRUPT && sqlite3_get_autocommit(handle_) == 0)
    code = sqlite3_exec(handle_, "rollback", nullptr, nullptr, nullptr);
  rolling_back_ = false;
  if (sqlite3_get_autocommit(handle_) == 0) fail(code, "rollback");
  return true;
}

// ---------------------------------------------------------------------------------------------------------------

void session::fail(int code, std::string_view sql, std::size_t offset) {
  error_details details{code, sqlite3_errmsg(handle_), std::string(sql)};
  if ((code & 0xff) == SQLITE_BUSY) {
    // A wait for a lock that interrupt() has ended comes back as "busy".
    if (stop_wanted())
      throw_failure({SQLITE_INTERRUPT, "interrupted while waiting for a lock", std::move(details.sql)});
    details.message += " (the busy timeout is " + std::to_string(busy_timeout_.count()) + " ms)";
  }
  if ((code & 0xff) == SQLITE_ERROR) {
    const int position = sqlite3_error_offset(handle_);
    if (position >= 0) details.position = offset + static_cast<std::size_t>(position);
  }
  throw_failure(std::move(details));
}

bool session::stop_wanted() const noexcept { return interrupted_.load(std::memory_order_relaxed) && !rolling_back_; }

void session::interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  interrupted_.store(true, std::memory_order_relaxed);
  // on_progress() alone would do; this also reaches long work between two of SQLite's steps, a sort for example.
  if (handle_) sqlite3_interrupt(handle_);
  interrupted_changed_.notify_all();
}

void session::reset_interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  interrupted_.store(false, std::memory_order_relaxed);
}

int session::on_progress(void* self) noexcept { return static_cast<session*>(self)->stop_wanted() ? 1 : 0; }

int session::on_busy(void* self, int count) noexcept {
  return static_cast<session*>(self)->wait_for_lock(count == 0) ? 1 : 0;
}

// In place of sqlite3_busy_timeout(), whose sleep nothing can end. True: try the lock again.
bool session::wait_for_lock(bool first) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (first) busy_until_ = now + busy_timeout_;
  if (now >= busy_until_ || stop_wanted()) return false;
  // Short at first, since most locks are held for a commit; then an eighth of what has passed, at most 50 ms.
  const auto passed = busy_timeout_ - std::chrono::duration_cast<std::chrono::milliseconds>(busy_until_ - now);
  const auto pause = std::clamp(passed / 8, std::chrono::milliseconds(1), std::chrono::milliseconds(50));
  std::unique_lock lock(mutex_);
  interrupted_changed_.wait_until(lock, std::min(busy_until_, now + pause), [this] { return stop_wanted(); });
  return !stop_wanted();
}

}  // namespace eddy::sqlite::detail
