// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "eddy/flow/stream_shaper.hpp"

namespace eddy::streams {

/// The first items of a stream; see take().
template <class S>
class taken final : public detail::over_source<S> {
  using item = item_t<std::remove_reference_t<S>>;

 public:
  taken(S&& s, std::size_t count) : detail::over_source<S>(std::forward<S>(s)), left_(count) {}

  coro<item> next() {
    if (left_ == 0) co_return item();
    item got = co_await this->source_.next();
    --left_;
    co_return got;
  }

 private:
  std::size_t left_;
};

class take_shape final : public shape {
 public:
  explicit take_shape(std::size_t count) noexcept : count_(count) {}
  template <class S>
  auto around(S&& s) && {
    return taken<detail::kept_source<S>>(std::forward<S>(s), count_);
  }

 private:
  std::size_t count_;
};

/// `source | take(count)`: the first `count` items, then the end. The source is not asked for more.
///
/// **Cancellation.** As that of the source.
[[nodiscard]] inline take_shape take(std::size_t count) noexcept { return take_shape(count); }

}  // namespace eddy::streams
