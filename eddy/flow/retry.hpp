// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"

namespace eddy {

/// How `retry` goes about it: `retry_policy().attempts(5).base(100ms).cap(10s)`.
///
/// The pause before attempt n+1 is `base * 2^(n-1)`, at most `cap`, and with jitter a random part of that between half
/// and the whole of it, so that many clients do not come back at once.
class retry_policy {
 public:
  /// Attempts in all, the first included. Default 3; at least 1.
  retry_policy& attempts(unsigned count) {
    if (count == 0) throw misuse_error("retry_policy: at least one attempt");
    attempts_ = count;
    return *this;
  }
  /// The first pause. Default 100 ms.
  retry_policy& base(std::chrono::nanoseconds pause) {
    base_ = pause;
    return *this;
  }
  /// The longest pause. Default 30 s.
  retry_policy& cap(std::chrono::nanoseconds pause) {
    cap_ = pause;
    return *this;
  }
  /// Whether pauses vary. Default: they do.
  retry_policy& jitter(bool on) {
    jitter_ = on;
    return *this;
  }
  /// Time for all attempts and pauses. An attempt that still runs then is cancelled, which is a timeout_error; a pause
  /// that would reach it does not begin, the last error is thrown instead. Default: no limit.
  retry_policy& limit(std::chrono::nanoseconds total) {
    limit_ = total;
    return *this;
  }
  /// Time for each attempt; then it is cancelled, and has failed with a timeout_error. Default: no limit.
  retry_policy& attempt_limit(std::chrono::nanoseconds each) {
    attempt_limit_ = each;
    return *this;
  }
  /// Which errors are worth another attempt. Default: every exception but misuse_error.
  retry_policy& when(detail::function<bool(const std::exception_ptr&)> worth) {
    worth_ = std::move(worth);
    return *this;
  }
  /// Only errors of type `E`.
  template <class E>
  retry_policy& on() {
    return when([](const std::exception_ptr& error) {
      try {
        std::rethrow_exception(error);
      } catch (const E&) {
        return true;
      } catch (...) {
        return false;
      }
    });
  }
  /// A pause that the error itself asks for, such as a server's Retry-After; empty for the policy's own.
  retry_policy& pause_from(detail::function<std::optional<std::chrono::nanoseconds>(const std::exception_ptr&)> ask) {
    ask_ = std::move(ask);
    return *this;
  }

  // For retry(): the limits,
  std::optional<std::chrono::nanoseconds> limit() const noexcept { return limit_; }
  std::optional<std::chrono::nanoseconds> attempt_limit() const noexcept { return attempt_limit_; }
  /// and whether to go on after attempt `number` failed, and how long to wait.
  std::optional<std::chrono::nanoseconds> pause_after(unsigned number, const std::exception_ptr& error,
                                                      time_point begin) const;

 private:
  unsigned attempts_ = 3;
  std::chrono::nanoseconds base_ = std::chrono::milliseconds(100);
  std::chrono::nanoseconds cap_ = std::chrono::seconds(30);
  bool jitter_ = true;
  std::optional<std::chrono::nanoseconds> limit_;
  std::optional<std::chrono::nanoseconds> attempt_limit_;
  detail::function<bool(const std::exception_ptr&)> worth_;
  detail::function<std::optional<std::chrono::nanoseconds>(const std::exception_ptr&)> ask_;
};

namespace detail {

template <class F>
coro<called_result_t<F&>> one_attempt(F& f, std::optional<std::chrono::nanoseconds> limit, std::source_location where) {
  if (limit)
    co_return co_await timeout(*limit, std::ref(f), where);
  else
    co_return co_await make_coro(f);
}

template <class F>
coro<called_result_t<F&>> all_attempts(const retry_policy& policy, F& f, std::source_location where) {
  const time_point begin = now();
  for (unsigned number = 1;; ++number) {
    std::exception_ptr error;
    try {
      co_return co_await one_attempt(f, policy.attempt_limit(), where);
    } catch (...) {
      error = std::current_exception();
    }
    const auto pause = policy.pause_after(number, error, begin);
    if (!pause) std::rethrow_exception(error);
    co_await sleep(*pause);
  }
}

template <class F>
coro<called_result_t<F&>> retry_coro(retry_policy policy, F f, std::source_location where) {
  if (policy.limit())
    co_return co_await timeout(*policy.limit(), all_attempts(policy, f, where), where);
  else
    co_return co_await all_attempts(policy, f, where);
}

}  // namespace detail

/// Awaits `f()` until it succeeds, with growing pauses, as `policy` says; then the last error is thrown.
///
/// @param f  A callable that returns an awaitable, a new one for each attempt. Kept until the end.
/// @returns the value of the attempt that succeeded.
/// @throws the last error, with its own type; timeout_error when the policy's limit cuts an attempt off.
///
/// **Cancellation.** Ends at once, also in a pause.
/// **In asyncio.** A loop by hand, or tenacity.
template <class F>
[[nodiscard]] auto retry(retry_policy policy, F&& f, std::source_location where = std::source_location::current()) {
  EDDY_CHECK_CLOSURE(F);
  return detail::retry_coro<std::decay_t<F>>(std::move(policy), std::forward<F>(f), where);
}

}  // namespace eddy
