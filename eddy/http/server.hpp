// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/owned.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/detail/application.hpp"
#include "eddy/http/parser_limits.hpp"
#include "eddy/http/response.hpp"
#include "eddy/http/router.hpp"
#include "eddy/http/server_request.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::http {

namespace detail {

class server_state;

/// An application: a router that lives elsewhere, or anything that makes a response out of a request.
template <class App>
concept application_like = std::is_same_v<std::remove_cvref_t<App>, router> ||
                           handler_result<std::invoke_result_t<std::decay_t<App>&, server_request&>>;

template <class App>
eddy::detail::owned<application> make_application(App&& app) {
  if constexpr (std::is_same_v<App, router&>)
    return eddy::detail::make_owned<routed<router&>>(app);
  else if constexpr (std::is_same_v<std::decay_t<App>, router>)
    return eddy::detail::make_owned<routed<router>>(std::forward<App>(app));
  else
    return eddy::detail::make_owned<application_of<std::decay_t<App>>>(std::forward<App>(app));
}

}  // namespace detail

/// Serves HTTP/1.1, each connection in a task of its own: a resource for `with`.
///
///     co_await with(http::server(app, "127.0.0.1", 0), [&](http::server& s) -> coro<> { ... s.port() ... });
///
/// The application is a router, or a callable that takes a `server_request&` and returns a response, a string, or a
/// coroutine of either. A router that is an lvalue is referred to and has to outlive the server; everything else is
/// kept.
///
/// **Entering** binds and listens. **Leaving** stops accepting, closes the connections that wait for a request at once,
/// lets requests that run finish for at most close_timeout(), then cancels them, and waits until all have ended.
///
/// **Handlers.** One at a time for a connection; pipelined requests are answered in order. What a handler throws gives
/// 500 and reaches the loop's exception handler with the request's method and target; a reply_error gives its own
/// answer. A handler is *not* cancelled when its client goes away: it may have begun something that should be finished,
/// and a client that has only ended its sending direction looks the same. The first write that fails tells a streaming
/// handler; nobody is told of that error.
///
/// **Refusals.** What is not HTTP/1.1, or beyond the limits, is answered with 400, 408, 413, 414, 431, 501 or 505 and
/// the connection is closed, after what the client still sends has been dropped (for 2 s, 1 MiB), so that it sees the
/// answer and not a reset.
///
/// **Thread safety.** Only on its loop's thread.
/// **In asyncio.** `aiohttp.web.AppRunner` with `TCPSite`; uvicorn.
class server {
 public:
  /// @param host  An address or a name, all of whose addresses are listened on; empty for every address of this
  /// machine.
  /// @param port  0 for any free one: see port().
  template <class App>
    requires detail::application_like<App>
  server(App&& app, std::string host, std::uint16_t port) : server(make_state<App>(app), std::move(host), port) {
    if constexpr (!std::is_same_v<App, router>) EDDY_CHECK_CLOSURE(App);
  }
  server(server&&) noexcept = default;

  // -- settings, before `with`
  // -------------------------------------------------------------------------------------------------

  /// Bytes of a request's body, unless the handler sets another limit. Default 1 MiB; beyond: 413.
  server&& max_body(std::size_t bytes) &&;
  /// Limits on a request's head. Beyond: 414 and 431.
  server&& limits(const parser_limits& limits) &&;
  /// From a request's first byte (for the first one: from the connection) to the end of its head. Default 30 s; then
  /// 408.
  server&& head_timeout(std::chrono::nanoseconds limit) &&;
  /// Between two pieces of a request's body, while they are waited for. Default 30 s; then 408.
  server&& body_timeout(std::chrono::nanoseconds limit) &&;
  /// For the client to take 128 KiB (or the rest) of a response. Default 30 s; then the connection is reset.
  server&& write_timeout(std::chrono::nanoseconds limit) &&;
  /// Between a response and the next request. Default 75 s; then the connection is closed.
  server&& idle_timeout(std::chrono::nanoseconds limit) &&;
  /// How long leaving waits for requests that run before it cancels them. Default 5 s.
  server&& close_timeout(std::chrono::nanoseconds limit) &&;
  /// Connections at a time; more wait in the kernel. Default: no limit.
  server&& max_connections(std::size_t count) &&;
  /// Connections that wait in the kernel to be accepted. Default 1024.
  server&& backlog(int connections) &&;
  /// Lets several servers, in threads or processes of their own, share the port. Default: no.
  server&& reuse_port(bool on) &&;

  // -- for `with`
  // --------------------------------------------------------------------------------------------------------------

  /// @throws std::system_error  As when the port is taken.  @throws resolve_error
  coro<> aenter() { return net_.aenter(); }
  coro<> aexit();

  // -- inside
  // ------------------------------------------------------------------------------------------------------------------

  /// The (first) port it listens on: the real one when 0 was asked for.
  std::uint16_t port() const { return net_.port(); }
  const std::vector<endpoint>& endpoints() const { return net_.endpoints(); }
  /// Connections that are open, idle ones included.
  std::size_t connections() const { return net_.connections(); }
  /// Stops accepting and ends serve_forever(). Idempotent.
  void close() { net_.close(); }
  /// Waits until somebody calls close(): the body of a `with` that only serves.
  coro<> serve_forever() { return net_.serve_forever(); }

 private:
  template <class App>
  static std::shared_ptr<detail::server_state> make_state(std::remove_reference_t<App>& app) {
    return make_state(detail::make_application(std::forward<App>(app)));
  }
  static std::shared_ptr<detail::server_state> make_state(eddy::detail::owned<detail::application> app);
  server(std::shared_ptr<detail::server_state> state, std::string host, std::uint16_t port);

  std::shared_ptr<detail::server_state> state_;  // shared with its connections
  eddy::server net_;
};

/// Runs a server until it is cancelled: `co_await http::serve(app, "127.0.0.1:8080")`.
///
/// @param at  `host:port`, `[::1]:8080`, or `:8080` for every address of this machine.
/// @throws misuse_error  `at` is none of these.  @throws std::system_error  As when the port is taken.
///
/// **Cancellation.** A cancellation point all the time; ends in order, as leaving a server does.
template <class App>
  requires detail::application_like<App>
[[nodiscard]] coro<> serve(App&& app, std::string_view at);

// -----------------------------------------------------------------------------------------------------------------------------

namespace detail {

/// @throws misuse_error  It is no `host:port`.
host_and_port listening_place(std::string_view at);
coro<> serve_until_cancelled(server made);

}  // namespace detail

template <class App>
  requires detail::application_like<App>
coro<> serve(App&& app, std::string_view at) {
  if constexpr (!std::is_same_v<App, router>) EDDY_CHECK_CLOSURE(App);
  host_and_port place = detail::listening_place(at);
  return detail::serve_until_cancelled(server(std::forward<App>(app), std::move(place.host), place.port));
}

}  // namespace eddy::http
