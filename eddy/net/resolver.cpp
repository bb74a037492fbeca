// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/resolver.hpp"

#include <netdb.h>

#include "eddy/flow/sleep.hpp"
#include "eddy/net/detail/name_service.hpp"

namespace eddy {

namespace {

detail::name_service& current_service() { return event_loop::current().scheduler().service<detail::name_service>(); }

bool fits(const ip_address& address, ip_family family) noexcept {
  return family == ip_family::any || address.is_v4() == (family == ip_family::v4);
}

std::vector<endpoint> with_port(const std::vector<ip_address>& addresses, const std::string& host, std::uint16_t port,
                                ip_family family) {
  std::vector<endpoint> found;
  for (const ip_address& each : addresses)
    if (fits(each, family)) found.emplace_back(each, port);
  if (found.empty()) throw resolve_error(host, EAI_ADDRFAMILY);
  return found;
}

}  // namespace

coro<std::vector<endpoint>> resolve(std::string host, std::uint16_t port, ip_family family) {
  if (const auto literal = ip_address::parse(host)) {
    co_await checkpoint();
    const std::vector<ip_address> only(1, *literal);
    co_return with_port(only, host, port, family);
  }
  if (host.empty() || host.find('\0') != std::string::npos) throw resolve_error(host, EAI_NONAME);
  if (const std::vector<ip_address>* known = current_service().remembered(host)) {
    const std::vector<ip_address> copy = *known;
    co_await checkpoint();
    co_return with_port(copy, host, port, family);
  }
  const std::vector<ip_address> addresses = co_await detail::lookup_wait(host);
  co_return with_port(addresses, host, port, family);
}

void set_host_resolver(std::shared_ptr<host_resolver> resolver) { current_service().set_resolver(std::move(resolver)); }

void set_host_lookup(host_lookup lookup) { current_service().set_lookup(std::move(lookup)); }

void set_resolve_cache(std::chrono::nanoseconds keep, std::size_t hosts) {
  current_service().cache().configure(keep, hosts);
}

}  // namespace eddy
