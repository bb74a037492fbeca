// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

// Computes `jobs` digests of `rounds` steps each and adds them up: nothing waits, everything computes.

namespace choosing {

/// One after the other.
std::uint64_t hashing_in_a_loop(int jobs, long rounds);
/// On as many threads as there are cores.
std::uint64_t hashing_in_threads(int jobs, long rounds);
/// A coroutine each, which compute on the loop's thread.
std::uint64_t hashing_in_coroutines(int jobs, long rounds);
/// A coroutine each, which give their work to to_thread.
std::uint64_t hashing_in_coroutines_and_threads(int jobs, long rounds);

}  // namespace choosing
