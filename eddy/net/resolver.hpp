// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/errors.hpp"

namespace eddy {

/// Which kind of addresses is wanted.
enum class ip_family : std::uint8_t { any, v4, v6 };

/// Finds the addresses of a host, by the system's own rules (getaddrinfo), in the order in which to try them.
///
/// A literal address is answered at once. Names are looked up on a few threads of the loop's own, or as
/// set_host_resolver() says; equal look-ups that are under way at the same time share one call, and an answer is
/// remembered for a few seconds (set_resolve_cache()). An error is not remembered: what failed a moment ago may work
/// now, and those who ask at the same time share the failure anyway.
///
/// Answers are not trusted: addresses that come twice are given once, and of more than 256 the first 256.
///
/// @param host  A name, or an address without brackets.
/// @returns at least one address, each with `port`.
/// @throws resolve_error  There is none (of this family), or the system could not find out.
///
/// **Cancellation.** A cancellation point; leaves at once. A look-up that nobody waits for any more is cancelled; a
/// call of getaddrinfo that has started goes on on its thread, on its own.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `loop.getaddrinfo`; there nothing is shared or remembered, and a cancelled one keeps a thread of the
/// common pool.
coro<std::vector<endpoint>> resolve(std::string host, std::uint16_t port, ip_family family = ip_family::any);

/// Finds addresses in some other way than the system's: by a protocol of one's own, from a service registry, in a test.
///
/// **Lifetime.** Kept as long as a look-up of it runs.
class host_resolver {
 public:
  virtual ~host_resolver() = default;
  /// The addresses of `host`, in the order in which to try them. Runs in a task of its own on the loop; cancelled when
  /// nobody waits for it any more.
  /// @throws resolve_error  There are none; an empty answer means the same. Anything else reaches the waiters too.
  virtual coro<std::vector<ip_address>> look_up(std::string host) = 0;
};

/// Takes the place of the system's resolver on the current loop, for later look-ups; null for the system's again.
/// Forgets what was remembered.
void set_host_resolver(std::shared_ptr<host_resolver> resolver);

/// Finds addresses by blocking: what runs on the resolver's threads. Owns all that it touches.
/// @throws resolve_error  There is none.
using host_lookup = detail::function<std::vector<ip_address>(const std::string& host)>;

/// The same with a function that blocks, and runs on the threads of the loop's resolver; null for the system's again.
void set_host_lookup(host_lookup lookup);

/// How long the current loop remembers an answer, and of how many hosts; forgets what it has. Defaults: 5 s, 1024
/// hosts.
///
/// @param keep  0: nothing is remembered.
void set_resolve_cache(std::chrono::nanoseconds keep, std::size_t hosts = 1024);

}  // namespace eddy
