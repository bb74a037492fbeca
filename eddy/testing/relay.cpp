// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/relay.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/testing/detail/relay_core.hpp"
#include "eddy/testing/detail/relayed_connection.hpp"

namespace eddy::testing {

void relay_core::listen() {
  const auto carry = [this](stream client) -> coro<> {
    ++passed.connections;
    relayed_connection connection(*this, std::move(client));
    co_await connection.carry();
  };
  listening.emplace(start_server(carry, endpoint(ip_address::loopback_v4(), 0)).close_timeout(std::chrono::seconds(0)));
}

void relay_core::end(relay_end how) {
  const std::list<relayed_connection*> now = open;
  for (relayed_connection* each : now) each->end(how);
}

relay::relay(const endpoint& target) : core_(std::make_unique<relay_core>(target)) {}
relay::relay(relay&&) noexcept = default;
relay::~relay() = default;

relay&& relay::delay(std::chrono::nanoseconds late) && {
  core_->delay = late;
  return std::move(*this);
}

relay&& relay::throttle(std::size_t bytes_a_second) && {
  if (bytes_a_second == 0) throw misuse_error("relay::throttle: 0 bytes a second is stall()");
  core_->bytes_a_second = bytes_a_second;
  return std::move(*this);
}

relay&& relay::chunk(std::size_t bytes) && {
  if (bytes == 0) throw misuse_error("relay::chunk: at least 1 byte at a time; to pass nothing use stall()");
  core_->chunk = bytes;
  return std::move(*this);
}

relay&& relay::end_after(relay_direction way, std::size_t bytes, relay_end how) && {
  core_->limit_of(way).emplace(bytes, how);
  return std::move(*this);
}

coro<> relay::aenter() {
  core_->listen();
  return core_->listening->aenter();
}

coro<> relay::aexit() { return core_->listening->aexit(); }

endpoint relay::local_endpoint() const {
  if (!core_->listening) throw misuse_error("this relay does not listen yet: use it inside with(relay(...), body)");
  return core_->listening->endpoints().front();
}

void relay::stall() { core_->flowing.clear(); }
void relay::resume() { core_->flowing.set(); }
void relay::end(relay_end how) { core_->end(how); }

relay::statistics relay::stats() const {
  statistics all = core_->passed;
  all.open = core_->open.size();
  return all;
}

}  // namespace eddy::testing
