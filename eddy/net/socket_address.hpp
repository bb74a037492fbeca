// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "eddy/net/address.hpp"
#include "eddy/net/unix_address.hpp"

namespace eddy {

/// Where a socket is, or where to reach it: an endpoint (IPv4 or IPv6 with a port), a Unix address, or nothing.
///
/// Either converts to it, and compares with it. A plain value.
///
/// **In asyncio.** What `get_extra_info("sockname")` gives: a tuple, or a string for a Unix socket.
class socket_address {
 public:
  /// No address.
  socket_address() noexcept = default;
  socket_address(const endpoint& at) noexcept
      : kind_(kind::network), endpoint_(at) {}  // NOLINT(google-explicit-constructor)
  socket_address(unix_address at) noexcept
      : kind_(kind::local), unix_(std::move(at)) {}  // NOLINT(google-explicit-constructor)

  /// @returns no address for a family other than IPv4, IPv6 and Unix.
  static socket_address from_system(const sockaddr_storage& address, socklen_t size);

  /// Null when it is none.
  const endpoint* as_endpoint() const noexcept { return kind_ == kind::network ? &endpoint_ : nullptr; }
  const unix_address* as_unix() const noexcept { return kind_ == kind::local ? &unix_ : nullptr; }
  explicit operator bool() const noexcept { return kind_ != kind::none; }

  /// AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC for none.
  int family() const noexcept;
  /// `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`, `@name`; `(none)`.
  std::string to_string() const;
  /// Writes it as the system's structure. @returns its size in bytes; 0 for none.
  socklen_t to_system(sockaddr_storage& out) const noexcept;

  friend bool operator==(const socket_address&, const socket_address&) noexcept = default;
  friend auto operator<=>(const socket_address&, const socket_address&) noexcept = default;

 private:
  enum class kind : std::uint8_t { none, network, local };

  // What the kind does not name is as it was made: so all members compare.
  kind kind_ = kind::none;
  endpoint endpoint_;
  unix_address unix_;
};

namespace detail {

/// What a socket's name is, by getsockname or getpeername. No address when there is none.
using name_function = int (*)(int, sockaddr*, socklen_t*);
socket_address name_of(int fd, name_function ask);

}  // namespace detail
}  // namespace eddy
