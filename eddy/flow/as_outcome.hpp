// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "eddy/flow/detail/outcome_of.hpp"
#include "eddy/flow/single_scope.hpp"

namespace eddy {

namespace detail {

template <class T, class Make>
class outcome_operation final : public single_scope<T, Make> {
 public:
  using single_scope<T, Make>::single_scope;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    return this->start(frame);
  }
  outcome<T> await_resume() { return std::move(this->result()); }
  std::string describe() const override { return "as_outcome"; }
};

/// As as_make, but a task handle that was cancelled is a cancelled end.
template <class A>
auto as_outcome_make(A&& a) {
  if constexpr (awaitable<std::remove_cvref_t<A>>)
    return handed_coro(to_outcome_coro(std::forward<A>(a)));
  else
    return as_make(std::forward<A>(a));
}

}  // namespace detail

/// Awaits `a`, an awaitable or a callable that makes one, and gives its end as a value: `outcome<T>`.
///
/// What to write where a `catch` block would have to await: `auto out = co_await as_outcome(work());`, then await what
/// is needed, then `out.value()`. Never throws.
///
/// @returns `outcome<T>`: the value, the exception, or cancelled (when something else than the caller was cancelled,
/// such as a task whose handle `a` is).
///
/// **Cancellation.** When the caller itself is cancelled the unwinding goes on; use `finally` or `with` for clean-up.
/// **In asyncio.** `try: ... except BaseException as e: ...`.
template <class A>
[[nodiscard]] auto as_outcome(A&& a) {
  EDDY_CHECK_CLOSURE(A);
  using make = decltype(detail::as_outcome_make(std::forward<A>(a)));
  return detail::outcome_operation<detail::made_value<make>, make>(detail::as_outcome_make(std::forward<A>(a)));
}

}  // namespace eddy
