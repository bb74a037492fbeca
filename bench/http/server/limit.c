// SPDX-License-Identifier: BSL-1.0
// The limit: epoll, and an answer of the right size for each empty line that comes. It understands nothing, so a
// request must not be cut by a read in the middle of its end. `limit PORT`
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { events_at_once = 256, buffer_size = 65536, answers_at_once = 256 };

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nHello, World!";
static char input[buffer_size];
static char output[sizeof answer * answers_at_once];

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int epoll, int listener) {
  const int on = 1;
  for (int fd = 0; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(epoll, fd);
  }
}

static void serve(int fd) {
  const ssize_t got = recv(fd, input, sizeof input, 0);
  if (got <= 0) {
    close(fd);
    return;
  }
  size_t count = 0;
  const char* at = input;
  const char* const end = input + got;
  while (count < answers_at_once && (at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)) != NULL) {
    at += 4;
    ++count;
  }
  if (count != 0 && send(fd, output, count * (sizeof answer - 1), MSG_NOSIGNAL) < 0) close(fd);
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  for (int i = 0; i < answers_at_once; ++i) memcpy(output + (sizeof answer - 1) * (size_t)i, answer, sizeof answer - 1);
  const int on = 1;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in here = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(arguments[1])),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (struct sockaddr*)&here, sizeof here) != 0 || listen(listener, 1024) != 0) return 1;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  struct epoll_event events[events_at_once];
  while (1) {
    const int ready = epoll_wait(epoll, events, events_at_once, -1);
    for (int i = 0; i < ready; ++i) {
      if (events[i].data.fd == listener)
        accept_all(epoll, listener);
      else
        serve(events[i].data.fd);
    }
  }
}
