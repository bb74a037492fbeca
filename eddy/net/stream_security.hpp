// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <string>

#include "eddy/coro/coro.hpp"
#include "eddy/net/stream.hpp"

namespace eddy {

/// How a client makes a plain stream a secure one. eddy::net knows no more of it: tls::client_context is one, and
/// whatever connects (open_connection, HTTP, databases) takes it as such.
class client_security {
 public:
  virtual ~client_security() = default;

  /// Agrees with the server on the other end; everything is as for start_tls().
  virtual coro<stream> secure(stream plain, std::string host) const = 0;
};

/// The same for a server: tls::server_context is one.
class server_security {
 public:
  virtual ~server_security() = default;

  virtual coro<stream> secure(stream plain) const = 0;
  /// A connection that was accepted did not become secure. It concerns that connection alone. Must not throw.
  virtual void report_failure(const std::exception_ptr& error) const noexcept = 0;
};

/// Both are shared by the connections that they make.
using client_security_ref = std::shared_ptr<const client_security>;
using server_security_ref = std::shared_ptr<const server_security>;

/// Makes a stream secure that both sides have used in plain so far: after STARTTLS, after a proxy's CONNECT.
///
/// @param plain  Nothing of the peer's may be in it unread: that came before anything was secure, so it could be
/// somebody else's. What was written to it is sent first.
/// @param host   Whom the server has to prove to be: a name, or an address.
/// @returns a stream, to be used in place of the one that was given.
/// @throws misuse_error       No stream; no context.
/// @throws std::system_error  There are bytes unread; or the two did not agree: tls::error, or tls::certificate_error,
/// which says in words what is
///                            wrong with the peer's certificate. The connection is closed.
/// @throws timeout_error      Not within the context's limit.
///
/// **Cancellation.** A cancellation point. A handshake cannot be taken back: the connection goes with it.
/// **In asyncio.** `loop.start_tls`, `StreamWriter.start_tls`.
coro<stream> start_tls(stream plain, client_security_ref with, std::string host);
/// The same on the server's side.
coro<stream> start_tls(stream plain, server_security_ref with);

}  // namespace eddy
