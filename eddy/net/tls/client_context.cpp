// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/client_context.hpp"

#include "eddy/net/tls/detail/client_state.hpp"

namespace eddy::tls {

client_context::client_context() : state_(std::make_shared<detail::client_state>()) {}

client_context&& client_context::ca_file(const std::string& path) && {
  state_->begin_own_trust();
  state_->add_trust(detail::pem_source::file(path));
  return std::move(*this);
}
client_context&& client_context::ca_pem(const std::string& text) && {
  state_->begin_own_trust();
  state_->add_trust(detail::pem_source::text(text, "the authorities' text"));
  return std::move(*this);
}
client_context&& client_context::ca_directory(const std::string& path) && {
  state_->begin_own_trust();
  state_->add([path](SSL_CTX* context) {
    detail::require(SSL_CTX_load_verify_dir(context, path.c_str()), "cannot use the directory " + path);
  });
  return std::move(*this);
}
client_context&& client_context::system_trust() && {
  state_->own_trust = true;
  state_->trusts_system = true;
  return std::move(*this);
}
client_context&& client_context::without_host_name_check() && {
  state_->checks_host = false;
  return std::move(*this);
}
client_context&& client_context::without_verification() && {
  state_->checks_certificate = false;
  return std::move(*this);
}
client_context&& client_context::certificate(const identity& shown) && {
  state_->add_identity(shown);
  return std::move(*this);
}
client_context&& client_context::alpn_protocols(const std::vector<std::string>& names) && {
  state_->add([list = detail::alpn_list(names)](SSL_CTX* context) {
    // The one function of OpenSSL's that returns 0 for success.
    const auto* const bytes = reinterpret_cast<const unsigned char*>(list.data());
    if (SSL_CTX_set_alpn_protos(context, bytes, static_cast<unsigned>(list.size())) != 0)
      detail::throw_configuration("the protocols cannot be offered");
  });
  return std::move(*this);
}
client_context&& client_context::min_version(version lowest) && {
  state_->add_protocol_bounds(lowest, true);
  return std::move(*this);
}
client_context&& client_context::max_version(version highest) && {
  state_->add_protocol_bounds(highest, false);
  return std::move(*this);
}
client_context&& client_context::ciphers(std::string list) && {
  state_->add_ciphers(std::move(list), false);
  return std::move(*this);
}
client_context&& client_context::ciphersuites(std::string list) && {
  state_->add_ciphers(std::move(list), true);
  return std::move(*this);
}
client_context&& client_context::resumption(bool on) && {
  state_->resumes = on;
  return std::move(*this);
}
client_context&& client_context::handshake_timeout(std::chrono::nanoseconds limit) && {
  state_->handshake_timeout = limit;
  return std::move(*this);
}
client_context&& client_context::close_wait(std::chrono::nanoseconds limit) && {
  state_->close_wait = limit;
  return std::move(*this);
}

handshake_counts client_context::counts() const noexcept { return state_->counts(); }

client_context::operator client_security_ref() const {
  state_->current();  // says now what does not fit
  return state_;
}

}  // namespace eddy::tls
