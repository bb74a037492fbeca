// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/flow/stream_shaper.hpp"

namespace eddy::streams {

/// A stream of those items for which a predicate holds; see filter().
template <class S, class F>
class filtered final : public detail::over_source<S> {
  using plain = std::remove_reference_t<S>;
  using item = item_t<plain>;
  using answer = std::invoke_result_t<F&, const value_t<plain>&>;

 public:
  filtered(S&& s, F f) : detail::over_source<S>(std::forward<S>(s)), f_(std::move(f)) {}

  coro<item> next() {
    while (true) {
      if (!kept_) {
        auto next = co_await this->source_.next();
        kept_.emplace(std::move(next));
      }
      bool passes = !*kept_;  // the end does
      if (!passes) {
        try {
          const value_t<plain>& value = **kept_;
          if constexpr (detail::awaitable<answer>)
            passes = static_cast<bool>(co_await detail::invoke_callable(f_, value));
          else
            passes = static_cast<bool>(detail::invoke_callable(f_, value));
        } catch (...) {
          kept_.reset();  // not run by a cancellation: then it is still to be judged
          throw;
        }
      }
      item judged = *std::move(kept_);
      kept_.reset();
      if (passes) co_return judged;
    }
  }

 private:
  [[no_unique_address]] F f_;
  std::optional<item> kept_;  // what is being judged
};

template <class F>
class filter_shape final : public shape {
 public:
  explicit filter_shape(F f) : f_(std::move(f)) {}
  template <class S>
  auto around(S&& s) && {
    return filtered<detail::kept_source<S>, F>(std::forward<S>(s), std::move(f_));
  }

 private:
  [[no_unique_address]] F f_;
};

/// `source | filter(predicate)`: the items for which `predicate(item)` holds; it may return an awaitable of bool.
///
/// **Cancellation.** As that of the source. Cancelled inside of `predicate` the item stays in the stream and is judged
/// again by the next call of next(). An item whose predicate throws is gone.
template <class F>
[[nodiscard]] auto filter(F&& predicate) {
  EDDY_CHECK_CLOSURE(F);
  return filter_shape<std::decay_t<F>>(std::forward<F>(predicate));
}

}  // namespace eddy::streams
