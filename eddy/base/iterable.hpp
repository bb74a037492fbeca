// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

// Ranges, as far as eddy goes through them. No header includes <ranges> or <algorithm>: views and algorithms for every
// program that only wants to iterate are too dear to compile.

namespace eddy::detail {

namespace iteration {

using std::begin;
using std::end;

/// begin and end as a range-for finds them: of the standard library, or beside the range's type.
template <class R>
constexpr auto first(R& range) -> decltype(begin(range)) {
  return begin(range);
}
template <class R>
constexpr auto last(R& range) -> decltype(end(range)) {
  return end(range);
}

}  // namespace iteration

template <class R>
using iterator_of = decltype(iteration::first(std::declval<R&>()));
/// What its elements are, without references.
template <class R>
using element_of = std::iter_value_t<iterator_of<R>>;

/// What a range-for goes through: a range, or a reference to one.
template <class R>
concept iterable = requires(R& range) {
  { iteration::first(range) } -> std::input_iterator;
  { iteration::last(range) } -> std::sentinel_for<iterator_of<R>>;
};

template <class R>
concept sized_iterable = iterable<R> && requires(R& range) { std::size(range); };

template <iterable R>
std::size_t count_elements(R& range) {
  std::size_t count = 0;
  for (auto at = iteration::first(range); at != iteration::last(range); ++at) ++count;
  return count;
}

}  // namespace eddy::detail
