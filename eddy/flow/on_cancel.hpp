// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <utility>

#include "eddy/coro/context.hpp"

namespace eddy {

namespace detail {

/// Calls `f` in its destructor, always or only when its context is being unwound by a cancellation.
template <class F, bool OnlyWhenCancelled>
class [[nodiscard("name the guard: it acts when it is destroyed")]] end_guard {
 public:
  explicit end_guard(F f) : f_(std::move(f)) {}
  end_guard(const end_guard&) = delete;
  end_guard& operator=(const end_guard&) = delete;
  ~end_guard() {
    if (!OnlyWhenCancelled || unwinding()) f_();  // asks now: a generator's frame travels between contexts
  }

 private:
  [[no_unique_address]] F f_;
};

}  // namespace detail

/// A guard that calls `f()` when the scope around it is left by a cancellation: `auto undo = on_cancel([&] { ... });`.
///
/// `f` must neither await nor throw. For clean-up that awaits use `with` or `finally`.
///
/// **In asyncio.** `except CancelledError: undo(); raise`.
template <class F>
auto on_cancel(F f) {
  return detail::end_guard<F, true>(std::move(f));
}

/// A guard that calls `f()` when the scope around it is left, however that happens.
///
/// `f` must neither await nor throw. Guards act in reverse order of their declaration, as destructors do.
///
/// **In asyncio.** `finally: f()`.
template <class F>
auto on_exit(F f) {
  return detail::end_guard<F, false>(std::move(f));
}

}  // namespace eddy
