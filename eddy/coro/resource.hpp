// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include "eddy/base/outcome.hpp"
#include "eddy/coro/branch.hpp"

// What a resource is: something with aenter(), aexit() or both. `with` enters one for a body, a generator enters some
// for itself.

namespace eddy::detail {

template <class R>
concept has_aenter = requires(R& r) { r.aenter(); };
template <class R>
concept aexit_with_outcome = requires(R& r, const outcome<>& how) { r.aexit(how); };
template <class R>
concept aexit_without = requires(R& r) { r.aexit(); };
template <class R>
concept has_aexit = aexit_with_outcome<R> || aexit_without<R>;

/// What aenter() gives once it is awaited, if it has to be.
template <class R>
struct entered_value {
  using type = void;
};
template <has_aenter R>
struct entered_value<R> {
  using returned = decltype(std::declval<R&>().aenter());
  template <class X>
  struct unwrapped : std::type_identity<X> {};
  template <awaitable X>
  struct unwrapped<X> : std::type_identity<await_result_t<X>> {};
  using type = typename unwrapped<returned>::type;
};
template <class R>
using entered_value_t = typename entered_value<R>::type;

/// aenter and aexit may or may not await: as coroutines they are alike.
///
/// Members of a class, since g++ warns of free coroutine templates whose parameters are of an unnamed namespace.
template <class R>
struct resource_calls {
  static coro<entered_value_t<R>> enter(R& resource) {
    if constexpr (awaitable<decltype(resource.aenter())>)
      co_return co_await resource.aenter();
    else
      co_return resource.aenter();
  }
  static coro<> leave(R& resource, outcome<> how) {
    if constexpr (aexit_with_outcome<R>) {
      if constexpr (awaitable<decltype(resource.aexit(std::as_const(how)))>)
        co_await resource.aexit(std::as_const(how));
      else
        resource.aexit(std::as_const(how));
    } else {
      if constexpr (awaitable<decltype(resource.aexit())>)
        co_await resource.aexit();
      else
        resource.aexit();
    }
    co_return;
  }
};

template <class T>
outcome<> without_value(const outcome<T>& end) {
  if (end.has_value()) return outcome<>::from_value();
  return end.has_exception() ? outcome<>::from_exception(end.exception()) : outcome<>::from_cancelled(end.reason());
}

}  // namespace eddy::detail
