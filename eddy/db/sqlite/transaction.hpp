// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include "eddy/base/outcome.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/db/sqlite/database.hpp"

namespace eddy::sqlite {

class connection;

namespace detail {
class access;
}

/// A transaction to be used with `with`: `co_await with(db.transaction(), [&](sqlite::connection& tx) -> coro<> { ...
/// })`.
///
/// A body that ends with a value commits; an exception or a cancellation rolls back, and then goes on.
/// `tx.transaction()` inside of it is a savepoint. Until it ends, whoever else uses the connection waits, first come,
/// first served; using it inside the body instead of `tx` is a misuse_error.
///
/// When SQLite itself has rolled the transaction back (a full disk, a change that was interrupted), whatever else is
/// tried through `tx` fails, and so does the commit: nothing slips out of the transaction.
///
/// **Cancellation.** Beginning is atomic. Commit and rollback are part of the clean-up: shielded, until the grace
/// period is over. A transaction that was left without either is rolled back by the connection's thread.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `async with conn.transaction()` of asyncpg; aiosqlite has only commit() and rollback().
class transaction {
 public:
  transaction(std::shared_ptr<detail::access> outer, transaction_kind kind) noexcept;
  transaction(transaction&&) noexcept;
  transaction& operator=(transaction&&) = delete;
  ~transaction();

  /// Begins. @returns the connection to use inside.
  /// @throws busy_error  Another connection has held the write lock for longer than the busy timeout.
  coro<connection&> aenter();
  /// Commits or rolls back.
  /// @throws busy_error, constraint_error (a deferred one), ...  The commit failed; everything has been rolled back.
  coro<> aexit(const outcome<>& how);

  /// What aenter() gave.
  connection& inside() const noexcept { return *inside_; }

 private:
  void abandon() noexcept;

  std::shared_ptr<detail::access> outer_;
  std::shared_ptr<detail::access> inner_;   // from begin to the end
  eddy::detail::owned<connection> inside_;  // for the body, which may move it away
  transaction_kind kind_;
};

}  // namespace eddy::sqlite
