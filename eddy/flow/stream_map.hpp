// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/flow/stream_shaper.hpp"

namespace eddy::streams {

/// A stream of `f(item)`; see map().
template <class S, class F>
class mapped final : public detail::over_source<S> {
  using plain = std::remove_reference_t<S>;
  using item = item_t<plain>;
  // An item that is kept is lent to `f`, one that is not is handed over.
  static constexpr bool awaits = [] {
    if constexpr (std::is_invocable_v<F&, value_t<plain>&>)
      return detail::awaitable<std::invoke_result_t<F&, value_t<plain>&>>;
    else
      return false;
  }();
  template <bool Awaits, class Dummy = void>
  struct result : std::invoke_result<F&, decltype(*std::declval<item>())> {};
  template <class Dummy>
  struct result<true, Dummy> : std::type_identity<detail::await_result_t<std::invoke_result_t<F&, value_t<plain>&>>> {};
  using value = std::remove_cvref_t<typename result<awaits>::type>;
  static_assert(
      !detail::awaitable<value>,
      "a function that awaits must take its item by reference or by copy: the item stays with the stream until "
      "the function has ended, so that a cancellation does not lose it");
  static_assert(!std::is_void_v<value>, "streams::map needs a function that gives a value; for effects use for_each");

 public:
  mapped(S&& s, F f) : detail::over_source<S>(std::forward<S>(s)), f_(std::move(f)) {}

  coro<std::optional<value>> next() {
    if constexpr (awaits) {
      if (!kept_) {
        auto next = co_await this->source_.next();
        kept_.emplace(std::move(next));
      }
      if (!*kept_) {
        kept_.reset();
        co_return std::nullopt;
      }
      try {
        std::optional<value> made(co_await detail::invoke_callable(f_, **kept_));
        kept_.reset();
        co_return made;
      } catch (...) {
        kept_.reset();  // not run by a cancellation: then it is still to be done
        throw;
      }
    } else {
      auto next = co_await this->source_.next();
      if (!next) co_return std::nullopt;
      co_return std::optional<value>(detail::invoke_callable(f_, *std::move(next)));
    }
  }

 private:
  [[no_unique_address]] F f_;
  std::optional<item> kept_;  // what f awaits for
};

template <class F>
class map_shape final : public shape {
 public:
  explicit map_shape(F f) : f_(std::move(f)) {}
  template <class S>
  auto around(S&& s) && {
    return mapped<detail::kept_source<S>, F>(std::forward<S>(s), std::move(f_));
  }

 private:
  [[no_unique_address]] F f_;
};

/// `source | map(f)`: `f(item)` for each item, in order, one at a time; `f` may return an awaitable.
///
/// For several at once use `map_concurrent`. A function that awaits is lent its item (take it by reference).
///
/// **Cancellation.** As that of the source. Cancelled inside of `f` the item stays in the stream, and the next call of
/// next() calls `f` with it again. An item whose `f` throws is gone.
template <class F>
[[nodiscard]] auto map(F&& f) {
  EDDY_CHECK_CLOSURE(F);
  return map_shape<std::decay_t<F>>(std::forward<F>(f));
}

}  // namespace eddy::streams
