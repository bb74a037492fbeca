// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/context_state.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/net/transport.hpp"

namespace eddy::tls::detail {

namespace {

// Forward secrecy and authenticated encryption only: what every client of the last ten years has.
constexpr const char* ciphers_of_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

}  // namespace

ctx_ptr make_context(const SSL_METHOD* method) {
  eddy::detail::set_layer_thrower(throw_code);
  clear_errors();
  SSL_CTX* const made = SSL_CTX_new(method);
  if (made == nullptr) throw_configuration("OpenSSL cannot make a context");
  ctx_ptr owned(made, SSL_CTX_free);
  SSL_CTX_set_security_level(made, 2);  // no keys or digests that are too weak, whatever the system's default is
  require(SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION), "OpenSSL refuses TLS 1.2");
  require(SSL_CTX_set_cipher_list(made, ciphers_of_1_2), "OpenSSL refuses the ciphers");
  SSL_CTX_set_options(made, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // An idle connection holds no buffers; what is written again after a wait may lie elsewhere.
  SSL_CTX_set_mode(made,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return owned;
}

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& each : protocols) {
    if (each.empty() || each.size() > 255) throw misuse_error("alpn: a protocol's name has 1 to 255 bytes");
    list += static_cast<char>(each.size());
    list += each;
  }
  return list;
}

void context_state::add_protocol_bounds(version bound, bool is_lowest) {
  const int number = bound == version::v1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
  add([=](SSL_CTX* context) {
    require(is_lowest ? SSL_CTX_set_min_proto_version(context, number) : SSL_CTX_set_max_proto_version(context, number),
            "OpenSSL refuses this version");
  });
}

void context_state::add_ciphers(std::string list, bool of_1_3) {
  const auto apply = [list = std::move(list), of_1_3](SSL_CTX* context) {
    clear_errors();
    require(of_1_3 ? SSL_CTX_set_ciphersuites(context, list.c_str()) : SSL_CTX_set_cipher_list(context, list.c_str()),
            "no cipher is known by \"" + list + "\"");
  };
  apply(make_context(TLS_method()).get());  // says now what is wrong
  add(apply);
}

void context_state::add_trust(const pem_source& authorities) {
  read_certificates(authorities);  // says now what is wrong
  add([authorities](SSL_CTX* context) {
    for (const certificate_ptr& each : read_certificates(authorities))
      require(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get()),
              "a certificate in " + authorities.name());
  });
}

ctx_ptr context_state::build(const identities& shown) const {
  ctx_ptr fresh = make();
  for (const setting& each : settings_) each(fresh.get());
  for (const auto& each : shown) use(fresh.get(), each->read());
  return fresh;
}

ctx_ptr context_state::current() const {
  const std::lock_guard lock(guard_);
  if (made_ == nullptr) made_ = build(identities_);
  return made_;
}

void context_state::remake() {
  std::unique_lock lock(guard_);
  identities same = identities_;
  lock.unlock();
  remake(std::move(same));
}

void context_state::remake(const identity& shown) { remake(identities{shown.source()}); }

void context_state::remake(identities shown) {
  ctx_ptr fresh = build(shown);  // without the lock: it reads files
  const std::lock_guard lock(guard_);
  made_ = std::move(fresh);
  identities_ = std::move(shown);
}

void context_state::count_completed(bool resumed) const noexcept {
  completed_.fetch_add(1, std::memory_order_relaxed);
  if (resumed) resumed_.fetch_add(1, std::memory_order_relaxed);
}

handshake_counts context_state::counts() const noexcept {
  handshake_counts now;
  now.completed = completed_.load(std::memory_order_relaxed);
  now.resumed = resumed_.load(std::memory_order_relaxed);
  now.failed = failed_.load(std::memory_order_relaxed);
  return now;
}

}  // namespace eddy::tls::detail
