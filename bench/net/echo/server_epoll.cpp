// SPDX-License-Identifier: BSL-1.0
// The limit on epoll: an echo server of plain system calls. One buffer for all connections; a receive, a send, and
// whatever epoll says next. What the kernel does not take at once is kept, as it must be.
//   bench_echo_epoll PORT (0: any), which it prints
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "plain_socket.hpp"

namespace {

/// What an idle connection costs beside the kernel's own.
struct connection {
  int fd = -1;
  std::unique_ptr<std::string> unsent;
};

std::array<char, 64 * 1024> buffer;
int poller = -1;

void watch(connection& c, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &c;
  if (epoll_ctl(poller, operation, c.fd, &event) != 0) fail("epoll_ctl");
}

void end(connection& c) {
  close(c.fd);
  delete &c;
}

void accept_all(int listening) {
  while (true) {
    const int fd = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    set_nodelay(fd);
    auto* const c = new connection;
    c->fd = fd;
    watch(*c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

/// Nothing is read while something is unsent.
void go_on_sending(connection& c) {
  std::string& rest = *c.unsent;
  const ssize_t sent = send(c.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) return end(c);
  rest.erase(0, static_cast<std::size_t>(sent));
  if (!rest.empty()) return;
  c.unsent.reset();
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

void echo(connection& c) {
  const ssize_t count = recv(c.fd, buffer.data(), buffer.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return end(c);
  ssize_t sent = send(c.fd, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (sent == count) return;
  if (sent < 0 && errno != EAGAIN) return end(c);
  if (sent < 0) sent = 0;
  c.unsent = std::make_unique<std::string>(buffer.data() + sent, static_cast<std::size_t>(count - sent));
  watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

}  // namespace

int main(int count, char** arguments) {
  raise_descriptor_limit();
  const int listening =
      listen_and_say(static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0), SOCK_NONBLOCK);
  poller = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(poller, EPOLL_CTL_ADD, listening, &event) != 0) fail("epoll_ctl");
  std::array<epoll_event, 256> events{};
  while (true) {
    const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      auto* const c = static_cast<connection*>(events.at(static_cast<std::size_t>(i)).data.ptr);
      if (c == nullptr)
        accept_all(listening);
      else if (c->unsent != nullptr)
        go_on_sending(*c);
      else
        echo(*c);
    }
  }
}
