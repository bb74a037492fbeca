// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/net/stream_security.hpp"
#include "eddy/net/tls/errors.hpp"
#include "eddy/net/tls/identity.hpp"
#include "eddy/net/tls/settings.hpp"

namespace eddy::tls {

namespace detail {
class server_state;
}

/// How a server secures the connections that it accepts: `start_server(handler, host, port).tls(context)`.
///
/// By default TLS 1.2 and 1.3 with ciphers of forward secrecy, no renegotiation, no compression; sessions are resumed
/// by tickets, so the server keeps nothing for them; a client has 10 s for its handshake. Settings are chained where it
/// is made, and do not change after that; certificates may, by reload().
///
/// **Thread safety.** One may be used on the threads of several loops, by copies; callbacks then run on all of them.
/// Where handshakes are many a context a loop is faster: OpenSSL 3.0 locks.
/// **In asyncio.** `ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)` and `load_cert_chain`.
class server_context {
 public:
  explicit server_context(const identity& shown);

  /// One more certificate, with a key of another kind: RSA beside ECDSA. The client's abilities choose.
  server_context&& also(const identity& shown) &&;

  // -- who may come

  /// Whether clients show certificates, and which authorities may have issued them (PEM file or text).
  /// @throws error, std::system_error
  server_context&& client_ca_file(client_certificates wanted, const std::string& path) &&;
  server_context&& client_ca_pem(client_certificates wanted, const std::string& text) &&;

  // -- what to offer

  /// The protocols that are spoken here, the best first. A client that offers none is served; one that offers others
  /// is refused, as RFC 7301 wants. @throws misuse_error  A name is empty or longer than 255 bytes.
  template <class... Names>
  server_context&& alpn(Names&&... names) && {
    return std::move(*this).alpn_protocols(std::vector<std::string>{std::string(std::forward<Names>(names))...});
  }
  server_context&& alpn_protocols(const std::vector<std::string>& names) &&;

  /// Chooses a context by the name that the client asks for (SNI): its certificates, ALPN and client certificates are
  /// taken, not its versions, ciphers and times; its sessions are not resumed. Nothing: this one. Called on the loop's
  /// thread; must not wait. A client that gives no name is served with this one. What it throws ends the handshake.
  server_context&& on_server_name(
      eddy::detail::function<std::optional<server_context>(std::string_view name)> choose) &&;

  // -- how

  /// Defaults: TLS 1.2 and the newest.
  server_context&& min_version(version lowest) &&;
  server_context&& max_version(version highest) &&;
  /// Ciphers as OpenSSL names them: for TLS 1.2, and for 1.3. @throws error  None is known.
  server_context&& ciphers(std::string list) &&;
  server_context&& ciphersuites(std::string list) &&;
  /// Whether clients may resume their sessions. Default: yes.
  server_context&& resumption(bool on) &&;
  /// For a handshake. Default 10 s: a client that says nothing does not hold a place for ever.
  server_context&& handshake_timeout(std::chrono::nanoseconds limit) &&;
  /// How long an orderly close waits for the peer's answer to its close_notify. Default 1 s.
  server_context&& close_wait(std::chrono::nanoseconds limit) &&;
  /// Gets each error of a handshake that failed on a server. Default: the loop's exception handler gets them. Must not
  /// throw.
  server_context&& on_handshake_failure(eddy::detail::function<void(const std::exception_ptr&)> handler) &&;

  // -- while it is used

  /// Reads all files anew: handshakes from here on show the new certificates, connections that are open go on. All or
  /// nothing. Reads on the calling thread; use to_thread() where that matters.
  ///
  /// @throws error, std::system_error  Something is wrong with a file; the old certificates stay.
  void reload();
  /// Shows these from here on (in place of all that it had).
  void reload(const identity& shown);

  /// How handshakes went so far.
  handshake_counts counts() const noexcept;

  /// For start_server(), start_tls() and the like. @throws error  The settings do not fit together.
  operator server_security_ref() const;  // NOLINT(google-explicit-constructor): it is meant to be given as one

 private:
  friend class detail::server_state;
  std::shared_ptr<detail::server_state> state_;
};

}  // namespace eddy::tls
