// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/errors.hpp"

namespace eddy {

/// Finds the addresses of a host, by the system's own rules (getaddrinfo), in the order in which to try them.
///
/// A literal address is answered at once. Names are looked up on a few threads of the loop's own; equal look-ups that
/// are under way at the same time share one call.
///
/// @param host  A name, or an address without brackets.
/// @returns at least one address, each with `port`.
/// @throws resolve_error  There is none, or the system could not find out.
///
/// **Cancellation.** A cancellation point; leaves at once. A call that has started goes on on its thread, on its own.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `loop.getaddrinfo`.
coro<std::vector<endpoint>> resolve(std::string host, std::uint16_t port);

/// Finds addresses by blocking: what runs on the resolver's threads. Owns all that it touches.
/// @throws resolve_error  There is none.
using host_lookup = std::function<std::vector<ip_address>(const std::string& host)>;

/// Replaces the system's resolver for the current loop, for later look-ups; null for the system's again. For tests, and
/// for programs that know their hosts.
void set_host_lookup(host_lookup lookup);

}  // namespace eddy
