// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

// Asks a slow_server `count` questions, each on a connection of its own, and adds up the answers: three ways to wait.

namespace choosing {

/// One after the other.
long requests_in_a_loop(std::uint16_t port, int count);
/// All at once, a thread each.
long requests_in_threads(std::uint16_t port, int count);
/// All at once, a coroutine each, on the caller's thread.
long requests_in_coroutines(std::uint16_t port, int count);

}  // namespace choosing
