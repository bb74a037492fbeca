// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/socket_address.hpp"

namespace eddy {

socket_address socket_address::from_system(const sockaddr_storage& address, socklen_t size) {
  if (size < sizeof address.ss_family) return {};
  if (address.ss_family == AF_UNIX) return unix_address::from_system(address, size);
  if (address.ss_family == AF_INET || address.ss_family == AF_INET6) return endpoint::from_system(address);
  return {};
}

int socket_address::family() const noexcept {
  if (as_unix() != nullptr) return AF_UNIX;
  const endpoint* const ip = as_endpoint();
  if (ip == nullptr) return AF_UNSPEC;
  return ip->address().is_v4() ? AF_INET : AF_INET6;
}

std::string socket_address::to_string() const {
  if (const endpoint* const ip = as_endpoint()) return ip->to_string();
  if (const unix_address* const path = as_unix()) return path->to_string();
  return "(none)";
}

socklen_t socket_address::to_system(sockaddr_storage& out) const noexcept {
  if (const endpoint* const ip = as_endpoint()) return ip->to_system(out);
  if (const unix_address* const path = as_unix()) return path->to_system(out);
  return 0;
}

namespace detail {

socket_address name_of(int fd, name_function ask) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (fd < 0 || ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return socket_address::from_system(address, size);
}

}  // namespace detail
}  // namespace eddy
