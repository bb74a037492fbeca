// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/coro/branch.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/db/sqlite/database.hpp"
#include "eddy/db/sqlite/detail/job_operation.hpp"
#include "eddy/db/sqlite/detail/work.hpp"
#include "eddy/db/sqlite/row_stream.hpp"
#include "eddy/db/sqlite/transaction.hpp"

namespace eddy::sqlite {

class pool;
class pool_rows;

namespace detail {
class pool_state;
}

/// A connection to an SQLite database, on a thread of its own: `auto db = co_await sqlite::open("a.db");`.
///
/// For a file that several tasks read and write choose a pool: here each statement waits for the one before. The
/// functions are those of `database`, to be awaited; SQL, parameters and results are as described there. Conversions of
/// rows to types
/// (`fetch_as`) run on the connection's thread.
///
/// While a transaction is open, statements outside of it wait for its end.
///
/// **Cancellation.** Every call is a cancellation point and atomic: a statement that is cancelled while it runs is
/// interrupted, without an effect; if it was done by then, its result is delivered. Inside a transaction, SQLite takes
/// the whole transaction back when it interrupts a change. execute_script() is progressive.
/// **Lifetime.** Operations keep what they need. The destructor never blocks: it interrupts what runs, fails what waits
/// (usage_error), and leaves the closing to the thread, which the loop joins at its end at the latest. close() waits.
/// **Thread safety.** Only on the loop that opened it; another gets wrong_thread.
/// **In asyncio.** `aiosqlite.Connection`.
class connection {
 public:
  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;
  ~connection();

  using execute_operation = detail::job_operation<detail::execute_work>;
  using fetch_operation = detail::job_operation<detail::fetch_work>;
  using fetch_one_operation = detail::job_operation<detail::fetch_one_work>;
  using script_operation = detail::job_operation<detail::script_work>;
  using close_operation = detail::job_operation<detail::close_work>;

  /// Runs one statement to its end; rows that it gives are dropped. @returns changes and the last inserted rowid.
  template <class... Args>
  [[nodiscard]] execute_operation execute(std::string_view sql, Args&&... args) {
    return {access_, statement<detail::execute_work>(sql, std::forward<Args>(args)...)};
  }
  /// All rows. For a result that may be large choose rows().
  template <class... Args>
  [[nodiscard]] fetch_operation fetch(std::string_view sql, Args&&... args) {
    return {access_, statement<detail::fetch_work>(sql, std::forward<Args>(args)...)};
  }
  /// The first row; nothing when there is none.
  template <class... Args>
  [[nodiscard]] fetch_one_operation fetch_one(std::string_view sql, Args&&... args) {
    return {access_, statement<detail::fetch_one_work>(sql, std::forward<Args>(args)...)};
  }
  /// All rows as T: a described struct, a std::tuple or a single value; see row_reader.
  template <row_type T, class... Args>
  [[nodiscard]] detail::job_operation<detail::fetch_as_work<T>> fetch_as(std::string_view sql, Args&&... args) {
    return {access_, statement<detail::fetch_as_work<T>>(sql, std::forward<Args>(args)...)};
  }
  /// The first row as T; nothing when there is none.
  template <row_type T, class... Args>
  [[nodiscard]] detail::job_operation<detail::fetch_one_as_work<T>> fetch_one_as(std::string_view sql, Args&&... args) {
    return {access_, statement<detail::fetch_one_as_work<T>>(sql, std::forward<Args>(args)...)};
  }
  /// The rows as a stream, read in batches.
  template <class... Args>
  [[nodiscard]] row_stream rows(std::string_view sql, Args&&... args) {
    return row_stream(access_, std::string(sql), detail::to_parameters(std::forward<Args>(args)...));
  }
  /// Runs all statements of a script; they take no parameters. When one fails or is cancelled those before have had
  /// their effect: inside a transaction it is all or nothing.
  [[nodiscard]] script_operation execute_script(std::string_view sql);

  /// A transaction, or inside of one a savepoint, for `with`.
  ///
  /// @param kind  When it takes its locks. Immediate suits whatever writes; a savepoint does not care.
  [[nodiscard]] sqlite::transaction transaction(transaction_kind kind = transaction_kind::immediate) const;

  /// Runs `f(database&)` on the connection's thread, as one job: for what the functions above do not offer.
  ///
  /// `f` must not touch what other threads use. It is kept until the thread has let go of it.
  template <class F>
  [[nodiscard]] detail::job_operation<std::decay_t<F>> run(F&& f) {
    EDDY_CHECK_CLOSURE(F);
    return {access_, std::forward<F>(f)};
  }

  /// Closes the file when what was asked before is done, transactions included. Closing twice is fine. Inside a
  /// transaction it is a usage_error.
  ///
  /// **Cancellation.** A cancellation point; when it is cancelled before its turn nothing has been closed.
  coro<> close();
  /// False once it was closed or moved from. A transaction's is open until the transaction's end.
  [[nodiscard]] bool is_open() const noexcept;
  /// Whether it can be relied on: open, and without a failure (damaged file, I/O) after which it is better replaced.
  [[nodiscard]] bool is_healthy() const noexcept;

 private:
  friend coro<connection> open(std::string path, open_options options);
  friend class sqlite::transaction;
  friend class detail::pool_state;
  friend class pool;
  friend class pool_rows;

  explicit connection(std::shared_ptr<detail::access> through) noexcept;
  static coro<connection> open_here(std::string path, open_options options, bool pooled);
  void abort() noexcept;

  template <class Work>
  detail::job_operation<Work> job(Work work) {
    return {access_, std::move(work)};
  }
  template <class Work, class... Args>
  static Work statement(std::string_view sql, Args&&... args) {
    return Work(std::string(sql), detail::to_parameters(std::forward<Args>(args)...));
  }

  std::shared_ptr<detail::access> access_;
};

/// Opens a file, or a private database in memory (":memory:"), on a thread of its own.
///
/// @throws open_error, corrupt_error, read_only_error, busy_error  As database's constructor.
/// @throws std::system_error  There can be no further thread.
///
/// **Cancellation.** A cancellation point; the thread then ends by itself.
/// **In asyncio.** `aiosqlite.connect(path)`.
coro<connection> open(std::string path, open_options options = open_options());

}  // namespace eddy::sqlite
