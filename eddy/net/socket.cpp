// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <system_error>

#include "eddy/base/owned.hpp"
#include "eddy/loop/event_loop.hpp"

namespace eddy::detail {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::optional<endpoint> endpoint_of(int fd, name_function ask) {
  const socket_address name = name_of(fd, ask);
  const endpoint* const at = name.as_endpoint();
  return at != nullptr ? std::optional<endpoint>(*at) : std::nullopt;
}

}  // namespace

owned<socket> socket::make(const ip_address& kind) { return make(kind.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM); }

owned<socket> socket::make(int family, int type) {
  auto made = std::make_unique<socket>();
  const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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

void socket::set_options(const std::vector<socket_option>& options) {
  for (const socket_option& each : options) each.apply(descriptor_.fd);
}

void socket::bind(const endpoint& at, const char* what) {
  sockaddr_storage address{};
  const socklen_t size = at.to_system(address);
  if (::bind(descriptor_.fd, reinterpret_cast<const sockaddr*>(&address), size) != 0)
    throw_errno("cannot " + std::string(what) + " " + at.to_string());
}

void socket::listen(const socket_address& at, int backlog) {
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

std::optional<endpoint> socket::local_endpoint() const { return endpoint_of(descriptor_.fd, ::getsockname); }

std::optional<endpoint> socket::remote_endpoint() const { return endpoint_of(descriptor_.fd, ::getpeername); }

socket_address socket::local_address() const { return name_of(descriptor_.fd, ::getsockname); }

socket_address socket::remote_address() const { return name_of(descriptor_.fd, ::getpeername); }

void socket::set_nodelay(bool on) {
  const int value = on ? 1 : 0;
  // What is no TCP never waits for more to come.
  if (setsockopt(descriptor_.fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) != 0 && errno != EOPNOTSUPP)
    throw_errno("TCP_NODELAY");
}

bool connect_operation::try_complete() {
  kind = io_kind::connect;
  data = &address_;
  size = to_.to_system(address_);
  return socket_->start(*this);
}

}  // namespace eddy::detail
