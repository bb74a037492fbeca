// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/db/sqlite/detail/lease.hpp"

namespace eddy::sqlite {

/// What a pool is doing; see pool::statistics().
struct pool_statistics {
  std::size_t connections = 0;  ///< open
  std::size_t readers_in_use = 0;
  bool writer_in_use = false;
  std::size_t readers_waiting = 0;  ///< tasks that wait for a connection that reads
  std::size_t writers_waiting = 0;  ///< tasks that wait for the one that writes
  std::size_t replaced = 0;         ///< connections closed since they had failed
  std::size_t timed_out = 0;        ///< waits that reached the limit
};

/// A pool's transaction, for `with`; see pool::transaction().
class pool_transaction {
 public:
  pool_transaction(std::shared_ptr<detail::pool_state> pool, transaction_kind kind) noexcept;
  pool_transaction(pool_transaction&&) noexcept;
  ~pool_transaction();

  coro<connection&> aenter();
  coro<> aexit(const outcome<>& how);

 private:
  void let_go() noexcept;

  std::shared_ptr<detail::pool_state> pool_;
  transaction_kind kind_;
  struct parts;
  eddy::detail::owned<parts> parts_;  // from aenter() to the end
};

/// The rows of a query through a pool: a row_stream that keeps a connection from its first next() to its last row.
class pool_rows {
 public:
  pool_rows(std::shared_ptr<detail::pool_state> pool, std::string sql, parameters values);
  pool_rows(pool_rows&&) noexcept;
  ~pool_rows();

  /// The next row; nothing when there are no more.
  ///
  /// @throws as row_stream::next(); timeout_error  No connection was free within the pool's wait limit.
  ///
  /// **Cancellation.** As row_stream::next(): no row is lost.
  coro<std::optional<row>> next();

 private:
  struct state;
  static coro<std::optional<row>> next_of(std::shared_ptr<state> rows);

  std::shared_ptr<state> state_;
};

/// The connections of a program to one SQLite file: one that writes, and some that read beside it.
///
/// `auto db = co_await sqlite::pool("a.db").readers(4);`, or `with(sqlite::pool("a.db"), [&](sqlite::pool& db) ...)`,
/// or simply an object that lives long enough. Connections are opened when they are first needed. A statement that only
/// reads and gives rows goes to a reader, everything else to the writer, so that nobody meets a lock inside the
/// program. Within the file's write-ahead log readers never wait for the writer. Each statement stands for itself: for
/// several together use transaction(); `changes()` and `last_insert_rowid()` in SQL have no meaning here, use what
/// execute() returns. A database in memory (":memory:") has one connection for all.
///
/// A connection that fails hard (a damaged file, I/O) is closed and replaced at the next use.
///
/// **Fairness.** First come, first served, among readers and among writers; who waits longer than wait_limit() gets a
/// timeout_error that says what was in use.
/// **Cancellation.** Every call is a cancellation point and atomic, as a connection's.
/// **Lifetime.** Calls keep what they need. The destructor aborts: waiting tasks fail, idle connections close, those in
/// use when they come back. close(), and the end of `with`, wait for idle connections to be closed.
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `aiosqlitepool`, `asyncpg.create_pool`.
class pool {
 public:
  explicit pool(std::string path);
  pool(pool&&) noexcept;
  pool& operator=(pool&&) noexcept;
  ~pool();

  /// Connections that only read: 1 or more; default 4. Before the first use, like all settings.
  pool&& readers(std::size_t count) &&;
  /// How long a task waits for a connection; default 30 s.
  pool&& wait_limit(std::chrono::nanoseconds limit) &&;
  /// How connections are opened.
  pool&& options(const open_options& how) &&;

  /// Opens the connection that writes, to learn of failures now. @returns the pool.
  coro<pool>::awaiter operator co_await() &&;

  /// The same when it is used with `with`.
  coro<> aenter();
  coro<> aexit();

  /// Runs one statement; see connection::execute().
  template <class... Args>
  coro<execute_result> execute(std::string_view sql, Args&&... args) {
    return route(shared(), work<detail::execute_work>(sql, std::forward<Args>(args)...));
  }
  template <class... Args>
  coro<std::vector<row>> fetch(std::string_view sql, Args&&... args) {
    return route(shared(), work<detail::fetch_work>(sql, std::forward<Args>(args)...));
  }
  template <class... Args>
  coro<std::optional<row>> fetch_one(std::string_view sql, Args&&... args) {
    return route(shared(), work<detail::fetch_one_work>(sql, std::forward<Args>(args)...));
  }
  template <row_type T, class... Args>
  coro<std::vector<T>> fetch_as(std::string_view sql, Args&&... args) {
    return route(shared(), work<detail::fetch_as_work<T>>(sql, std::forward<Args>(args)...));
  }
  template <row_type T, class... Args>
  coro<std::optional<T>> fetch_one_as(std::string_view sql, Args&&... args) {
    return route(shared(), work<detail::fetch_one_as_work<T>>(sql, std::forward<Args>(args)...));
  }
  /// The rows as a stream. It keeps a connection until its last row: read it to the end, or drop it.
  template <class... Args>
  [[nodiscard]] pool_rows rows(std::string_view sql, Args&&... args) {
    return pool_rows(shared(), std::string(sql), detail::to_parameters(std::forward<Args>(args)...));
  }
  /// Runs a script on the writer; see connection::execute_script().
  coro<> execute_script(std::string_view sql);

  /// A transaction on the writer, for `with`. Nobody else writes through the pool until it ends; readers go on.
  [[nodiscard]] pool_transaction transaction(transaction_kind kind = transaction_kind::immediate);

  /// Fails who waits, and closes the connections: idle ones before it returns, those in use when they come back.
  coro<> close();

  pool_statistics statistics() const;

 private:
  template <class Work, class... Args>
  static Work work(std::string_view sql, Args&&... args) {
    return Work(std::string(sql), detail::to_parameters(std::forward<Args>(args)...));
  }
  template <class Work>
  static coro<std::invoke_result_t<Work&, database&>> route(std::shared_ptr<detail::pool_state> state, Work w);
  static coro<> run_script(std::shared_ptr<detail::pool_state> state, std::string sql);
  static coro<pool> opened(pool self);

  const std::shared_ptr<detail::pool_state>& shared();
  void check_unused(const char* what) const;

  std::string path_;
  open_options options_;
  std::size_t readers_ = 4;
  std::chrono::nanoseconds wait_limit_ = std::chrono::seconds(30);
  std::shared_ptr<detail::pool_state> state_;  // made at the first use
};

// ---------------------------------------------------------------------------------------------------------------------

template <class Work>
coro<std::invoke_result_t<Work&, database&>> pool::route(std::shared_ptr<detail::pool_state> state, Work w) {
  if (detail::first_choice(*state, w.sql) == detail::role::reader) {
    auto reader = co_await detail::acquire(*state, detail::role::reader);
    auto done = co_await reader->job(detail::reading_work<Work>(w));
    if (done.has_value()) {
      co_return *std::move(done);
    }
    detail::remember(*state, w.sql, detail::role::writer);
  }
  auto writer = co_await detail::acquire(*state, detail::role::writer);
  auto result = co_await writer->job(std::move(w));
  co_return result;
}

}  // namespace eddy::sqlite
