// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/server_context.hpp"

#include "eddy/net/tls/detail/server_state.hpp"

namespace eddy::tls {

server_context::server_context(const identity& shown) : state_(std::make_shared<detail::server_state>()) {
  state_->add_identity(shown);
}

server_context&& server_context::also(const identity& shown) && {
  state_->add_identity(shown);
  return std::move(*this);
}
server_context&& server_context::client_ca_file(client_certificates wanted, const std::string& path) && {
  state_->ask_clients(wanted, detail::pem_source::file(path));
  return std::move(*this);
}
server_context&& server_context::client_ca_pem(client_certificates wanted, const std::string& text) && {
  state_->ask_clients(wanted, detail::pem_source::text(text, "the authorities' text"));
  return std::move(*this);
}
server_context&& server_context::alpn_protocols(const std::vector<std::string>& names) && {
  state_->alpn = detail::alpn_list(names);
  return std::move(*this);
}
server_context&& server_context::on_server_name(
    eddy::detail::function<std::optional<server_context>(std::string_view name)> choose) && {
  state_->choose = std::move(choose);
  return std::move(*this);
}
server_context&& server_context::min_version(version lowest) && {
  state_->add_protocol_bounds(lowest, true);
  return std::move(*this);
}
server_context&& server_context::max_version(version highest) && {
  state_->add_protocol_bounds(highest, false);
  return std::move(*this);
}
server_context&& server_context::ciphers(std::string list) && {
  state_->add_ciphers(std::move(list), false);
  return std::move(*this);
}
server_context&& server_context::ciphersuites(std::string list) && {
  state_->add_ciphers(std::move(list), true);
  return std::move(*this);
}
server_context&& server_context::resumption(bool on) && {
  state_->resumes = on;
  return std::move(*this);
}
server_context&& server_context::handshake_timeout(std::chrono::nanoseconds limit) && {
  state_->handshake_timeout = limit;
  return std::move(*this);
}
server_context&& server_context::close_wait(std::chrono::nanoseconds limit) && {
  state_->close_wait = limit;
  return std::move(*this);
}
server_context&& server_context::on_handshake_failure(
    eddy::detail::function<void(const std::exception_ptr&)> handler) && {
  state_->failure_handler = std::move(handler);
  return std::move(*this);
}

void server_context::reload() { state_->remake(); }
void server_context::reload(const identity& shown) { state_->remake(shown); }

handshake_counts server_context::counts() const noexcept { return state_->counts(); }

server_context::operator server_security_ref() const {
  state_->current();  // says now what does not fit
  return state_;
}

}  // namespace eddy::tls
