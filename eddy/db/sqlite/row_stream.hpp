// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/db/sqlite/parameters.hpp"
#include "eddy/db/sqlite/row.hpp"

namespace eddy::sqlite {

namespace detail {
class access;
class stream_state;
}  // namespace detail

/// The rows of a query, one after the other: `while (auto row = co_await rows.next())`, or `for_each(rows, f)`.
///
/// The connection's thread reads them in batches, at most one ahead. The query starts with the first next(). From then
/// until the last row, or the stream's end, it holds a read transaction, which keeps the write-ahead log from
/// shrinking.
///
/// **Lifetime.** May outlive its connection, and then fails. Dropping it ends the query, also one that is computing.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `async with db.execute(sql) as cursor: async for row in cursor`.
class row_stream {
 public:
  row_stream(std::shared_ptr<detail::access> through, std::string sql, parameters values);
  row_stream(row_stream&&) noexcept;
  row_stream& operator=(row_stream&&) noexcept;
  ~row_stream();

  class next_operation;

  /// Waits for the next row. @returns nothing when there are no more.
  ///
  /// @throws sqlite::error  The query failed; rows that came before the failure have been given. Then it is at its end.
  ///
  /// **Cancellation.** A cancellation point. Atomic: a next() that was cancelled took no row; what the thread was
  /// computing for it waits for the next call.
  [[nodiscard]] next_operation next() const;

 private:
  std::shared_ptr<detail::stream_state> state_;
};

class [[nodiscard]] row_stream::next_operation final : public eddy::detail::leaf<next_operation>,
                                                       public eddy::detail::list_hook {
 public:
  explicit next_operation(std::shared_ptr<detail::stream_state> stream) noexcept;
  next_operation(next_operation&&) = default;

  bool try_complete();
  void begin();
  bool take_back() noexcept;
  std::optional<row> await_resume() {
    if (error_) std::rethrow_exception(eddy::detail::exchanged(error_, nullptr));
    return std::move(row_);
  }
  std::string describe() const override;

 private:
  friend class detail::stream_state;
  void answered() noexcept { context_->completed(); }

  std::shared_ptr<detail::stream_state> stream_;
  std::optional<row> row_;
  std::exception_ptr error_;
};

}  // namespace eddy::sqlite
