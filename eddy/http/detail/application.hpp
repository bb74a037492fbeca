// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/response.hpp"
#include "eddy/http/server_request.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace eddy::http::detail {

/// What handlers may return besides coroutines: a response, or a text, which is an answer of 200.
inline response as_response(response made) { return made; }
inline response as_response(std::string content) { return text(std::move(content)); }

template <class T>
concept answer = requires(T value) { detail::as_response(std::move(value)); };

template <class T>
struct is_answer_coro : std::false_type {};
template <answer T>
struct is_answer_coro<coro<T>> : std::true_type {};

template <class T>
concept handler_result = answer<T> || is_answer_coro<T>::value;

template <answer T>
coro<response> to_response(coro<T> made) {
  T value = co_await std::move(made);
  co_return as_response(std::move(value));
}

/// Takes what a handler gave. @returns the coroutine that makes the response; empty when `out` is it, which needs none.
template <answer T>
coro<response> give(T&& value, response& out) {
  if constexpr (std::is_convertible_v<T&&, std::string>)
    response_access::make_text(out, std::forward<T>(value));
  else
    out = as_response(std::forward<T>(value));
  return {};
}
inline coro<response> give(coro<response> made, response&) { return made; }
template <answer T>
coro<response> give(coro<T> made, response&) {
  return to_response(std::move(made));
}

/// What makes the responses of a server.
class application {
 public:
  virtual ~application() = default;
  /// @returns the coroutine that makes the response; empty when the response is in `out` at once.
  virtual coro<response> handle(server_request& request, response& out) = 0;
};

template <class F>
class application_of final : public application {
 public:
  template <class G>
  explicit application_of(G&& f) : f_(std::forward<G>(f)) {}
  coro<response> handle(server_request& request, response& out) override {
    return give(eddy::detail::invoke_callable(f_, request), out);
  }

 private:
  F f_;
};

}  // namespace eddy::http::detail
