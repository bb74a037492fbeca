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
  if (request.path_) co_return co_await detail::connect_unix(*request.path_, request.how_);
  const std::vector<endpoint> found = co_await resolve(request.host_, request.port_, request.family_);
  std::vector<endpoint> addresses = detail::interleaved(found, request.how_.interleave);
  std::string target = join_host_port(request.host_, request.port_);
  co_return co_await detail::race_connections(std::move(addresses), request.how_, std::move(target));
}

}  // namespace eddy
