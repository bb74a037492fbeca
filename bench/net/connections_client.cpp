// SPDX-License-Identifier: BSL-1.0
#include "connections_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// From one of 250 loopback addresses, so that ports do not run out.
int connect_from(std::uint16_t port, int number) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(0x7f000002U + static_cast<std::uint32_t>(number % 250));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) fail("bind");
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
  return fd;
}

void prove(int fd) {
  char byte = 'x';
  if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) fail("a byte there and back");
}

}  // namespace

int hold_connections(std::uint16_t port, int count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<int> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(connect_from(port, i));
    prove(all.back());
  }
  std::puts("open");
  std::fflush(stdout);
  std::getchar();
  for (const int fd : all) close(fd);
  return 0;
}

int open_and_close(std::uint16_t port, int at_once, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  long opened = 0;
  while (std::chrono::steady_clock::now() < end) {
    std::vector<int> all;
    for (int i = 0; i < at_once; ++i) all.push_back(connect_from(port, static_cast<int>(opened++)));
    for (const int fd : all) prove(fd);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const linger at_once_closed{1, 0};
      if (i % 2 == 1) setsockopt(all[i], SOL_SOCKET, SO_LINGER, &at_once_closed, sizeof at_once_closed);
      close(all[i]);
    }
  }
  std::printf("%ld\n", opened);
  return 0;
}
