// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "eddy/db/sqlite/columns.hpp"
#include "eddy/db/sqlite/detail/statement_cache.hpp"
#include "eddy/db/sqlite/options.hpp"
#include "eddy/db/sqlite/parameters.hpp"

namespace eddy::sqlite::detail {

/// The open connection behind a database and its cursors, which share it: a cursor that outlives its database finds
/// a closed session, not a dangling one.
///
/// Invariants:
/// 1. handle_ is null once the session is closed; then no statement exists any more and the cache is empty.
/// 2. A statement is either in the cache's idle list (reset, nothing bound) or in use by exactly one owner.
/// 3. Only interrupt(), reset_interrupt() and the members they touch may be used from another thread.
class session {
 public:
  session(const std::string& path, const open_options& options);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return handle_ != nullptr; }
  void close() noexcept;

  /// A statement for the only SQL statement in `sql`, from the cache or new. Give it back with release().
  statement_cache::position prepare(std::string_view sql);
  void release(statement_cache::position statement) noexcept;

  /// Binds without copying: `values` stays where it is until the statement is released.
  void bind(const statement& target, const parameters& values);

  /// Runs to the next row (true) or to the end (false).
  bool step(const statement& target);

  /// The columns as they are after the first step, which may have compiled the statement anew.
  std::shared_ptr<const columns> columns_of(statement& target);

  /// Runs all statements of a script.
  void run_script(std::string_view script);

  /// Rolls back, whatever runs and whether or not somebody has interrupted; false when nothing was open.
  bool rollback();
  /// Changes with every rollback: a cursor from before it has lost its ground.
  [[nodiscard]] std::uint64_t rollbacks() const noexcept { return rollbacks_; }

  void interrupt() noexcept;
  void reset_interrupt() noexcept;

  [[nodiscard]] sqlite3* handle() const noexcept { return handle_; }
  [[nodiscard]] const statement_cache& cache() const noexcept { return cache_; }

  /// @throws usage_error  The session is closed.
  void require_open(std::string_view sql) const;

 private:
  void configure(const std::string& path, const open_options& options);
  void pragma(const char* sql);
  void use_write_ahead_log();
  sqlite3_stmt* compile(std::string_view sql, unsigned flags, const char** tail, std::string_view whole);
  void refuse_second_statement(std::string_view tail, std::string_view whole);
  [[noreturn]] void fail(int code, std::string_view sql, std::size_t offset = 0);
  [[nodiscard]] bool stop_wanted() const noexcept;
  bool wait_for_lock(bool first) noexcept;
  static int on_busy(void* self, int count) noexcept;
  static int on_progress(void* self) noexcept;

  sqlite3* handle_ = nullptr;  // written under mutex_, since interrupt() reads it
  statement_cache cache_;
  std::uint64_t rollbacks_ = 0;
  bool rolling_back_ = false;  // while set, nothing is interrupted
  std::chrono::milliseconds busy_timeout_;
  std::chrono::steady_clock::time_point busy_until_{};

  std::mutex mutex_;
  std::condition_variable interrupted_changed_;  // wakes the wait for a lock
  // Set by interrupt() on any thread, under mutex_ (so that the wait cannot miss it); read without it while SQLite
  // computes. Nothing else is published through it, hence relaxed.
  std::atomic<bool> interrupted_{false};
};

}  // namespace eddy::sqlite::detail
