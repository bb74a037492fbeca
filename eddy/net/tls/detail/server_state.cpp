// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/server_state.hpp"

#include <openssl/rand.h>

#include "eddy/loop/event_loop.hpp"
#include "eddy/net/tls/detail/certificate_check.hpp"
#include "eddy/net/tls/detail/handshake.hpp"
#include "eddy/net/tls/detail/notes.hpp"

namespace eddy::tls::detail {

server_state::server_state() : context_state(std::chrono::seconds(10)) {
  require(RAND_bytes(ticket_keys_.data(), static_cast<int>(ticket_keys_.size())), "no random bytes");
  require(RAND_bytes(id_.data(), static_cast<int>(id_.size())), "no random bytes");
}

int server_state::verify_mode() const noexcept {
  if (asks == client_certificates::none) return SSL_VERIFY_NONE;
  return asks == client_certificates::optional ? SSL_VERIFY_PEER : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

ctx_ptr server_state::make() const {
  ctx_ptr made = make_context(TLS_server_method());
  SSL_CTX* const context = made.get();
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets: what is resumed is kept by the client
  SSL_CTX_set_session_id_context(context, id_.data(), static_cast<unsigned>(id_.size()));
  SSL_CTX_set_tlsext_ticket_keys(context, const_cast<unsigned char*>(ticket_keys_.data()),
                                 static_cast<long>(ticket_keys_.size()));
  if (!resumes) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
  SSL_CTX_set_verify(context, verify_mode(), note_objection);
  if (!alpn.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (choose) SSL_CTX_set_tlsext_servername_callback(context, choose_by_name);
  return made;
}

void server_state::ask_clients(client_certificates wanted, const pem_source& authorities) {
  asks = wanted;
  add_trust(authorities);
  add([authorities](SSL_CTX* context) {  // tells clients of whom a certificate is wanted
    for (const certificate_ptr& each : read_certificates(authorities))
      require(SSL_CTX_add_client_CA(context, each.get()), "a certificate in " + authorities.name());
  });
}

int server_state::choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                                  const unsigned char* offered, unsigned offered_size, void*) {
  const notes& of = notes_of(ssl);
  const std::string& ours = (of.chosen ? of.chosen : of.server)->alpn;
  unsigned char* found = nullptr;
  const int how = SSL_select_next_proto(&found, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                        static_cast<unsigned>(ours.size()), offered, offered_size);
  *out = found;
  return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int server_state::choose_by_name(SSL* ssl, int* alert, void*) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  notes& of = notes_of(ssl);
  *alert = SSL_AD_INTERNAL_ERROR;
  try {
    const std::optional<server_context> other = of.server->choose(name);
    if (!other || other->state_ == of.server) return SSL_TLSEXT_ERR_OK;
    of.chosen = other->state_;
    return of.chosen->take_over(ssl) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  } catch (...) {
    of.thrown = std::current_exception();
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
}

bool server_state::take_over(SSL* ssl) const {
  // A ticket of the other context says nothing about who may come to this one: its client certificates were not asked
  // for.
  if (SSL_session_reused(ssl) == 1) return false;
  const ctx_ptr own = current();
  if (SSL_set_SSL_CTX(ssl, own.get()) == nullptr) return false;
  SSL_set_verify(ssl, verify_mode(), note_objection);
  // Nor is there a ticket of this one: it would say that it is the other's, whose name is not known when it comes back.
  SSL_set_options(ssl, SSL_OP_NO_TICKET);
  return SSL_set_num_tickets(ssl, 0) == 1;
}

coro<stream> server_state::secure(stream plain) const {
  clear_errors();
  ssl_ptr made(SSL_new(current().get()));
  if (!made) throw_configuration("OpenSSL cannot make a connection");
  notes& of = attach_notes(made.get());
  of.server = shared_from_this();
  const auto at = plain.remote_endpoint();
  of.peer = at ? "the client " + at->to_string() : "a client";
  SSL_set_accept_state(made.get());
  co_return co_await shake_hands(std::move(plain), std::move(made), *this);
}

void server_state::report_failure(const std::exception_ptr& error) const noexcept {
  if (failure_handler)
    failure_handler(error);
  else
    event_loop::current().handle_exception({"a client's TLS handshake failed", error});
}

}  // namespace eddy::tls::detail
