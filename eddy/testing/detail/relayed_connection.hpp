// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "eddy/net/stream.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/detail/relay_core.hpp"

namespace eddy::testing {

/// One connection through a relay, from both peers' sides. Lives in its handler.
class relayed_connection {
 public:
  relayed_connection(relay_core& core, stream client);
  relayed_connection(const relayed_connection&) = delete;
  relayed_connection& operator=(const relayed_connection&) = delete;
  ~relayed_connection();

  /// Until both directions have ended.
  coro<> carry();
  void end(relay_end how, relay_direction way = relay_direction::to_client);

 private:
  /// Bytes on their way; empty: the sender has ended its stream.
  struct piece {
    piece(std::string b, eddy::time_point at) : bytes(std::move(b)), due(at) {}
    std::string bytes;
    eddy::time_point due;
  };
  struct direction {
    direction(relay_direction w, stream& f, stream& t) : way(w), from(f), to(t) {}
    relay_direction way;
    stream& from;
    stream& to;
    queue<piece> under_way{most_pieces};
    std::size_t passed = 0;
    bool deaf = false;  // it has ended for the receiver: what else comes is dropped
  };
  static constexpr std::size_t most_pieces = 16;  // of 64 KiB

  coro<> until_gone(coro<> work);
  void wake();
  coro<> receive(direction& d);
  coro<> deliver(direction& d);
  coro<> pass(direction& d, std::string_view bytes);
  void fall_silent_for(std::optional<direction>& d);
  void reset() noexcept;

  relay_core& core_;
  stream client_;
  stream server_;
  std::optional<direction> to_server_;
  std::optional<direction> to_client_;
  event speaks_;  // cleared for good by relay_end::silence
};

}  // namespace eddy::testing
