// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "eddy/net/listener.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/open_connection.hpp"

namespace eddy::testing {

/// Two connected streams over the loopback interface.
inline coro<std::pair<stream, stream>> tcp_pair(ip_address on = ip_address::loopback_v4()) {
  listener at(endpoint(on, 0));
  stream near = co_await open_connection(at.local_endpoint());
  stream far = co_await at.accept();
  co_return std::pair(std::move(near), std::move(far));
}

/// Bytes that differ along the way, so that a hole or a repetition shows.
inline std::string pattern(std::size_t size) {
  std::string made(size, '\0');
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return made;
}

}  // namespace eddy::testing
