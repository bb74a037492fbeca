// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/server.hpp"

#include <array>

#include "eddy/net/detail/server_core.hpp"
#include "eddy/net/resolver.hpp"

namespace eddy {

namespace {

coro<std::vector<endpoint>> places_of(std::string host, std::uint16_t port) {
  if (!host.empty()) co_return co_await resolve(std::move(host), port);
  std::vector<endpoint> all;
  all.emplace_back(ip_address(), port);
  all.emplace_back(ip_address::v6({}), port);
  co_return all;
}

}  // namespace

server::server(std::unique_ptr<detail::connection_handler> handler, std::string host, std::uint16_t port)
    : core_(std::make_shared<detail::server_core>(std::move(handler))) {
  core_->host = std::move(host);
  core_->port = port;
}

server::server(std::unique_ptr<detail::connection_handler> handler, const endpoint& at)
    : server(std::move(handler), at.address().to_string(), at.port()) {}

server::~server() {
  if (core_) core_->abort();
}

server&& server::backlog(int connections) && {
  core_->listening.backlog = connections;
  return std::move(*this);
}
server&& server::max_connections(std::size_t count) && {
  if (count == 0) throw misuse_error("server::max_connections: 0 would never serve anybody; leave it out for no limit");
  core_->max_connections = count;
  return std::move(*this);
}
server&& server::close_timeout(std::chrono::nanoseconds limit) && {
  core_->close_timeout = limit;
  return std::move(*this);
}
server&& server::reuse_port(bool on) && {
  core_->listening.reuse_port = on;
  return std::move(*this);
}
server&& server::tls(server_security_ref with) && {
  core_->security = std::move(with);
  return std::move(*this);
}

coro<> server::aenter() {
  const std::vector<endpoint> places = co_await places_of(core_->host, core_->port);
  core_->listen(places);
  core_->start_accepting();
}

coro<> server::aexit() { return core_->stop(); }

std::uint16_t server::port() const { return endpoints().front().port(); }

const std::vector<endpoint>& server::endpoints() const {
  if (core_->endpoints().empty())
    throw misuse_error(
        "this server does not listen yet: use it inside with(start_server(...), [](server& s) -> coro<> {...})");
  return core_->endpoints();
}

std::size_t server::connections() const { return core_->active(); }

void server::close() { core_->close(); }

coro<> server::serve_forever() { return core_->wait_closed(); }

}  // namespace eddy
