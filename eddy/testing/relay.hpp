// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"

namespace eddy::testing {

class relay_core;

/// How a relay lets a connection end before its time.
enum class relay_end : std::uint8_t {
  orderly,  // both sides are closed: each reads the end of the stream
  half,     // the receiving side reads the end; the sender may go on, and is heard no more
  reset,    // both sides get a reset
  silence,  // nothing passes any more in either direction, and nobody is told
};

/// Which way bytes go through a relay: the client is who connects to it.
enum class relay_direction : std::uint8_t { to_server, to_client };

/// A bad network between two real peers: listens on a port of its own, and passes what comes on to `target` and back:
/// late, slowly, byte by byte, or not at all. A resource for `with`:
/// `co_await with(relay(server_at).delay(50ms), [&](relay& r) -> coro<> { ... r.local_endpoint() ... });`
///
/// Settings hold for every connection. What a peer does passes through: its end, its half-close, its reset. At most
/// 1 MiB a direction is held back, then the sender feels it. Leaving the `with` ends all connections at once.
///
/// **Thread safety.** Only on its loop's thread. The peers may be anywhere.
class relay {
 public:
  explicit relay(const endpoint& target);
  relay(relay&&) noexcept;
  relay& operator=(relay&&) = delete;
  ~relay();

  /// Everything arrives so much later, each way. Does not lower the rate.
  relay&& delay(std::chrono::nanoseconds late) &&;
  /// At most so many bytes a second, each way. @throws misuse_error for 0: see stall().
  relay&& throttle(std::size_t bytes_a_second) &&;
  /// Passes so many bytes on at a time, each as a packet of its own: 1 is byte by byte. @throws misuse_error for 0.
  relay&& chunk(std::size_t bytes) &&;
  /// Ends each connection once so many of its bytes have passed this way: 0 is before the first. Default: never.
  relay&& end_after(relay_direction way, std::size_t bytes, relay_end how) &&;

  coro<> aenter();
  coro<> aexit();

  /// Where to connect to.
  endpoint local_endpoint() const;

  /// From now on nothing passes, until resume().
  void stall();
  void resume();
  /// Ends all connections that there are.
  void end(relay_end how);

  /// What has passed so far.
  struct statistics {
    std::size_t connections = 0;  // accepted so far
    std::size_t open = 0;
    std::size_t to_server = 0;  // bytes
    std::size_t to_client = 0;
    std::size_t pieces = 0;  // writes, both ways
  };
  statistics stats() const;

 private:
  std::unique_ptr<relay_core> core_;
};

}  // namespace eddy::testing
