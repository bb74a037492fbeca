// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/net/stream_security.hpp"

namespace eddy {

/// A connection to be made, with its settings: `co_await open_connection("example.org", 80).timeout(3s)`. Made by
/// open_connection.
class [[nodiscard("a connection is made when this is awaited")]] connection_request {
 public:
  /// For everything together: looking up and all attempts. Default 30 s. timeout_error names it.
  connection_request&& timeout(std::chrono::nanoseconds limit) && {
    limit_ = limit;
    return std::move(*this);
  }
  /// Whether small writes leave at once. Default: yes.
  connection_request&& nodelay(bool on) && {
    nodelay_ = on;
    return std::move(*this);
  }

  /// Makes the connection secure before it is handed over: a tls::client_context. The handshake counts into timeout().
  ///
  /// @param host  Whom the server has to prove to be. Empty: the host that is connected to.
  /// **In asyncio.** `ssl=context`, `server_hostname=host`.
  connection_request&& tls(client_security_ref with, std::string host = {}) && {
    security_ = std::move(with);
    server_name_ = std::move(host);
    return std::move(*this);
  }

  coro<stream>::awaiter operator co_await() && { return connect(std::move(*this)).operator co_await(); }

  connection_request(std::string host, std::uint16_t port, std::source_location where)
      : host_(std::move(host)), port_(port), where_(where) {}

 private:
  static coro<stream> connect(connection_request request);
  static coro<stream> establish(const connection_request& request);
  static coro<stream> attempt_all(const connection_request& request);

  std::string host_;
  std::uint16_t port_;
  std::source_location where_;
  std::chrono::nanoseconds limit_ = std::chrono::seconds(30);
  bool nodelay_ = true;
  client_security_ref security_;
  std::string server_name_;
};

/// Connects to a host by TCP: looks its addresses up and tries one after the other until one takes the connection.
///
/// @param host  A name or an address (IPv6 without brackets).
/// @returns (when awaited) a stream.
/// @throws connect_error  No address took it; lists what was tried on what.
/// @throws resolve_error  The host has no address.  @throws timeout_error  Not within the limit.
///
/// **Cancellation.** A cancellation point; nothing is left open.
/// **In asyncio.** `open_connection(host, port)`.
inline connection_request open_connection(std::string host, std::uint16_t port,
                                          std::source_location where = std::source_location::current()) {
  return {std::move(host), port, where};
}
/// The same to one address.
inline connection_request open_connection(const endpoint& to,
                                          std::source_location where = std::source_location::current()) {
  return {to.address().to_string(), to.port(), where};
}

}  // namespace eddy
