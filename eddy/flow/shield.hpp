// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "eddy/flow/single_scope.hpp"

namespace eddy {

namespace detail {

template <class T, class Make>
class shield_operation final : public single_scope<T, Make> {
 public:
  using single_scope<T, Make>::single_scope;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    return this->start(frame, true);
  }
  T await_resume() { return this->take_result(); }
  void on_cancel(cancellation& c) noexcept override {
    if (c.lifts_shields()) c.add(*this->branch_);
  }
  std::string describe() const override { return "shield"; }
};

}  // namespace detail

/// Awaits `a`, an awaitable or a callable that makes one, protected from the caller's cancellation.
///
/// `a` completes first; then its value is delivered and the cancellation takes effect at the caller's next await.
/// Nothing outlives the await. To stop waiting and leave a task running, await its handle instead.
///
/// @returns the value of `a`.  @throws what `a` throws.
///
/// **Cancellation.** Not a cancellation point, until the grace period is over: then shields are lifted once.
/// **In asyncio.** `shield(aw)`; there the caller is torn off and the rest runs on unattended.
template <class A>
[[nodiscard]] auto shield(A&& a) {
  EDDY_CHECK_CLOSURE(A);
  using make = detail::make_of<A>;
  return detail::shield_operation<detail::made_value<make>, make>(detail::as_make(std::forward<A>(a)));
}

}  // namespace eddy
