// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "eddy/db/sqlite/conversion.hpp"
#include "eddy/db/sqlite/value.hpp"

namespace eddy::sqlite {

/// The values for a statement's `?`, in order, owned.
using parameters = std::vector<value>;

namespace detail {

/// Throws the usage_error that is being handled again, with the parameter's number (from 1) in front.
[[noreturn]] void rethrow_for_parameter(std::size_t number);

template <bindable T>
void add_parameter(parameters& list, T&& object) {
  try {
    list.push_back(conversion<std::decay_t<T>>::to(std::forward<T>(object)));
  } catch (...) {
    rethrow_for_parameter(list.size() + 1);
  }
}

}  // namespace detail

/// Turns C++ values into parameters; strings and blobs given as rvalues are moved, everything else is copied.
///
/// Not named bind: for an argument from std, the name would also find std::bind.
///
/// @throws usage_error  A value that SQLite cannot hold; the message has the parameter's number, counted from 1.
template <bindable... Args>
parameters make_parameters(Args&&... args) {
  parameters list;
  list.reserve(sizeof...(Args));
  (detail::add_parameter(list, std::forward<Args>(args)), ...);
  return list;
}

}  // namespace eddy::sqlite
