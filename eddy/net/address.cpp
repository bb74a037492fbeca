// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include "eddy/base/errors.hpp"

namespace eddy {

namespace {

template <class T>
std::optional<T> parse_number(std::string_view digits) {
  T value = 0;
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  const auto parsed = std::from_chars(begin, end, value);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  if (digits.size() > 5) return std::nullopt;
  return parse_number<std::uint16_t>(digits);
}

std::optional<std::uint32_t> parse_scope(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto number = parse_number<std::uint32_t>(text)) return number;
  const unsigned index = if_nametoindex(text.c_str());
  return index != 0 ? std::optional<std::uint32_t>(index) : std::nullopt;
}

std::optional<ip_address> parse_v6(std::string_view text) {
  std::uint32_t scope = 0;
  if (const auto percent = text.find('%'); percent != std::string_view::npos) {
    const auto found = parse_scope(std::string(text.substr(percent + 1)));
    if (!found) return std::nullopt;
    scope = *found;
    text = text.substr(0, percent);
  }
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  return ip_address::v6(bytes, scope);
}

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) {
  // The system's functions read C strings: a NUL inside would hide what follows it.
  if (text.size() > 64 || text.find('\0') != std::string_view::npos) return std::nullopt;
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  std::array<std::uint8_t, 4> bytes{};
  if (inet_pton(AF_INET, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  return v4(bytes);
}

bool ip_address::is_loopback() const noexcept { return v6_ ? bytes_ == loopback_v6().bytes_ : bytes_[0] == 127; }

bool ip_address::is_unspecified() const noexcept {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string ip_address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
  std::string made = text.data();
  if (scope_ != 0) made += '%' + std::to_string(scope_);
  return made;
}

std::optional<endpoint> endpoint::parse(std::string_view text) {
  const auto parts = split_host_port(text);
  if (!parts) return std::nullopt;
  const auto address = ip_address::parse(parts->host);
  if (!address || address->is_v6() != text.starts_with('[')) return std::nullopt;
  return endpoint(*address, parts->port);
}

endpoint endpoint::from_system(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return {ip_address::v4(bytes), ntohs(in.sin_port)};
  }
  if (address.ss_family != AF_INET6)
    throw misuse_error("this socket's address is neither IPv4 nor IPv6; ask the socket itself for it");
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return {ip_address::v6(bytes, in.sin6_scope_id), ntohs(in.sin6_port)};
}

std::string endpoint::to_string() const { return join_host_port(address_.to_string(), port_); }

socklen_t endpoint::to_system(sockaddr_storage& out) const noexcept {
  if (address_.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, address_.bytes().data(), 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port_);
  in.sin6_scope_id = address_.scope();
  std::memcpy(&in.sin6_addr, address_.bytes().data(), 16);
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

std::optional<host_and_port> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.find(':') == std::string_view::npos) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":]") != std::string_view::npos) {
    return std::nullopt;
  }
  if (host.empty()) return std::nullopt;
  return host_and_port(std::string(host), *port);
}

std::string join_host_port(std::string_view host, std::uint16_t port) {
  std::string text;
  if (host.find(':') != std::string_view::npos)
    text.append("[").append(host).append("]");
  else
    text.append(host);
  return text.append(":").append(std::to_string(port));
}

}  // namespace eddy
