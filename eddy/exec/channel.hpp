// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "eddy/exec/detail/channel_wait.hpp"

namespace eddy {

/// Hands items between tasks of different loops, and plain threads, first in, first out.
///
/// Bounded: a sender waits while it is full. Any number of senders and receivers, anywhere; each item goes to exactly
/// one receiver. Among the tasks of one loop a `queue` does the same for less. This object is a handle: copies share
/// the channel, and whoever uses it keeps a copy, so that nobody has to know who is the last.
///
/// **Cancellation.** Every wait is atomic: an item was received and is delivered, or is still inside; one that was not
/// sent is as it was. A cancelled receiver whose item is already on its way from another thread waits for that moment
/// and gets it. A loop that ends loses nothing.
/// **Thread safety.** Any thread. `co_await` on loops; the `_blocking` forms on threads that run none.
/// **Fairness.** First come, first served, over all threads.
/// **Complexity.** A short lock each; memory for `capacity` items from the start, and no allocation afterwards.
/// **In asyncio.** Nothing; between threads `queue.Queue` with `run_in_executor`.
template <class T>
class channel {
 public:
  using value_type = T;
  using receive_operation = detail::channel_operation<detail::receive_case<T>>;
  using send_operation = detail::channel_operation<detail::send_case<T>>;
  using statistics_type = detail::channel_statistics;

  /// @param capacity  Items that it holds at most; 1 or more. Their moves must not throw.  @throws misuse_error
  explicit channel(std::size_t capacity) : core_(std::make_shared<detail::channel_core<T>>(capacity)) {}

  // -- in coroutines; this handle has to live until the await is over
  // ---------------------------------------------------

  /// Waits for room and sends. An rvalue is borrowed, and moved from only when it is sent.
  /// @throws closed_error  It was closed; the item is as it was.
  [[nodiscard]] send_operation send(T&& item) { return send_operation({*core_, std::move(item)}); }
  [[nodiscard]] send_operation send(const T& item) { return send_operation({*core_, item}); }
  /// Waits for an item. @returns nothing once the channel is closed and empty.
  [[nodiscard]] receive_operation receive() { return receive_operation(detail::receive_case<T>(*core_)); }
  /// The same; so that `for_each(channel, f)` works.
  [[nodiscard]] receive_operation next() { return receive(); }

  // -- on threads that run no loop; misuse_error on one that does
  // -------------------------------------------------------

  /// Waits for room and sends. @throws closed_error
  void send_blocking(T&& item) { send_on_thread({*core_, std::move(item)}, std::nullopt); }
  void send_blocking(const T& item) { send_on_thread({*core_, item}, std::nullopt); }
  /// The same for at most `limit`. @throws timeout_error, closed_error  Then an rvalue is as it was.
  void send_blocking(T&& item, std::chrono::nanoseconds limit,
                     std::source_location where = std::source_location::current()) {
    if (!send_on_thread({*core_, std::move(item)}, limit)) throw timeout_error(limit, where, "channel::send");
  }
  void send_blocking(const T& item, std::chrono::nanoseconds limit,
                     std::source_location where = std::source_location::current()) {
    if (!send_on_thread({*core_, item}, limit)) throw timeout_error(limit, where, "channel::send");
  }
  /// Waits for an item. @returns nothing once the channel is closed and empty.
  std::optional<T> receive_blocking() {
    detail::receive_case<T> what(*core_);
    wait_on_thread("channel::receive_blocking", "receive()", what, std::nullopt);
    return what.result();
  }
  /// The same for at most `limit`. @throws timeout_error
  std::optional<T> receive_blocking(std::chrono::nanoseconds limit,
                                    std::source_location where = std::source_location::current()) {
    detail::receive_case<T> what(*core_);
    if (!wait_on_thread("channel::receive_blocking", "receive()", what, limit))
      throw timeout_error(limit, where, "channel::receive");
    return what.result();
  }

  // -- anywhere
  // -----------------------------------------------------------------------------------------------------------

  /// Sends if there is room. @returns whether it did; false too when it is closed, and then `item` is as it was.
  bool try_send(T&& item) { return try_now({*core_, std::move(item)}); }
  bool try_send(const T& item) { return try_now({*core_, item}); }
  /// Takes an item if there is one.
  std::optional<T> try_receive() {
    detail::receive_case<T> what(*core_);
    return what.try_now() ? what.result() : std::nullopt;
  }

  /// Nothing can be sent any more; what is inside can still be received. Senders that wait get closed_error, receivers
  /// nothing. Idempotent.
  void close() noexcept { core_->close(); }
  bool closed() const noexcept { return core_->closed(); }

  statistics_type statistics() const noexcept { return core_->statistics(); }

  friend bool operator==(const channel& a, const channel& b) noexcept { return a.core_ == b.core_; }

 private:
  using limit_type = std::optional<std::chrono::nanoseconds>;

  template <class Case>
  static bool wait_on_thread(const char* what, const char* instead, Case& for_this, limit_type limit) {
    detail::check_may_block(what, instead);
    detail::thread_claim::limit deadline;
    if (limit) {
      const auto now = std::chrono::steady_clock::now();
      const bool for_ever = *limit > std::chrono::steady_clock::time_point::max() - now;
      if (!for_ever) deadline = now + *limit;
    }
    return detail::wait_blocking(for_this, deadline);
  }
  static bool send_on_thread(detail::send_case<T> what, limit_type limit) {
    if (!wait_on_thread("channel::send_blocking", "send(item)", what, limit)) return false;
    (void)what.result();  // throws when it is closed
    return true;
  }
  static bool try_now(detail::send_case<T> what) { return what.try_now() && !what.closed(); }

  std::shared_ptr<detail::channel_core<T>> core_;
};

}  // namespace eddy
