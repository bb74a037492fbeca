// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <system_error>

#include "eddy/loop/event_loop.hpp"

namespace eddy::detail {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

using name_function = int (*)(int, sockaddr*, socklen_t*);

std::optional<endpoint> name_of(int fd, name_function ask) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (fd < 0 || ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return std::nullopt;
  return endpoint::from_system(address);
}

}  // namespace

std::unique_ptr<socket> socket::make(const ip_address& kind) {
  auto made = std::make_unique<socket>();
  const int fd = ::socket(kind.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) throw_errno("socket");
  made->adopt(fd);
  return made;
}

socket::socket() : backend_(event_loop::current().scheduler().io.get()) {}

void socket::adopt(int fd) {
  descriptor_.fd = fd;  // the destructor closes it from here on
  backend_->attach(descriptor_);
}

void socket::set_option(int level, int name, int value, const char* what) {
  if (setsockopt(descriptor_.fd, level, name, &value, sizeof value) != 0) throw_errno(what);
}

void socket::listen(const endpoint& at, int backlog, bool reuse_port) {
  sockaddr_storage address{};
  const socklen_t size = at.to_system(address);
  // Connections of an earlier run that linger in the kernel do not keep the port.
  set_option(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (reuse_port) set_option(SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  // IPv4 has a socket of its own: one that took both would show IPv4 peers as ::ffff:a.b.c.d.
  if (at.address().is_v6()) set_option(IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  if (::bind(descriptor_.fd, reinterpret_cast<const sockaddr*>(&address), size) != 0)
    throw_errno("cannot listen on " + at.to_string());
  if (::listen(descriptor_.fd, backlog) != 0) throw_errno("cannot listen on " + at.to_string());
}

void socket::stop_listening() noexcept { ::shutdown(descriptor_.fd, SHUT_RDWR); }

void socket::shut_down_sending() {
  // The peer may have gone already; then there is nobody to tell.
  if (::shutdown(descriptor_.fd, SHUT_WR) != 0 && errno != ENOTCONN) throw_errno("shutdown");
}

void socket::close(bool reset) noexcept {
  if (descriptor_.fd < 0) return;
  if (reset) {
    const linger at_once{1, 0};
    setsockopt(descriptor_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  backend_->close(descriptor_);
}

std::optional<endpoint> socket::local_endpoint() const { return name_of(descriptor_.fd, ::getsockname); }

std::optional<endpoint> socket::remote_endpoint() const { return name_of(descriptor_.fd, ::getpeername); }

void socket::set_nodelay(bool on) { set_option(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0, "TCP_NODELAY"); }

bool connect_operation::try_complete() {
  kind = io_kind::connect;
  data = &address_;
  size = to_.to_system(address_);
  return socket_->start(*this);
}

}  // namespace eddy::detail
