// SPDX-License-Identifier: BSL-1.0
// Addresses from text and from the system: what is understood comes back as it was.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "eddy/net/socket_address.hpp"
#include "fuzz/require.hpp"

namespace {

void from_text(std::string_view text) {
  if (const auto ip = eddy::ip_address::parse(text))
    require(eddy::ip_address::parse(ip->to_string()) == ip, "it does not come back as it was");
  if (const auto at = eddy::endpoint::parse(text)) {
    require(eddy::endpoint::parse(at->to_string()) == at, "it does not come back as it was");
    sockaddr_storage system{};
    const socklen_t size = at->to_system(system);
    require(eddy::socket_address::from_system(system, size) == eddy::socket_address(*at),
            "it does not come back as it was");
  }
  if (const auto parts = eddy::split_host_port(text)) {
    const auto again = eddy::split_host_port(eddy::join_host_port(parts->host, parts->port));
    require(again && again->host == parts->host && again->port == parts->port, "it does not come back as it was");
  }
}

/// As recvmsg and accept fill it in, with any size.
void from_system(const std::uint8_t* data, std::size_t size) {
  sockaddr_storage system{};
  std::memcpy(&system, data, size < sizeof system ? size : sizeof system);
  for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
    system.ss_family = static_cast<sa_family_t>(family);
    const auto address = eddy::socket_address::from_system(system, static_cast<socklen_t>(size));
    if (!address) continue;
    (void)address.to_string();
    if (address.as_unix() != nullptr && address.as_unix()->name().size() > eddy::unix_address::max_length) continue;
    sockaddr_storage back{};
    require(eddy::socket_address::from_system(back, address.to_system(back)) == address,
            "it does not come back as it was");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  from_text(std::string_view(reinterpret_cast<const char*>(data), size));
  from_system(data, size);
  return 0;
}
