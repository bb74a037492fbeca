// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/db/sqlite/cursor.hpp"
#include "eddy/db/sqlite/detail/access.hpp"
#include "eddy/db/sqlite/row_stream.hpp"

namespace eddy::sqlite::detail {

/// What a row_stream, those that wait for it and the thread share: also the job that fetches its next batch.
///
/// A waiter that is cancelled simply leaves: the batch goes on in here, so nothing is lost and nobody has to wait for
/// it.
///
/// Invariants: (1) it is idle, or waits at the gate, or is out; (2) cursor_, batch_, failure_ and at_end_ belong to the
/// thread while it is out, else to the loop, except that an open cursor is only ever touched by the thread; (3) waiters
/// wait only while there is no row, and then it is not idle.
class stream_state final : public gated_job, public std::enable_shared_from_this<stream_state> {
 public:
  stream_state(std::shared_ptr<access> through, std::string sql, parameters values)
      : access_(std::move(through)), sql_(std::move(sql)), values_(std::move(values)) {}

  /// Gives what can be given at once: a row, the end, or the failure. @returns false when it has to wait.
  bool answer(row_stream::next_operation& asks);
  void wait(row_stream::next_operation& asks, const context& c);
  /// The stream is gone: ends the query.
  void drop() noexcept;

  std::string describe() const;

 private:
  enum class place : unsigned char { idle, gate, out };

  void request();
  bool send() noexcept;
  void serve_waiters() noexcept;
  void perform(database* db, const std::exception_ptr& why) noexcept override;
  void read_batch(database& db);
  void run() noexcept override;
  void admitted() noexcept override;
  void refused() noexcept override;
  void close_cursor() noexcept;

  std::shared_ptr<access> access_;
  std::string sql_;
  parameters values_;
  std::optional<cursor> cursor_;
  std::vector<row> batch_;
  std::exception_ptr failure_;
  std::size_t batch_rows_ = 16;  // grows, so that who wants one row does not wait for many
  bool at_end_ = false;
  bool broken_ = false;
  bool closing_ = false;  // set before it goes out for the last time: only to close the cursor

  std::deque<row> rows_;
  eddy::detail::intrusive_list<row_stream::next_operation> waiters_;
  std::shared_ptr<stream_state> self_;  // while it is not idle
  place place_ = place::idle;
  bool dropped_ = false;
};

}  // namespace eddy::sqlite::detail
