// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>

#include "eddy/base/errors.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy {

namespace detail {

class sleep_operation final : public leaf<sleep_operation>, private timer {
 public:
  explicit sleep_operation(std::chrono::nanoseconds duration) noexcept : absolute_(false), time_(duration) {}
  explicit sleep_operation(time_point deadline) noexcept : absolute_(true), time_(deadline.time_since_epoch()) {}
  sleep_operation(sleep_operation&&) = default;

  bool try_complete() const noexcept { return false; }  // also a sleep of nothing lets the others run
  void begin() {
    if (!absolute_ && time_.count() <= 0)
      context_->completed();
    else
      begin_waiting();
  }
  bool take_back() noexcept {
    context_->scheduler().timers.cancel(*this);
    return true;
  }
  void await_resume() const noexcept {}
  std::string describe() const override { return absolute_ ? "sleep_until" : "sleep(" + format_duration(time_) + ")"; }

 private:
  void due() noexcept override { context_->completed(); }
  void begin_waiting();

  bool absolute_;
  std::chrono::nanoseconds time_;  // a duration; when it is absolute, since the clock's epoch
};

class checkpoint_operation final : public leaf<checkpoint_operation> {
 public:
  checkpoint_operation() = default;
  checkpoint_operation(checkpoint_operation&&) = default;

  bool try_complete() const noexcept { return true; }
  void begin() const noexcept {}
  bool take_back() const noexcept { return true; }
  void await_resume() const noexcept {}
  std::string describe() const override { return "checkpoint"; }
};

}  // namespace detail

/// Waits for `duration`; other tasks run meanwhile. Zero or less lets every ready task have its turn once.
///
/// Never use std::this_thread::sleep_for in a coroutine: it stops the whole loop.
///
/// **Cancellation.** A cancellation point; ends the wait at once.
/// **Complexity.** No allocation; O(log n) in the number of timers.
/// **In asyncio.** `sleep(seconds)`.
[[nodiscard]] inline detail::sleep_operation sleep(std::chrono::nanoseconds duration) noexcept {
  return detail::sleep_operation(duration);
}

/// Waits until the loop's clock (`eddy::now()`) has reached `deadline`; one in the past is as sleep(0s).
///
/// For a steady rhythm: the deadlines add up exactly, where pauses would add the time of the work between them.
///
/// **Cancellation.** As sleep().
[[nodiscard]] inline detail::sleep_operation sleep_until(time_point deadline) noexcept {
  return detail::sleep_operation(deadline);
}

/// A cancellation point for loops that wait for nothing: unwinds here when cancelled, and lets others run now and then.
///
/// **Complexity.** A few instructions as a rule; every so often a turn of the loop.
/// **In asyncio.** `sleep(0)`, which gives up its turn every time.
[[nodiscard]] inline detail::checkpoint_operation checkpoint() noexcept { return {}; }

}  // namespace eddy
