// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/client.hpp"

#include "eddy/http/detail/exchange.hpp"

namespace eddy::http {

client::client(const client_options& options) : core_(std::make_shared<detail::client_core>(options)) {}

client::~client() { close(); }

client_request client::request(std::string_view method, http::url url) {
  if (!core_) throw misuse_error("this http::client was moved from");
  if (method == "CONNECT")
    throw std::invalid_argument("CONNECT makes a tunnel, which is no request of a client; open a stream for it");
  return client_request(eddy::detail::make_owned<detail::exchange>(core_, method, std::move(url)));
}

void client::close() noexcept {
  if (core_) core_->pool.close();
}

client_statistics client::statistics() const noexcept {
  client_statistics now;
  if (!core_) return now;
  now.connections = core_->pool.open();
  now.idle = core_->pool.idle();
  now.waiting = core_->pool.waiting();
  return now;
}

}  // namespace eddy::http
