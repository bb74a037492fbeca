// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "eddy/loop/epoll_backend.hpp"
#if EDDY_HAS_IO_URING
#include "eddy/loop/io_uring_backend.hpp"
#endif

namespace eddy::testing {

using detail::backend;
using detail::descriptor;
using detail::io_kind;
using detail::io_request;
using namespace std::chrono_literals;

/// A request that notes its completion.
struct noted : io_request {
  noted(io_kind k, descriptor& d, void* bytes = nullptr, std::size_t count = 0) {
    kind = k;
    target = &d;
    data = bytes;
    size = count;
  }
  noted(io_kind k, descriptor& d, std::string& bytes) : noted(k, d, bytes.data(), bytes.size()) {}
  noted(const noted&) = delete;
  noted& operator=(const noted&) = delete;
  virtual ~noted() = default;
  void completed() noexcept override {
    ++completions;
    // What a receive borrowed is there only until now.
    if (kind == io_kind::receive && result > 0)
      got.assign(static_cast<const char*>(data), static_cast<std::size_t>(result));
  }
  int completions = 0;
  std::string got;
};

/// A descriptor that is closed at the end of its test.
struct watched final : descriptor {
  explicit watched(backend& b) : io(b) {}
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  ~watched() { io.close(*this); }
  backend& io;
};

/// A backend as the suites make it.
struct backend_kind {
  const char* name;
  std::unique_ptr<backend> (*make)();
};

/// Those that this build has and the system allows. The small io_uring has hardly any room in its queues, and receives
/// into a buffer of its own.
inline std::vector<backend_kind> backend_kinds() {
  std::vector<backend_kind> kinds{
      {"epoll", []() -> std::unique_ptr<backend> { return std::make_unique<detail::epoll_backend>(); }}};
#if EDDY_HAS_IO_URING
  const std::vector<backend_kind> rings{
      {"io_uring", []() -> std::unique_ptr<backend> { return std::make_unique<detail::io_uring_backend>(); }},
      {"io_uring_small", []() -> std::unique_ptr<backend> {
         detail::io_uring_backend::settings small;
         small.submissions = 2;
         small.completions = 2;
         small.pieces = 0;
         return std::make_unique<detail::io_uring_backend>(small);
       }}};
  for (const backend_kind& kind : rings) {
    try {
      kind.make();
      kinds.push_back(kind);
    } catch (const std::system_error&) {
    }
  }
#endif
  return kinds;
}

/// Requests given to a backend directly: what every backend has to do alike.
class backend_suite : public ::testing::TestWithParam<backend_kind> {
 protected:
  backend_suite() : io(GetParam().make()) {}
  ~backend_suite() override {
    for (const int fd : raw) ::close(fd);
    while (io->leaving() != 0) io->poll(10ms);
    EXPECT_EQ(io->pending(), 0U);
    EXPECT_FALSE(io->watching());
  }

  /// Attaches one end of a connected pair and leaves the other end to the test, blocking.
  int connect_pair(descriptor& near) {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    EXPECT_EQ(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    watch(near, fds[0]);
    raw.push_back(fds[1]);
    return fds[1];
  }
  void watch(descriptor& d, int fd) {
    d.fd = fd;
    io->attach(d);
  }
  static void put(int fd, std::string_view text) {
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  void hang_up(int fd) {
    std::erase(raw, fd);
    ::close(fd);
  }
  /// A listening TCP socket on loopback. @returns its address.
  sockaddr_in listen_on(descriptor& d) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd, 16), 0);
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    watch(d, fd);
    return address;
  }
  /// A connected TCP socket that the test owns.
  int connect_blocking(const sockaddr_in& to) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    raw.push_back(fd);
    return fd;
  }
  /// Sends until there is no room. @returns how many bytes that took.
  std::size_t fill(descriptor& d) {
    std::string block(64 * 1024, 'x');
    std::size_t sent = 0;
    while (true) {
      noted request(io_kind::send, d, block);
      if (!io->try_now(request)) return sent;
      EXPECT_GT(request.result, 0);
      if (request.result <= 0) return sent;
      sent += static_cast<std::size_t>(request.result);
    }
  }

  /// Starts a request that has to wait.
  void begin(noted& request) { EXPECT_FALSE(io->start(request)); }
  /// Lets the system see what was started, when it has not yet.
  void hand_over() { io->poll(0ns); }
  /// Starts a request, and polls until it has completed. @returns its result.
  int finish(noted& request) {
    if (io->start(request)) {
      request.completed();
      return request.result;
    }
    return wait(request);
  }
  int wait(noted& request) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (request.pending && std::chrono::steady_clock::now() < end) io->poll(10ms);
    EXPECT_FALSE(request.pending) << "it never completed";
    EXPECT_EQ(request.completions, 1);
    return request.result;
  }
  /// Takes a request back that has had no effect: at once, or when the system says so.
  void take_back(noted& request) {
    if (io->withdraw(request)) {
      EXPECT_EQ(request.completions, 0);
    } else {
      EXPECT_EQ(wait(request), -ECANCELED);
    }
    EXPECT_FALSE(request.pending);
  }
  /// Polls until the system has let go of everything that was closed.
  void settle() {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (io->leaving() != 0 && std::chrono::steady_clock::now() < end) io->poll(10ms);
    EXPECT_EQ(io->leaving(), 0U);
  }

  std::unique_ptr<backend> io;
  std::vector<int> raw;
};

/// Runs the cases of a suite on all backends.
#define EDDY_ON_EVERY_BACKEND(suite)                                                         \
  INSTANTIATE_TEST_SUITE_P(each, suite, ::testing::ValuesIn(eddy::testing::backend_kinds()), \
                           [](const auto& about) { return std::string(about.param.name); })

}  // namespace eddy::testing
