// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/open_connection.hpp"

#include "eddy/flow/timeout.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/net/socket.hpp"

namespace eddy {

coro<stream> connection_request::connect(connection_request request) {
  co_return co_await wait_for(establish(request), request.limit_, request.where_);
}

coro<stream> connection_request::establish(const connection_request& request) {
  stream plain = co_await attempt_all(request);
  if (!request.security_) co_return plain;
  const std::string& host = request.server_name_.empty() ? request.host_ : request.server_name_;
  co_return co_await start_tls(std::move(plain), request.security_, host);
}

coro<stream> connection_request::attempt_all(const connection_request& request) {
  const std::vector<endpoint> addresses = co_await resolve(request.host_, request.port_);
  std::vector<connect_error::attempt> failed;
  for (const endpoint& address : addresses) {
    int error = 0;
    std::unique_ptr<detail::socket> socket;
    try {
      socket = detail::socket::make(address.address());
    } catch (const std::system_error& e) {  // this machine has no IPv6, say
      failed.emplace_back(address, e.code());
      continue;
    }
    error = co_await socket->connect(address);
    if (error != 0) {
      failed.emplace_back(address, std::error_code(error, std::generic_category()));
      continue;
    }
    if (request.nodelay_) socket->set_nodelay(true);
    co_return stream(std::move(socket));
  }
  throw connect_error(join_host_port(request.host_, request.port_), std::move(failed));
}

}  // namespace eddy
