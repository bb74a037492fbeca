// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/flow/stream_pump.hpp"

namespace eddy::streams {

/// The items of several streams as they come; see merge().
template <class... S>
class merged final : public detail::pumped_items<std::common_type_t<value_t<std::remove_reference_t<S>>...>> {
  using value = std::common_type_t<value_t<std::remove_reference_t<S>>...>;

 public:
  template <class... T>
  explicit merged(std::in_place_t, T&&... sources) : sources_(std::forward<T>(sources)...) {}
  merged(merged&&) noexcept = default;

  [[nodiscard]] detail::pumped_next<value> next() {
    this->check_open();
    if (!this->started())
      std::apply([this, at = pumps_.begin()](auto&... each) mutable { (this->start(each, *at++), ...); }, sources_);
    return detail::pumped_next<value>(*this);
  }

 private:
  std::tuple<S...> sources_;
  std::array<typename detail::pumped_stream<value>::pump, sizeof...(S)> pumps_;
};

/// `merge(a, b, ...)`: the items of several sources in the order in which they come.
///
/// Each source is asked in a child task, one item ahead: it is asked for the next when its last one was taken, so no
/// source can crowd out the others. It ends when all have ended. What a source throws comes out of next() after its
/// items; a consumer that goes on gets those of the others. It owns tasks, so it exists only in `for_each` and `with`;
/// they start with the first next(). When the consumer leaves, the sources are cancelled and left, and items that wait
/// are dropped.
///
/// **Cancellation.** next() is a cancellation point, and atomic: a cancelled one leaves every item.
template <class... S>
  requires(sizeof...(S) > 0 && (source<std::remove_cvref_t<S>> && ...))
[[nodiscard]] auto merge(S&&... sources) {
  return merged<detail::kept_source<S>...>(std::in_place, std::forward<S>(sources)...);
}

}  // namespace eddy::streams
