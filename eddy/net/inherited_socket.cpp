// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/inherited_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

#include "eddy/base/errors.hpp"

namespace eddy {

namespace {

constexpr int first_handed_over = 3;  // as every service manager does

/// The value of a variable, which is gone afterwards.
std::optional<std::string> take_variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): the header says when to call this
  if (value == nullptr) return std::nullopt;
  std::string taken = value;
  ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  return taken;
}

long number_in(const char* variable, std::string_view text, long most) {
  long value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= 0 && value <= most) return value;
  throw misuse_error(std::string(variable) + " is \"" + std::string(text) +
                     "\", which is no number that a service manager would set; start this program by one, or unset it");
}

void add_flag(int fd, int get, int set, int flag) {
  const int flags = fcntl(fd, get);
  if (flags < 0 || fcntl(fd, set, flags | flag) < 0)
    throw std::system_error(errno, std::generic_category(), "descriptor " + std::to_string(fd) + " was handed over");
}

int option_of(int fd, int option) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

inherited_socket::~inherited_socket() {
  if (fd_ >= 0) ::close(fd_);
}

std::vector<inherited_socket> inherited_sockets() {
  const auto process = take_variable("LISTEN_PID");
  const auto count = take_variable("LISTEN_FDS");
  const auto names = take_variable("LISTEN_FDNAMES");
  std::vector<inherited_socket> taken;
  if (!process || !count || number_in("LISTEN_PID", *process, INT32_MAX) != ::getpid()) return taken;
  const auto last = first_handed_over + static_cast<int>(number_in("LISTEN_FDS", *count, 4096));
  std::string_view rest = names ? std::string_view(*names) : std::string_view();
  for (int fd = first_handed_over; fd < last; ++fd) {
    const std::size_t colon = rest.find(':');
    const std::string_view name = rest.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    taken.emplace_back(fd, std::string(name));
  }
  for (const inherited_socket& each : taken) add_flag(each.fd(), F_GETFD, F_SETFD, FD_CLOEXEC);
  return taken;
}

namespace detail {

void prepare_inherited(int fd, socket_use wanted) {
  const std::string name = "descriptor " + std::to_string(fd);
  const int type = option_of(fd, SO_TYPE);
  if (type < 0) throw misuse_error(name + " is no socket: " + std::generic_category().message(errno));
  const int expected = wanted == socket_use::datagram ? SOCK_DGRAM : SOCK_STREAM;
  if (type != expected)
    throw misuse_error(name + (expected == SOCK_DGRAM ? " is no datagram socket; use a stream or a listener for it"
                                                      : " is no stream socket; use open_datagram for datagrams"));
  const bool listens = option_of(fd, SO_ACCEPTCONN) > 0;
  if (wanted == socket_use::listens && !listens)
    throw misuse_error(name + " does not listen; give it to stream::from_descriptor when it is connected");
  if (wanted == socket_use::connected) {
    if (listens) throw misuse_error(name + " listens; give it to a listener or a server");
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 && errno == ENOTCONN)
      throw misuse_error(name + " is a socket that is not connected");
  }
  add_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK);
  add_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC);
}

}  // namespace detail
}  // namespace eddy
