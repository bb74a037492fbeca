// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/errors.hpp"
#include "eddy/net/socket.hpp"

namespace eddy::detail {

/// How a connection is made once the addresses are known.
struct attempt_settings {
  attempt_settings() noexcept {}
  std::chrono::nanoseconds delay =
      std::chrono::milliseconds(250);  // before the next address is tried beside the others
  std::size_t interleave = 1;          // addresses of the first family before the other has its turn
  std::optional<endpoint> local;       // where it comes from
  std::vector<socket_option> options;  // set before connecting
  bool nodelay = true;
};

/// RFC 8305, section 4: addresses of both families take turns, beginning with the family of the first one, of which
/// `first` come in front. The order within a family stays.
std::vector<endpoint> interleaved(const std::vector<endpoint>& addresses, std::size_t first);

/// RFC 8305, section 5: tries the addresses in their order, each `delay` after the one before, or at once when one has
/// failed; the first that takes the connection wins, and the others are withdrawn and closed.
///
/// @param target  For the error.  @throws connect_error  None took it.
/// **Cancellation.** A cancellation point; nothing stays open.
coro<owned<socket>> race_connections(std::vector<endpoint> addresses, const attempt_settings& settings,
                                     std::string target);

/// Connects to a Unix listener. While its queue is full it asks again, at longer and longer intervals: the system has
/// no other way to wait for room.
/// @throws connect_error
coro<owned<socket>> connect_unix(unix_address to, const attempt_settings& settings);

}  // namespace eddy::detail
