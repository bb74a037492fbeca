// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <list>
#include <optional>

#include "eddy/net/server.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/relay.hpp"

namespace eddy::testing {

class relayed_connection;

/// What a relay and its connections share.
class relay_core {
 public:
  struct limit {
    limit(std::size_t b, relay_end h) noexcept : bytes(b), how(h) {}
    std::size_t bytes;
    relay_end how;
  };

  explicit relay_core(const endpoint& to) : target(to) { flowing.set(); }

  void listen();
  void end(relay_end how);
  std::optional<limit>& limit_of(relay_direction way) noexcept {
    return way == relay_direction::to_server ? end_to_server : end_to_client;
  }

  endpoint target;
  std::chrono::nanoseconds delay{0};
  std::size_t bytes_a_second = 0;  // 0: as many as there are
  std::size_t chunk = SIZE_MAX;
  std::optional<limit> end_to_server;
  std::optional<limit> end_to_client;

  event flowing;
  std::list<relayed_connection*> open;
  relay::statistics passed;
  std::optional<server> listening;
};

}  // namespace eddy::testing
