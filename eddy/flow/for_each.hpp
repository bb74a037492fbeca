// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include "eddy/flow/with.hpp"

namespace eddy {

namespace detail {

template <class S, class F>
coro<> consume(S& stream, F& f) {
  while (true) {
    auto item = co_await stream.next();
    if (!item) co_return;
    if constexpr (awaitable<decltype(f(*std::move(item)))>)
      co_await f(*std::move(item));
    else
      f(*std::move(item));
  }
}

template <class S, class F>
class consume_body {
 public:
  explicit consume_body(F f) : f_(std::move(f)) {}
  coro<> operator()(S& stream) { return consume(stream, f_); }

 private:
  [[no_unique_address]] F f_;
};

}  // namespace detail

/// Calls `f(item)` for everything that `stream` gives, one after the other; `f` may return an awaitable.
///
/// `stream` is anything with an awaitable `next()` that gives something like an optional. One that owns children or
/// owes clean-up is entered and left as with `with`. An exception of `f` or of the stream ends it. A stream that is an
/// lvalue is referred to, an rvalue is kept.
///
/// **Cancellation.** As that of next() and of `f`: an item that was taken is handed to `f`.
/// **In asyncio.** `async for item in stream: f(item)`.
template <class S, class F>
[[nodiscard]] auto for_each(S&& stream, F&& f) {
  EDDY_CHECK_CLOSURE(F);
  using plain = std::remove_cvref_t<S>;
  if constexpr (detail::resource<plain>)
    return detail::make_with(std::forward<S>(stream), detail::consume_body<plain, std::decay_t<F>>(std::forward<F>(f)));
  else
    return [](std::conditional_t<std::is_lvalue_reference_v<S>, S, plain> kept, std::decay_t<F> g) -> coro<> {
      co_await detail::consume(kept, g);
    }(std::forward<S>(stream), std::forward<F>(f));
}

}  // namespace eddy
