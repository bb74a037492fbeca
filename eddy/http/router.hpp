// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/branch.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/detail/route_tree.hpp"
#include "eddy/http/response.hpp"
#include "eddy/http/server_request.hpp"

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eddy::http {

namespace detail {
template <class Router>
class routed;
}

/// Picks a handler by a request's method and path.
///
///     http::router app;
///     app.get("/users/{id}", [&](int id) -> coro<http::response> { ... });
///     app.post("/users", [&](http::server_request& request) -> coro<http::response> { ... });
///     app.get("/files/{path...}", [&](std::string path) { return "you asked for " + path; });
///
/// **Patterns.** Segments between slashes: a text, `{name}` for one segment that is not empty, or at the end
/// `{name...}` for the rest of the path with its slashes, which may be empty. Texts go before names, names before
/// rests. Segments are compared after percent-decoding, so `%2F` never separates; a slash at the end counts; `..` is a
/// text like any other, so look at what a rest has in it before it becomes the path of a file.
///
/// **Handlers** take the named parts in order (or none of them), by value, as strings, numbers, or what path_parameter
/// knows, and where they want a `server_request&`. They return a response, a string, or a coroutine of either. A part
/// that is no such number is 404.
///
/// Paths without a route get 404; methods that a path does not have 405 with Allow. HEAD is answered by what answers
/// GET.
///
/// **Lifetime.** Movable until it serves. Routes are added before that.
/// **In asyncio.** `aiohttp.web.UrlDispatcher`, Starlette's `Router`.
class router {
 public:
  router() = default;

  /// Adds a route. @throws misuse_error  It is there already, also with other names; the pattern is malformed; the
  /// handler takes
  ///                                     more or fewer parts than the pattern names.
  template <class F>
  router& route(std::string_view method, std::string_view pattern, F&& handler) {
    using kept = std::decay_t<F>;
    static_assert(
        detail::has_one_signature<kept>,
        "a route's handler is a function or a lambda whose parameters have types: without auto, not overloaded");
    if constexpr (detail::has_one_signature<kept>) {
      using signature = detail::signature<kept>;
      static_assert(detail::are_route_parameters<typename signature::parameters>,
                    "a route's handler takes server_request& and, by value, strings, numbers, and types that "
                    "path_parameter knows");
      static_assert(detail::handler_result<typename signature::result>,
                    "a route's handler returns http::response, std::string, or a coro of one of them");
      using made = detail::route_handler_of<kept>;
      routes_.add(method, pattern, eddy::detail::make_owned<made>(std::forward<F>(handler)), made::parts_taken);
    }
    return *this;
  }
  template <class F>
  router& get(std::string_view pattern, F&& handler) {
    return route("GET", pattern, std::forward<F>(handler));
  }
  template <class F>
  router& post(std::string_view pattern, F&& handler) {
    return route("POST", pattern, std::forward<F>(handler));
  }
  template <class F>
  router& put(std::string_view pattern, F&& handler) {
    return route("PUT", pattern, std::forward<F>(handler));
  }
  template <class F>
  router& patch(std::string_view pattern, F&& handler) {
    return route("PATCH", pattern, std::forward<F>(handler));
  }
  /// DELETE, which is a word of C++.
  template <class F>
  router& del(std::string_view pattern, F&& handler) {
    return route("DELETE", pattern, std::forward<F>(handler));
  }

  /// Answers a request: what makes a router an application.
  coro<response> operator()(server_request& request);

 private:
  template <class Router>
  friend class detail::routed;

  /// As application::handle().
  coro<response> answer(server_request& request, response& out);

  detail::route_tree routes_;
};

namespace detail {

/// A router as an application: its own (`Router` is router), or one that lives elsewhere (a reference).
template <class Router>
class routed final : public application {
 public:
  template <class R>
  explicit routed(R&& routes) : routes_(std::forward<R>(routes)) {}
  coro<response> handle(server_request& request, response& out) override {
    router& to = routes_;
    return to.answer(request, out);
  }

 private:
  Router routes_;
};

}  // namespace detail

}  // namespace eddy::http
