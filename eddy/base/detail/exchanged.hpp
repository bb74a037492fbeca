// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace eddy::detail {

/// std::exchange without its noexcept, which makes the compiler look at some thirty traits of every type that it is
/// used with; headers use it with many.
template <class T, class U = T>
constexpr T exchanged(T& object, U&& value) {
  T before = std::move(object);
  object = std::forward<U>(value);
  return before;
}

}  // namespace eddy::detail
