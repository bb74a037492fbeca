// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/inherited_socket.hpp"
#include "eddy/net/listen_place.hpp"
#include "eddy/net/socket_options.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/net/stream_security.hpp"

namespace eddy {

namespace detail {
class server_core;
}  // namespace detail

/// What a server has done and does.
struct server_statistics {
  server_statistics() noexcept {}
  std::uint64_t accepted = 0;       // connections since it listens
  std::size_t active = 0;           // of these the handlers that run
  std::uint64_t failed = 0;         // handlers that ended with an exception
  std::uint64_t accept_errors = 0;  // times that accepting failed and was tried again after a pause
};

/// What a handler sees of its server: whether it closes. Copies are cheap, and stay valid.
///
/// **Thread safety.** Only on its loop's thread.
class server_view {
 public:
  explicit server_view(std::shared_ptr<detail::server_core> core) noexcept : core_(std::move(core)) {}

  /// Whether close() was called, or the server is being left: the time to finish what runs and begin nothing new.
  bool closing() const noexcept;
  /// Waits for that: `race(lines.next(), server.wait_closing())` in a handler that waits for its peer's next word.
  ///
  /// **Cancellation.** A cancellation point, atomic.
  coro<> wait_closing() const;
  server_statistics statistics() const;

 private:
  std::shared_ptr<detail::server_core> core_;
};

namespace detail {

/// What a server does with a connection.
class connection_handler {
 public:
  virtual ~connection_handler() = default;
  virtual coro<> handle(stream connection, const std::shared_ptr<server_core>& core) = 0;
};

template <class F>
concept plain_handler = std::is_invocable_r_v<coro<>, F&, stream>;
template <class F>
concept viewing_handler = std::is_invocable_r_v<coro<>, F&, stream, server_view>;
template <class F>
concept stream_handler = plain_handler<std::decay_t<F>> || viewing_handler<std::decay_t<F>>;

template <class F>
class handler_of final : public connection_handler {
 public:
  template <class G>
  explicit handler_of(G&& f) : f_(std::forward<G>(f)) {}
  coro<> handle(stream connection, const std::shared_ptr<server_core>& core) override {
    if constexpr (viewing_handler<F>)
      return detail::invoke_callable(f_, std::move(connection), server_view(core));
    else
      return detail::invoke_callable(f_, std::move(connection));
  }

 private:
  F f_;
};

template <class Handler>
owned<connection_handler> make_handler(Handler&& handler) {
  return make_owned<handler_of<std::decay_t<Handler>>>(std::forward<Handler>(handler));
}

}  // namespace detail

/// Serves connections, each in a task of its own: a resource for `with`, made by start_server() or start_unix_server().
///
/// Entering binds and listens; leaving stops accepting, waits for the handlers that run for at most close_timeout(),
/// then cancels them and waits until they have ended. A handler's exception reaches the loop's exception handler and
/// concerns nobody else. When the process is out of descriptors or memory, connections wait in the kernel and the
/// server asks again after a pause, or as soon as a handler of its own has ended. Destroyed without leaving it aborts:
/// handlers are cancelled and end soon after.
///
/// **Thread safety.** Only on its loop's thread.
/// **In asyncio.** `Server`, with `async with` around it.
class server {
 public:
  server(detail::owned<detail::connection_handler> handler, std::string host, std::uint16_t port);
  server(detail::owned<detail::connection_handler> handler, const endpoint& at);
  server(detail::owned<detail::connection_handler> handler, std::vector<listen_place> places);
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
  /// Of the files of Unix sockets, such as 0660: set before anybody can connect. Default: as the umask says.
  server&& permissions(mode_t mode) &&;
  /// Sets an option on the sockets that listen, before they are bound: connections inherit it. As many as there are.
  server&& option(socket_option one) &&;

  /// Makes each connection secure before the handler gets it: a tls::server_context. A connection that does not get so
  /// far, in the context's time, is closed and reported by the context; the others do not notice. Null: they stay
  /// plain.
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
  /// @throws misuse_error  It listens on Unix sockets alone.
  std::uint16_t port() const;
  /// Every endpoint it listens on: a host may have several addresses.
  const std::vector<endpoint>& endpoints() const;
  /// The same with Unix addresses.
  const std::vector<socket_address>& addresses() const;
  /// Handlers that run.
  std::size_t connections() const;

  server_statistics statistics() const;

  /// Stops accepting; handlers go on, and can know (server_view). Idempotent.
  void close();
  bool closing() const noexcept;
  /// Waits until somebody has called close() and all handlers have ended, however long they take. Leaving the `with` is
  /// what sets them a limit.
  ///
  /// **Cancellation.** A cancellation point.
  /// **In asyncio.** `Server.wait_closed()`.
  coro<> wait_closed();
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
/// @param handler  Called with a `stream` for each connection, and with a `server_view` if it takes one; returns
///                 `coro<>`. Kept until the last one has ended. When it returns what it has written is still sent; when
///                 it throws or is cancelled the connection is aborted.
/// @param host     An address or a name, all of whose addresses are listened on that this machine has; empty for every
///                 address of this machine.
/// @param port     0 for any free one, the same on all addresses: see server::port().
///
/// **In asyncio.** `start_server(client_connected_cb, host, port)`.
template <detail::stream_handler Handler>
[[nodiscard]] server start_server(Handler&& handler, std::string host, std::uint16_t port) {
  EDDY_CHECK_CLOSURE(Handler);
  return server(detail::make_handler(std::forward<Handler>(handler)), std::move(host), port);
}
/// The same on one address.
template <detail::stream_handler Handler>
[[nodiscard]] server start_server(Handler&& handler, const endpoint& at) {
  EDDY_CHECK_CLOSURE(Handler);
  return server(detail::make_handler(std::forward<Handler>(handler)), at);
}
/// The same on many places at once, of all kinds: on all of them or on none. Those that ask for port 0 share one.
template <detail::stream_handler Handler>
[[nodiscard]] server start_server(Handler&& handler, std::vector<listen_place> places) {
  EDDY_CHECK_CLOSURE(Handler);
  return server(detail::make_handler(std::forward<Handler>(handler)), std::move(places));
}
/// The same on a socket that listens already, such as one of inherited_sockets().
///
/// **In asyncio.** `start_server(..., sock=sock)`.
template <detail::stream_handler Handler>
[[nodiscard]] server start_server(Handler&& handler, inherited_socket from) {
  EDDY_CHECK_CLOSURE(Handler);
  std::vector<listen_place> one;
  one.emplace_back(std::move(from));
  return server(detail::make_handler(std::forward<Handler>(handler)), std::move(one));
}

/// Serves connections to a Unix socket, by its path or abstract name.
///
/// A file that a dead server has left is replaced, one whose server lives is not; the file is removed at close(), if it
/// still is the one that was made.
///
/// **In asyncio.** `start_unix_server(client_connected_cb, path)`; there (before 3.13) the file stays.
template <detail::stream_handler Handler>
[[nodiscard]] server start_unix_server(Handler&& handler, unix_address at) {
  EDDY_CHECK_CLOSURE(Handler);
  std::vector<listen_place> one;
  one.emplace_back(std::move(at));
  return server(detail::make_handler(std::forward<Handler>(handler)), std::move(one));
}

}  // namespace eddy
