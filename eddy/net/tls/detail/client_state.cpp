// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/client_state.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/tls/detail/certificate_check.hpp"
#include "eddy/net/tls/detail/handshake.hpp"
#include "eddy/net/tls/detail/notes.hpp"

namespace eddy::tls::detail {

void client_state::begin_own_trust() {
  if (!own_trust) trusts_system = false;
  own_trust = true;
}

ctx_ptr client_state::make() const {
  ctx_ptr made = make_context(TLS_client_method());
  SSL_CTX* const context = made.get();
  if (trusts_system) require(SSL_CTX_set_default_verify_paths(context), "the system's authorities cannot be read");
  SSL_CTX_set_verify(context, checks_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, note_objection);
  SSL_CTX_set_session_cache_mode(context,
                                 resumes ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  return made;
}

/// A session that may be resumed has come: OpenSSL's hook. @returns whether its reference was taken.
int client_state::keep_session(SSL* ssl, SSL_SESSION* session) {
  const notes& of = notes_of(ssl);
  if (of.client == nullptr || of.session_key.empty()) return 0;
  SSL_SESSION_up_ref(session);  // a reference of one's own: OpenSSL's stays its own, whatever fails here
  try {
    of.client->sessions_.put(of.session_key, session_ptr(session));
  } catch (const std::bad_alloc&) {
  }
  return 0;
}

ssl_ptr client_state::prepare(const stream& plain, const std::string& host) const {
  if (host.empty() && checks_certificate && checks_host)
    throw misuse_error(
        "a TLS client has to know whom it talks to: give the host, or choose "
        "client_context::without_host_name_check()");
  clear_errors();
  ssl_ptr made(SSL_new(current().get()));
  if (!made) throw_configuration("OpenSSL cannot make a connection");
  SSL* const ssl = made.get();
  notes& of = attach_notes(ssl);
  of.client = shared_from_this();
  of.peer = host.empty() ? "the server" : host;
  SSL_set_connect_state(ssl);
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  if (checks_certificate && checks_host) expect_host(ssl, name);
  // A server that is known by its address has no name to be asked for.
  if (!name.empty() && !ip_address::parse(name.substr(0, name.find('%'))))
    require(SSL_set_tlsext_host_name(ssl, name.c_str()), "\"" + host + "\" is no host name");
  const auto at = plain.remote_endpoint();
  if (!resumes || name.empty()) return made;
  of.session_key = name + ":" + (at ? std::to_string(at->port()) : std::string());
  if (const session_ptr kept = sessions_.take(of.session_key)) SSL_set_session(ssl, kept.get());
  return made;
}

coro<stream> client_state::secure(stream plain, std::string host) const {
  ssl_ptr ssl = prepare(plain, host);
  co_return co_await shake_hands(std::move(plain), std::move(ssl), *this);
}

}  // namespace eddy::tls::detail
