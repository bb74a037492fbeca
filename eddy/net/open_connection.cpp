// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/open_connection.hpp"

#include "eddy/base/owned.hpp"
#include "eddy/flow/timeout.hpp"

namespace eddy {

coro<stream> connection_request::connect(connection_request request) {
  co_return co_await wait_for(establish(request), request.limit_, request.where_);
}

/// Everything that the limit is for.
coro<stream> connection_request::establish(const connection_request& request) {
  stream plain(co_await attempt_all(request));
  if (!request.security_) co_return plain;
  const std::string& host = request.server_name_.empty() ? request.host_ : request.server_name_;
  co_return co_await start_tls(std::move(plain), request.security_, host);
}

coro<detail::owned<detail::socket>> connection_request::attempt_all(const connection_request& request) {
  if (request.to_path_) co_return co_await detail::connect_unix(request.path_, request.how_);
  const std::vector<endpoint> found = co_await resolve(request.host_, request.port_, request.family_);
  std::vector<endpoint> addresses = detail::interleaved(found, request.how_.interleave);
  std::string target = join_host_port(request.host_, request.port_);
  co_return co_await detail::race_connections(std::move(addresses), request.how_, std::move(target));
}

connection_request::connection_request(const connection_request& other) = default;
connection_request::connection_request(connection_request&& other) noexcept = default;
connection_request& connection_request::operator=(const connection_request& other) = default;
connection_request& connection_request::operator=(connection_request&& other) noexcept = default;
connection_request::~connection_request() = default;

connection_request&& connection_request::timeout(std::chrono::nanoseconds limit) && {
  limit_ = limit;
  return std::move(*this);
}

connection_request&& connection_request::nodelay(bool on) && {
  how_.nodelay = on;
  return std::move(*this);
}

connection_request&& connection_request::happy_eyeballs_delay(std::chrono::nanoseconds delay) && {
  how_.delay = delay;
  return std::move(*this);
}

connection_request&& connection_request::interleave(std::size_t first) && {
  how_.interleave = first;
  return std::move(*this);
}

connection_request&& connection_request::family(ip_family only) && {
  family_ = only;
  return std::move(*this);
}

connection_request&& connection_request::local(const endpoint& from) && {
  how_.local = from;
  family_ = from.address().is_v4() ? ip_family::v4 : ip_family::v6;
  return std::move(*this);
}

connection_request&& connection_request::option(socket_option one) && {
  how_.options.push_back(std::move(one));
  return std::move(*this);
}

connection_request&& connection_request::tls(client_security_ref with, std::string host) && {
  security_ = std::move(with);
  server_name_ = std::move(host);
  return std::move(*this);
}

coro<stream>::awaiter connection_request::operator co_await() && {
  return connect(std::move(*this)).operator co_await();
}

connection_request::connection_request(std::string host, std::uint16_t port, std::source_location where)
    : host_(std::move(host)), port_(port), where_(where) {}

connection_request::connection_request(unix_address to, std::source_location where)
    : to_path_(true), path_(std::move(to)), where_(where) {}

connection_request open_connection(std::string host, std::uint16_t port, std::source_location where) {
  return {std::move(host), port, where};
}

connection_request open_connection(const endpoint& to, std::source_location where) {
  return {to.address().to_string(), to.port(), where};
}

connection_request open_unix_connection(unix_address to, std::source_location where) { return {std::move(to), where}; }

}  // namespace eddy
