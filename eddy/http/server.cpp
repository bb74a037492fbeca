// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/server.hpp"

#include "eddy/base/owned.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/http/detail/server_connection.hpp"

namespace eddy::http {

namespace {

class http_handler final : public eddy::detail::connection_handler {
 public:
  explicit http_handler(std::shared_ptr<detail::server_state> state) noexcept : state_(std::move(state)) {}
  coro<> handle(eddy::stream connection, const std::shared_ptr<eddy::detail::server_core>&) override {
    return detail::serve_connection(state_, std::move(connection));
  }

 private:
  std::shared_ptr<detail::server_state> state_;
};

}  // namespace

server::server(std::shared_ptr<detail::server_state> state, std::string host, std::uint16_t port)
    : state_(std::move(state)), net_(std::make_unique<http_handler>(state_), std::move(host), port) {}

std::shared_ptr<detail::server_state> server::make_state(eddy::detail::owned<detail::application> app) {
  return std::make_shared<detail::server_state>(std::move(app));
}

server&& server::max_body(std::size_t bytes) && {
  state_->settings.max_body = bytes;
  return std::move(*this);
}
server&& server::limits(const parser_limits& limits) && {
  state_->settings.limits = limits;
  return std::move(*this);
}
server&& server::head_timeout(std::chrono::nanoseconds limit) && {
  state_->settings.head_timeout = limit;
  return std::move(*this);
}
server&& server::body_timeout(std::chrono::nanoseconds limit) && {
  state_->settings.body_timeout = limit;
  return std::move(*this);
}
server&& server::write_timeout(std::chrono::nanoseconds limit) && {
  state_->settings.write_timeout = limit;
  return std::move(*this);
}
server&& server::idle_timeout(std::chrono::nanoseconds limit) && {
  state_->settings.idle_timeout = limit;
  return std::move(*this);
}
server&& server::close_timeout(std::chrono::nanoseconds limit) && {
  std::move(net_).close_timeout(limit);
  return std::move(*this);
}
server&& server::max_connections(std::size_t count) && {
  std::move(net_).max_connections(count);
  return std::move(*this);
}
server&& server::backlog(int connections) && {
  std::move(net_).backlog(connections);
  return std::move(*this);
}
server&& server::reuse_port(bool on) && {
  std::move(net_).reuse_port(on);
  return std::move(*this);
}

coro<> server::aexit() {
  state_->stop();
  return net_.aexit();
}

namespace detail {

host_and_port listening_place(std::string_view at) {
  if (at.starts_with(':')) {
    auto any = split_host_port("0.0.0.0" + std::string(at));
    if (any) return host_and_port(std::string(), any->port);
  } else if (auto place = split_host_port(at)) {
    return std::move(*place);
  }
  throw misuse_error("http::serve: \"" + std::string(at) +
                     "\" is no place to listen: write host:port, [address]:port or :port");
}

coro<> serve_until_cancelled(server made) {
  co_await with(std::move(made), [](server& serving) -> coro<> { co_await serving.serve_forever(); });
}

}  // namespace detail

}  // namespace eddy::http
