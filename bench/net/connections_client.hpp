// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

// The other side of bench_connections: plain system calls, in a process of its own, since a process may hold only so
// many descriptors. It says on stdout how far it has come, and waits for a line on stdin.

/// Opens `count` connections and proves each with a byte there and back; prints "open"; holds them until stdin has a
/// line or ends.
int hold_connections(std::uint16_t port, int count);

/// Opens and closes connections, `at_once` at a time, for `seconds`; each carries a byte there and back. Half of them
/// end in order, half by a reset. Prints how many.
int open_and_close(std::uint16_t port, int at_once, int seconds);
