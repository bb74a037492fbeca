// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace eddy {

namespace {

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

bool is_v6(int fd) noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_INET6;
}

}  // namespace

socket_option::socket_option(std::string name) : name_(std::move(name)) {}
socket_option::socket_option(const socket_option& other) = default;
socket_option::socket_option(socket_option&& other) noexcept = default;
socket_option& socket_option::operator=(const socket_option& other) = default;
socket_option& socket_option::operator=(socket_option&& other) noexcept = default;
socket_option::~socket_option() = default;

socket_option&& socket_option::set(int level, int option, int value) && {
  return std::move(*this).set_by_family(level, option, level, option, value);
}

socket_option&& socket_option::set(int level, int option, std::string_view bytes) && {
  return std::move(*this).set_by_family(level, option, bytes, level, option, bytes);
}

socket_option&& socket_option::set_by_family(int level4, int option4, int level6, int option6, int value) && {
  const std::string bytes = bytes_of(value);
  return std::move(*this).set_by_family(level4, option4, bytes, level6, option6, bytes);
}

socket_option&& socket_option::set_by_family(int level4, int option4, std::string_view bytes4, int level6, int option6,
                                             std::string_view bytes6) && {
  values_.push_back({level4, option4, level6, option6, std::string(bytes4), std::string(bytes6)});
  return std::move(*this);
}

void socket_option::apply(int fd) const {
  const bool v6 = is_v6(fd);
  for (const setting& each : values_) {
    const int level = v6 ? each.level6 : each.level;
    const int option = v6 ? each.option6 : each.option;
    const std::string& bytes = v6 ? each.bytes6 : each.bytes;
    if (setsockopt(fd, level, option, bytes.data(), static_cast<socklen_t>(bytes.size())) != 0)
      throw std::system_error(errno, std::generic_category(), "socket option " + name_);
  }
}

namespace socket_options {

namespace {

int whole(std::chrono::seconds time) { return static_cast<int>(time.count()); }

socket_option one(const char* name, int level, int option, int value) {
  return socket_option(name).set(level, option, value);
}

}  // namespace

socket_option nodelay(bool on) { return one("nodelay", IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }

socket_option keepalive(bool on) { return one("keepalive", SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0); }

socket_option keepalive(std::chrono::seconds idle, std::chrono::seconds interval, int count) {
  return socket_option("keepalive")
      .set(SOL_SOCKET, SO_KEEPALIVE, 1)
      .set(IPPROTO_TCP, TCP_KEEPIDLE, whole(idle))
      .set(IPPROTO_TCP, TCP_KEEPINTVL, whole(interval))
      .set(IPPROTO_TCP, TCP_KEEPCNT, count);
}

socket_option user_timeout(std::chrono::milliseconds limit) {
  return one("user_timeout", IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limit.count()));
}

socket_option send_buffer(int bytes) { return one("send_buffer", SOL_SOCKET, SO_SNDBUF, bytes); }

socket_option receive_buffer(int bytes) { return one("receive_buffer", SOL_SOCKET, SO_RCVBUF, bytes); }

socket_option linger(std::chrono::seconds limit) {
  const ::linger value{1, whole(limit)};
  return socket_option("linger").set(SOL_SOCKET, SO_LINGER, bytes_of(value));
}

socket_option tos(int value) {
  return socket_option("tos").set_by_family(IPPROTO_IP, IP_TOS, IPPROTO_IPV6, IPV6_TCLASS, value);
}

socket_option ip_freebind(bool on) {
  return socket_option("ip_freebind").set_by_family(IPPROTO_IP, IP_FREEBIND, IPPROTO_IPV6, IPV6_FREEBIND, on ? 1 : 0);
}

socket_option v6only(bool on) { return one("v6only", IPPROTO_IPV6, IPV6_V6ONLY, on ? 1 : 0); }

socket_option bind_to_device(std::string_view interface) {
  return socket_option("bind_to_device").set(SOL_SOCKET, SO_BINDTODEVICE, interface);
}

socket_option reuse_port(bool on) { return one("reuse_port", SOL_SOCKET, SO_REUSEPORT, on ? 1 : 0); }

socket_option fast_open(int queue) { return one("fast_open", IPPROTO_TCP, TCP_FASTOPEN, queue); }

socket_option fast_open_connect(bool on) {
  return one("fast_open_connect", IPPROTO_TCP, TCP_FASTOPEN_CONNECT, on ? 1 : 0);
}

socket_option broadcast(bool on) { return one("broadcast", SOL_SOCKET, SO_BROADCAST, on ? 1 : 0); }

socket_option raw(int level, int option, int value, std::string name) {
  return socket_option(std::move(name)).set(level, option, value);
}

}  // namespace socket_options
}  // namespace eddy
