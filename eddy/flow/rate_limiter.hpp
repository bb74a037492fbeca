// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "eddy/base/errors.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// So many permits a period, and how many of them may be used at once: `per_second(100).burst(10)`.
class rate {
 public:
  /// @param permits  At least 1.  @param period  Above zero.
  rate(std::uint32_t permits, std::chrono::nanoseconds period);

  /// Permits that may have been saved up when nobody asked for any. Default 1: evenly spaced.
  rate& burst(std::uint32_t permits);

 private:
  friend class rate_limiter;
  std::uint32_t permits_;
  std::uint32_t burst_ = 1;
  std::chrono::nanoseconds period_;
};

inline rate per_second(std::uint32_t permits) { return {permits, std::chrono::seconds(1)}; }
inline rate per_minute(std::uint32_t permits) { return {permits, std::chrono::minutes(1)}; }

/// Lets no more than so many a second pass: `rate_limiter limit(per_second(100).burst(10)); co_await limit.acquire();`.
///
/// It begins with a full burst. Fair: first come, first served; who asks for many is not overtaken by who asks for few.
/// Exact over time: the rate does not drift, also when periods do not divide evenly, and a late wake-up is made good as
/// far as one permit (after a longer standstill of the loop a burst passes, not all that was missed). In any time `t`
/// at most `burst + 1 + t * rate` permits are given out. It must outlive its waiters.
///
/// To limit how many run at once choose `semaphore`.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** A `sleep` by hand, or aiolimiter.
class rate_limiter final : private detail::timer {
 public:
  explicit rate_limiter(rate limit);
  rate_limiter(std::uint32_t permits, std::chrono::nanoseconds period) : rate_limiter(rate(permits, period)) {}
  rate_limiter(const rate_limiter&) = delete;
  rate_limiter& operator=(const rate_limiter&) = delete;
  ~rate_limiter();

  class acquire_operation;
  /// Waits until `permits` more may pass.
  ///
  /// @param permits  From 1 to the burst.
  /// @throws misuse_error  More than the burst: they would never be there at once.
  ///
  /// **Cancellation.** A cancellation point. Atomic: cancelled means that nothing was used up.
  [[nodiscard]] acquire_operation acquire(std::uint32_t permits = 1);
  /// Takes them if they are there and nobody waits. @returns whether it did.
  bool try_acquire(std::uint32_t permits = 1);

  struct statistics_type {
    std::size_t waiting;      // tasks
    std::uint32_t available;  // permits that are there now
    std::uint64_t granted;    // permits, since it was made
    time_point next;          // when the first in the queue gets its permits; without a queue, when there is one
  };
  statistics_type statistics() const;

 private:
  // A moment, exact to 1/permits of a nanosecond.
  struct moment {
    time_point whole{};
    std::uint64_t part = 0;  // of a nanosecond, in 1/permits
  };
  moment later(moment from, std::uint32_t permits) const noexcept;
  time_point due_at(std::uint32_t permits) const noexcept;
  void check(std::uint32_t permits) const;
  void use(std::uint32_t permits, time_point idle_before) noexcept;
  void schedule() noexcept;
  void due() noexcept override;

  std::uint32_t permits_;
  std::uint32_t burst_;
  std::chrono::nanoseconds interval_;  // between two permits, rounded down
  std::uint64_t interval_part_;        // the rest of it, in 1/permits of a nanosecond
  moment full_{time_point::min(), 0};  // when the saved-up permits are (or were) whole again
  detail::intrusive_list<acquire_operation> waiters_;
  detail::scheduler* scheduler_ = nullptr;  // of who waits
  std::uint64_t granted_ = 0;
};

class rate_limiter::acquire_operation final : public detail::waiter<acquire_operation> {
 public:
  acquire_operation(rate_limiter& limiter, std::uint32_t permits) noexcept : limiter_(&limiter), permits_(permits) {}
  acquire_operation(acquire_operation&&) = default;

  bool try_complete() { return limiter_->try_acquire(permits_); }
  void begin();
  bool take_back() noexcept;
  void await_resume() const noexcept {}
  std::string describe() const override { return "rate_limiter::acquire"; }

 private:
  friend class rate_limiter;
  rate_limiter* limiter_;
  std::uint32_t permits_;
};

}  // namespace eddy
