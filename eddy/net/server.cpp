// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/server.hpp"

#include "eddy/base/owned.hpp"
#include "eddy/net/detail/server_core.hpp"

namespace eddy {

server::server(detail::owned<detail::connection_handler> handler, std::vector<listen_place> places)
    : core_(std::make_shared<detail::server_core>(std::move(handler))) {
  if (places.empty()) throw misuse_error("start_server: the list of places to listen on is empty");
  core_->places = std::move(places);
}

server::server(detail::owned<detail::connection_handler> handler, std::string host, std::uint16_t port)
    : server(std::move(handler), std::vector<listen_place>(1, listen_place(std::move(host), port))) {}

server::server(detail::owned<detail::connection_handler> handler, const endpoint& at)
    : server(std::move(handler), std::vector<listen_place>(1, listen_place(at))) {}

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

server&& server::permissions(mode_t mode) && {
  core_->listening.permissions = mode;
  return std::move(*this);
}
server&& server::option(socket_option one) && {
  core_->listening.options.push_back(std::move(one));
  return std::move(*this);
}

coro<> server::aenter() { return core_->start(); }

coro<> server::aexit() { return core_->stop(); }

std::uint16_t server::port() const {
  if (endpoints().empty())
    throw misuse_error("this server listens on Unix sockets alone, which have no port; use addresses()");
  return endpoints().front().port();
}

const std::vector<endpoint>& server::endpoints() const {
  (void)addresses();
  return core_->endpoints();
}

const std::vector<socket_address>& server::addresses() const {
  if (core_->addresses().empty())
    throw misuse_error(
        "this server does not listen yet: use it inside with(start_server(...), [](server& s) -> coro<> {...})");
  return core_->addresses();
}

std::size_t server::connections() const { return core_->active(); }

server_statistics server::statistics() const { return core_->statistics(); }

void server::close() { core_->close(); }

bool server::closing() const noexcept { return core_->closing(); }

coro<> server::wait_closed() { return core_->wait_ended(); }

coro<> server::serve_forever() { return core_->wait_closed(); }

bool server_view::closing() const noexcept { return core_->closing(); }

coro<> server_view::wait_closing() const { return core_->wait_closed(); }

server_statistics server_view::statistics() const { return core_->statistics(); }

}  // namespace eddy
