// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <source_location>
#include <string>
#include <utility>

#include "eddy/flow/single_scope.hpp"

namespace eddy {

namespace detail {

/// What a branch waits for at the bottom of its tree, for the text of a timeout_error.
std::string innermost_wait(const context& c);

/// A timer linked to a branch: no task, no frame.
template <class T, class Make>
class timeout_operation final : public single_scope<T, Make>, private timer {
 public:
  timeout_operation(Make make, std::chrono::nanoseconds limit, std::source_location where)
      : single_scope<T, Make>(std::move(make)), limit_(limit), where_(where) {}
  timeout_operation(timeout_operation&&) = default;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    detail::scheduler& s = this->context_->scheduler();
    s.timers.arm(*this, s.deadline_in(limit_));
    return this->start(frame);
  }
  T await_resume() {
    if (expired_ && this->result().cancelled()) throw timeout_error(limit_, where_, waited_for_);
    return this->take_result();
  }
  std::string describe() const override {
    return "timeout(" + format_duration(limit_) + ") set at " + format_place(where_);
  }

 private:
  std::coroutine_handle<> branch_ended(branch_base& ended) noexcept override {
    this->context_->scheduler().timers.cancel(*this);
    return single_scope<T, Make>::branch_ended(ended);
  }
  void due() noexcept override {
    expired_ = true;
    waited_for_ = innermost_wait(*this->branch_);
    cancellation going(this->context_->scheduler(), "limit of " + format_duration(limit_) + " reached");
    going.add(*this->branch_);
    going.run();
  }

  std::chrono::nanoseconds limit_;
  std::source_location where_;
  bool expired_ = false;
  std::string waited_for_;
};

}  // namespace detail

/// Awaits `a` for at most `limit`; then cancels it, waits until it has ended, and throws `timeout_error`.
///
/// A value that came all the same is delivered, and so is an exception. `a` is an awaitable.
///
/// @param limit  Zero or less cancels it at its first real wait.
/// @throws timeout_error  Names the limit, the line that set it, and what was waited for. Also what `a` throws.
///
/// **Cancellation.** Cancels `a` and waits for its clean-up. What was done by then depends on `a`'s class (atomic,
/// progressive, remote).
/// **Complexity.** One timer and one branch in the caller's frame; no task.
/// **In asyncio.** `wait_for(aw, seconds)`.
template <class A>
  requires detail::awaitable<std::remove_cvref_t<A>>
[[nodiscard]] auto wait_for(A&& a, std::chrono::nanoseconds limit,
                            std::source_location where = std::source_location::current()) {
  using make = detail::make_of<A>;
  return detail::timeout_operation<detail::made_value<make>, make>(detail::as_make(std::forward<A>(a)), limit, where);
}

/// Runs `body()` for at most `limit`: `co_await timeout(5s, [&]() -> coro<int> { ... })`.
///
/// As wait_for(), for a part of a function instead of one awaitable. `body` may capture by reference.
///
/// @returns the body's value.  @throws timeout_error, and what the body throws.
///
/// **In asyncio.** `async with timeout(seconds): ...`.
template <class F>
[[nodiscard]] auto timeout(std::chrono::nanoseconds limit, F&& body,
                           std::source_location where = std::source_location::current()) {
  EDDY_CHECK_CLOSURE(F);
  using make = detail::make_of<F>;
  return detail::timeout_operation<detail::made_value<make>, make>(detail::as_make(std::forward<F>(body)), limit,
                                                                   where);
}

}  // namespace eddy
