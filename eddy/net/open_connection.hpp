// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/detail/connection_race.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/net/stream_security.hpp"

namespace eddy {

/// A connection to be made, with its settings: `co_await open_connection("example.org", 80).timeout(3s)`. Made by
/// open_connection and open_unix_connection.
class [[nodiscard("a connection is made when this is awaited")]] connection_request {
 public:
  /// For everything together: looking up and all attempts. Default 30 s. timeout_error names it.
  connection_request&& timeout(std::chrono::nanoseconds limit) &&;
  /// Whether small writes leave at once. Default: yes.
  connection_request&& nodelay(bool on) &&;
  /// How long one address has until the next is tried beside it (RFC 8305). Default 250 ms; 0 tries all at once. One
  /// that fails makes the next begin at once. For one after the other give it a time that is longer than the limit.
  ///
  /// **In asyncio.** `happy_eyeballs_delay`, which is off there unless it is given.
  connection_request&& happy_eyeballs_delay(std::chrono::nanoseconds delay) &&;
  /// How many addresses of the family that comes first are tried before the families take turns. Default 1; 0: all of
  /// them.
  ///
  /// **In asyncio.** `interleave`.
  connection_request&& interleave(std::size_t first) &&;
  /// Only addresses of this kind. Default: any.
  ///
  /// **In asyncio.** `family`.
  connection_request&& family(ip_family only) &&;
  /// Where the connection comes from; port 0 for any. Hosts are reached by addresses of the same family alone.
  ///
  /// **In asyncio.** `local_addr`.
  connection_request&& local(const endpoint& from) &&;
  /// Sets an option before connecting: `.option(socket_options::keepalive(true))`. As many as there are.
  connection_request&& option(socket_option one) &&;

  /// Makes the connection secure before it is handed over: a tls::client_context. The handshake counts into timeout().
  ///
  /// @param host  Whom the server has to prove to be. Empty: the host that is connected to.
  /// **In asyncio.** `ssl=context`, `server_hostname=host`.
  connection_request&& tls(client_security_ref with, std::string host = {}) &&;

  coro<stream>::awaiter operator co_await() &&;

  connection_request(std::string host, std::uint16_t port, std::source_location where);
  connection_request(unix_address to, std::source_location where);
  connection_request(const connection_request& other);
  connection_request(connection_request&& other) noexcept;
  connection_request& operator=(const connection_request& other);
  connection_request& operator=(connection_request&& other) noexcept;
  ~connection_request();

 private:
  static coro<stream> connect(connection_request request);
  static coro<stream> establish(const connection_request& request);
  static coro<detail::owned<detail::socket>> attempt_all(const connection_request& request);

  std::string host_;
  std::uint16_t port_ = 0;
  bool to_path_ = false;  // to the path, in place of host and port
  unix_address path_;
  std::source_location where_;
  std::chrono::nanoseconds limit_ = std::chrono::seconds(30);
  client_security_ref security_;
  std::string server_name_;
  ip_family family_ = ip_family::any;
  detail::attempt_settings how_;
};

/// Connects to a host by TCP: looks its addresses up and tries them, IPv6 and IPv4 by turns, each a quarter of a second
/// after the one before, until one takes the connection (RFC 8305, "happy eyeballs").
///
/// @param host  A name or an address (IPv6 without brackets).
/// @returns (when awaited) a stream.
/// @throws connect_error  No address took it; lists what was tried on what, and for how long.
/// @throws resolve_error  The host has no address.  @throws timeout_error  Not within the limit.
///
/// **Cancellation.** A cancellation point; nothing is left open.
/// **In asyncio.** `open_connection(host, port)`.
connection_request open_connection(std::string host, std::uint16_t port,
                                   std::source_location where = std::source_location::current());
/// The same to one address.
connection_request open_connection(const endpoint& to, std::source_location where = std::source_location::current());
/// Connects to a Unix socket, by its path or abstract name. While the server's queue is full it waits for its turn.
///
/// @throws connect_error  Nobody listens there.  @throws timeout_error  Not within the limit.
///
/// **Cancellation.** A cancellation point; nothing is left open.
/// **In asyncio.** `open_unix_connection(path)`; there a full queue passes for a connection, and its first use fails.
connection_request open_unix_connection(unix_address to, std::source_location where = std::source_location::current());

}  // namespace eddy
