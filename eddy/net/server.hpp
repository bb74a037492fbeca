// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/coro/branch.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/net/stream_security.hpp"

namespace eddy {

namespace detail {

/// What a server does with a connection.
class connection_handler {
 public:
  virtual ~connection_handler() = default;
  virtual coro<> handle(stream connection) = 0;
};

template <class F>
class handler_of final : public connection_handler {
 public:
  template <class G>
  explicit handler_of(G&& f) : f_(std::forward<G>(f)) {}
  coro<> handle(stream connection) override { return std::invoke(f_, std::move(connection)); }

 private:
  F f_;
};

class server_core;

}  // namespace detail

/// Serves TCP connections, each in a task of its own: a resource for `with`, made by start_server().
///
/// Entering binds and listens; leaving stops accepting, waits for the handlers that run for at most close_timeout(),
/// then cancels them and waits until they have ended. A handler's exception reaches the loop's exception handler and
/// concerns nobody else. When the process is out of descriptors the server pauses and goes on. Destroyed without
/// leaving it aborts: handlers are cancelled and end soon after.
///
/// **Thread safety.** Only on its loop's thread.
/// **In asyncio.** `Server`, with `async with` around it.
class server {
 public:
  server(std::unique_ptr<detail::connection_handler> handler, std::string host, std::uint16_t port);
  server(std::unique_ptr<detail::connection_handler> handler, const endpoint& at);
  server(server&&) noexcept = default;
  server& operator=(server&&) = delete;
  ~server();

  // -- settings, before `with`
  // -------------------------------------------------------------------------------------------

  /// Connections that wait in the kernel to be accepted. Default 1024.
  server&& backlog(int connections) &&;
  /// Handlers at a time; more connections wait in the kernel. Default: no limit.
  server&& max_connections(std::size_t count) &&;
  /// How long leaving waits for handlers before it cancels them. Default 5 s.
  server&& close_timeout(std::chrono::nanoseconds limit) &&;
  /// Lets several servers, in threads or processes of their own, share the port. Default: no.
  server&& reuse_port(bool on) &&;

  /// Makes each connection secure before the handler gets it: a tls::server_context. A connection that does not get so
  /// far, in the context's time, is closed and reported by the context; the others do not notice.
  ///
  /// **In asyncio.** `ssl=context`.
  server&& tls(server_security_ref with) &&;

  // -- for `with`
  // --------------------------------------------------------------------------------------------------------

  /// @throws std::system_error  As when the port is taken.  @throws resolve_error
  coro<> aenter();
  coro<> aexit();

  // -- inside
  // ------------------------------------------------------------------------------------------------------------

  /// The (first) port it listens on: the real one when 0 was asked for. Keeps its value after close().
  std::uint16_t port() const;
  /// Everything it listens on: a host may have several addresses.
  const std::vector<endpoint>& endpoints() const;
  /// Handlers that run.
  std::size_t connections() const;

  /// Stops accepting; handlers go on. Idempotent.
  void close();
  /// Waits until somebody calls close(): the body of a `with` that only serves.
  ///
  /// **Cancellation.** A cancellation point; the `with` around it then ends the server in order.
  coro<> serve_forever();

 private:
  std::shared_ptr<detail::server_core> core_;  // shared with its tasks
};

/// Serves connections to `host:port`: `co_await with(start_server(handler, "127.0.0.1", 8080), [](server& s) -> coro<>
/// {...})`.
///
/// @param handler  Called with a `stream` for each connection; returns `coro<>`. Kept until the last one has ended.
/// When it returns
///                 what it has written is still sent; when it throws or is cancelled the connection is aborted.
/// @param host     An address or a name, all of whose addresses are listened on; empty for every address of this
/// machine.
/// @param port     0 for any free one: see server::port().
///
/// **In asyncio.** `start_server(client_connected_cb, host, port)`.
template <class Handler>
  requires std::is_invocable_r_v<coro<>, std::decay_t<Handler>&, stream>
[[nodiscard]] server start_server(Handler&& handler, std::string host, std::uint16_t port) {
  EDDY_CHECK_CLOSURE(Handler);
  return server(std::make_unique<detail::handler_of<std::decay_t<Handler>>>(std::forward<Handler>(handler)),
                std::move(host), port);
}
/// The same on one address.
template <class Handler>
  requires std::is_invocable_r_v<coro<>, std::decay_t<Handler>&, stream>
[[nodiscard]] server start_server(Handler&& handler, const endpoint& at) {
  EDDY_CHECK_CLOSURE(Handler);
  return server(std::make_unique<detail::handler_of<std::decay_t<Handler>>>(std::forward<Handler>(handler)), at);
}

}  // namespace eddy
