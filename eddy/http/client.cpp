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

client::client(client&&) noexcept = default;

client_request client::get(std::string_view url) { return request("GET", url); }

client_request client::get(http::url url) { return request("GET", std::move(url)); }

client_request client::head(std::string_view url) { return request("HEAD", url); }

client_request client::head(http::url url) { return request("HEAD", std::move(url)); }

client_request client::post(std::string_view url) { return request("POST", url); }

client_request client::post(http::url url) { return request("POST", std::move(url)); }

client_request client::put(std::string_view url) { return request("PUT", url); }

client_request client::put(http::url url) { return request("PUT", std::move(url)); }

client_request client::patch(std::string_view url) { return request("PATCH", url); }

client_request client::patch(http::url url) { return request("PATCH", std::move(url)); }

client_request client::del(std::string_view url) { return request("DELETE", url); }

client_request client::del(http::url url) { return request("DELETE", std::move(url)); }

client_request client::request(std::string_view method, std::string_view url) {
  return request(method, http::url::parse(url));
}

client& client::operator=(client&& other) noexcept {
  core_.swap(other.core_);
  return *this;
}

}  // namespace eddy::http
