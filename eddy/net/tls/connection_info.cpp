// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/connection_info.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/net/tls/detail/pem.hpp"
#include "eddy/net/tls/detail/secure_transport.hpp"

namespace eddy::tls {

namespace {

const detail::secure_transport* transport_of(const stream& which) noexcept {
  if (!which) return nullptr;
  return dynamic_cast<const detail::secure_transport*>(&which.shared()->carrier());
}

SSL* ssl_of(const stream& which) {
  const detail::secure_transport* const found = transport_of(which);
  if (found == nullptr)
    throw misuse_error("this stream is not secure; get one from open_connection(...).tls(context) or start_tls()");
  return found->ssl();
}

}  // namespace

bool is_secure(const stream& which) noexcept { return transport_of(which) != nullptr; }

connection_info info(const stream& of) {
  SSL* const ssl = ssl_of(of);
  connection_info facts;
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  if (size != 0) facts.alpn.assign(reinterpret_cast<const char*>(protocol), size);
  if (const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) facts.server_name = name;
  facts.resumed = SSL_session_reused(ssl) == 1;
  if (const X509* const peer = SSL_get0_peer_certificate(ssl)) facts.peer = detail::describe(peer);
  // On the server's side the peer's own is not among them.
  if (SSL_is_server(ssl) == 1 && facts.peer) facts.chain.push_back(*facts.peer);
  const STACK_OF(X509)* const above = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(above); ++i) facts.chain.push_back(detail::describe(sk_X509_value(above, i)));
  return facts;
}

void update_keys(const stream& of) {
  SSL* const ssl = ssl_of(of);
  if (SSL_version(ssl) != TLS1_3_VERSION)
    throw misuse_error("keys are updated in TLS 1.3 only; this is " + std::string(SSL_get_version(ssl)));
  if (SSL_get_key_update_type(ssl) != SSL_KEY_UPDATE_NONE) return;  // asked for, and waits for the next write
  detail::clear_errors();
  if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1)
    throw error(trouble::protocol, detail::take_error(), "the keys cannot be updated");
}

}  // namespace eddy::tls
