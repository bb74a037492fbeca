// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "eddy/coro/branch.hpp"

namespace eddy::detail {

template <class T>
coro<> without_result(coro<T> c) {
  co_await std::move(c);
}

/// Calls `f`, which may await or not; what it gives is not wanted.
template <class F>
coro<> call_for_effect(F f) {
  using returned = std::invoke_result_t<F&>;
  if constexpr (std::same_as<returned, coro<>>) {
    return f();
  } else if constexpr (awaitable<returned>) {
    return without_result(to_coro(f()));
  } else {
    f();
    return finished_coro();
  }
}

}  // namespace eddy::detail
