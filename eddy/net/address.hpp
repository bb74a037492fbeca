// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eddy {

/// An IPv4 or IPv6 address; an IPv6 one with the scope (the interface) that link-local addresses need.
///
/// A plain value. **In asyncio.** The string in front of a socket's port; `ipaddress.ip_address`.
class ip_address {
 public:
  /// `0.0.0.0`
  constexpr ip_address() noexcept = default;

  static constexpr ip_address v4(std::array<std::uint8_t, 4> bytes) noexcept {
    ip_address made;
    for (std::size_t i = 0; i < bytes.size(); ++i) made.bytes_[i] = bytes[i];
    return made;
  }
  /// @param scope  The number of an interface; 0 for none.
  static constexpr ip_address v6(std::array<std::uint8_t, 16> bytes, std::uint32_t scope = 0) noexcept {
    ip_address made;
    made.bytes_ = bytes;
    made.scope_ = scope;
    made.v6_ = true;
    return made;
  }
  static constexpr ip_address loopback_v4() noexcept { return v4({127, 0, 0, 1}); }
  static constexpr ip_address loopback_v6() noexcept { return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}); }

  /// `127.0.0.1`, `::1`, `fe80::1%eth0`, `fe80::1%2`: without brackets. @returns nothing for anything else, names
  /// included.
  static std::optional<ip_address> parse(std::string_view text);

  constexpr bool is_v4() const noexcept { return !v6_; }
  constexpr bool is_v6() const noexcept { return v6_; }
  constexpr std::uint32_t scope() const noexcept { return scope_; }
  /// The first 4 or all 16 of them, in network order; the rest is 0.
  constexpr const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  bool is_loopback() const noexcept;
  /// `0.0.0.0` or `::`: every address of this machine.
  bool is_unspecified() const noexcept;

  /// The shortest usual form, as parse() reads it; the scope as a number.
  std::string to_string() const;

  friend constexpr auto operator<=>(const ip_address&, const ip_address&) noexcept = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
  bool v6_ = false;
};

/// An address with a port: one end of a connection.
class endpoint {
 public:
  /// `0.0.0.0:0`
  constexpr endpoint() noexcept = default;
  constexpr endpoint(ip_address address, std::uint16_t port) noexcept : address_(address), port_(port) {}

  /// `127.0.0.1:80`, `[::1]:80`. @returns nothing for anything else, names included.
  static std::optional<endpoint> parse(std::string_view text);
  /// What the system keeps in a sockaddr. @throws misuse_error for a family other than IPv4 and IPv6.
  static endpoint from_system(const sockaddr_storage& address);

  constexpr const ip_address& address() const noexcept { return address_; }
  constexpr std::uint16_t port() const noexcept { return port_; }

  /// As parse() reads it.
  std::string to_string() const;
  /// Writes it as the system's structure. @returns its size in bytes.
  socklen_t to_system(sockaddr_storage& out) const noexcept;

  friend constexpr auto operator<=>(const endpoint&, const endpoint&) noexcept = default;

 private:
  ip_address address_;
  std::uint16_t port_ = 0;
};

/// A host, which may be a name or a literal address, with a port.
struct host_and_port {
  host_and_port(std::string h, std::uint16_t p) : host(std::move(h)), port(p) {}
  std::string host;  // an IPv6 literal without its brackets
  std::uint16_t port;
};

/// Takes `host:port`, `127.0.0.1:80` or `[::1]:80` apart. The port is 1 to 5 digits, at most 65535.
/// @returns nothing when it is none of them, also for an IPv6 literal without brackets.
std::optional<host_and_port> split_host_port(std::string_view text);

/// Puts them together again: `[::1]:80`, `example.org:80`.
std::string join_host_port(std::string_view host, std::uint16_t port);

}  // namespace eddy
