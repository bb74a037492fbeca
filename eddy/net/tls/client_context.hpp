// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "eddy/net/stream_security.hpp"
#include "eddy/net/tls/errors.hpp"
#include "eddy/net/tls/identity.hpp"
#include "eddy/net/tls/settings.hpp"

namespace eddy::tls {

namespace detail {
class client_state;
}

/// How a client secures its connections: `open_connection("example.org", 443).tls(tls::client_context())`.
///
/// By default the server has to show a certificate for the host that was asked for, issued by an authority that the
/// system trusts; TLS 1.2 and 1.3, ciphers with forward secrecy; sessions are resumed. Settings are chained where it is
/// made, and do not change after that.
///
/// **Thread safety.** One may be used on the threads of several loops, by copies (they share the trust store and the
/// sessions). Where handshakes are many a context a loop is faster: OpenSSL 3.0 locks.
/// **In asyncio.** `ssl.create_default_context()`.
class client_context {
 public:
  client_context();

  // -- whom to trust; the first of these takes the place of the system's authorities, further ones add

  /// A PEM file of authorities. @throws error, std::system_error
  client_context&& ca_file(const std::string& path) &&;
  /// The same as text.
  client_context&& ca_pem(const std::string& text) &&;
  /// A directory as `openssl rehash` makes them, read (on the loop's thread) when a certificate is checked.
  client_context&& ca_directory(const std::string& path) &&;
  /// The system's authorities, beside those above.
  client_context&& system_trust() &&;

  /// The certificate is checked, but may be for any host: for who knows the peer by its authority alone.
  client_context&& without_host_name_check() &&;
  /// Anybody may be on the other end, and read and change everything. For looking at a broken server.
  client_context&& without_verification() &&;

  // -- what to show and to offer

  /// What a server gets that asks for a certificate.
  client_context&& certificate(const identity& shown) &&;
  /// The protocols to offer, the best first: `.alpn("h2", "http/1.1")`. Agreed on is connection_info::alpn.
  /// @throws misuse_error  A name is empty or longer than 255 bytes.
  template <class... Names>
  client_context&& alpn(Names&&... names) && {
    return std::move(*this).alpn_protocols(std::vector<std::string>{std::string(std::forward<Names>(names))...});
  }
  client_context&& alpn_protocols(const std::vector<std::string>& names) &&;

  // -- how

  /// Defaults: TLS 1.2 and the newest.
  client_context&& min_version(version lowest) &&;
  client_context&& max_version(version highest) &&;
  /// Ciphers as OpenSSL names them: for TLS 1.2, and for 1.3. @throws error  None is known.
  client_context&& ciphers(std::string list) &&;
  client_context&& ciphersuites(std::string list) &&;
  /// Whether sessions are resumed with servers that offer it. Default: yes.
  client_context&& resumption(bool on) &&;
  /// For a handshake. Default 30 s; a connection's own timeout() counts too.
  client_context&& handshake_timeout(std::chrono::nanoseconds limit) &&;
  /// How long stream::close() waits for the peer's answer to its close_notify. Default 1 s.
  client_context&& close_wait(std::chrono::nanoseconds limit) &&;

  /// How handshakes went so far.
  handshake_counts counts() const noexcept;

  /// For open_connection(), start_tls() and the like. @throws error  The settings do not fit together.
  operator client_security_ref() const;  // NOLINT(google-explicit-constructor): it is meant to be given as one

 private:
  std::shared_ptr<detail::client_state> state_;
};

}  // namespace eddy::tls
