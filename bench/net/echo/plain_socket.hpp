// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

// What the echo servers on plain system calls and their load share.

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// A process may hold as many descriptors as the system lets it.
inline void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

inline void set_nodelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline void say_port(std::uint16_t port) {
  std::printf("%u\n", unsigned{port});
  std::fflush(stdout);
}

/// Listens on the loopback interface and prints the port, as every server here does.
inline int listen_and_say(std::uint16_t port, int flags) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(fd, 4096) != 0) fail("listen");
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  say_port(ntohs(at.sin_port));
  return fd;
}
