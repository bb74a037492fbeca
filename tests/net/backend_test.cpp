// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/backend.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace eddy::detail;
using namespace std::chrono_literals;

namespace {

/// A request that notes its completion.
struct noted final : io_request {
  noted(io_kind k, descriptor& d, void* bytes = nullptr, std::size_t count = 0) {
    kind = k;
    target = &d;
    data = bytes;
    size = count;
  }
  noted(io_kind k, descriptor& d, std::string& bytes) : noted(k, d, bytes.data(), bytes.size()) {}
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

/// Requests given to a backend directly: what every backend has to do alike.
class backend_suite : public ::testing::TestWithParam<const char*> {
 protected:
  backend_suite() : io(make_backend(GetParam())) {}
  ~backend_suite() override {
    for (const int fd : raw) ::close(fd);
    EXPECT_EQ(io->pending(), 0U);
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

  std::unique_ptr<backend> io;
  std::vector<int> raw;
};

TEST_P(backend_suite, a_receive_waits_for_data) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string into(10, '\0');
  noted request(io_kind::receive, d, into);
  EXPECT_FALSE(io->start(request));
  EXPECT_EQ(io->pending(), 1U);
  io->poll(0ns);
  EXPECT_TRUE(request.pending);
  put(peer, "abc");
  EXPECT_EQ(wait(request), 3);
  EXPECT_EQ(into.substr(0, 3), "abc");
}

TEST_P(backend_suite, a_receive_without_memory_borrows_some) {
  watched d(*io);
  const int peer = connect_pair(d);
  noted request(io_kind::receive, d);
  EXPECT_FALSE(io->start(request));
  put(peer, "lent");
  EXPECT_EQ(wait(request), 4);
  EXPECT_EQ(request.got, "lent");
  noted few(io_kind::receive, d, nullptr, 2);
  put(peer, "xyz");
  EXPECT_EQ(finish(few), 2);
  EXPECT_EQ(few.got, "xy");
}

TEST_P(backend_suite, data_and_the_end_of_the_stream_in_one_edge_are_both_seen) {
  watched d(*io);
  const int peer = connect_pair(d);
  put(peer, "last words");
  hang_up(peer);
  std::string into(64, '\0');
  noted first(io_kind::receive, d, into);
  EXPECT_EQ(finish(first), 10);
  noted second(io_kind::receive, d, into);
  EXPECT_EQ(finish(second), 0) << "the end, though no further edge told of it";
  noted third(io_kind::receive, d, into);
  EXPECT_EQ(finish(third), 0);
}

TEST_P(backend_suite, the_end_is_seen_after_a_short_read) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string into(64, '\0');
  put(peer, "abc");
  noted first(io_kind::receive, d, into);
  EXPECT_EQ(finish(first), 3);
  noted second(io_kind::receive, d, into);
  EXPECT_FALSE(io->start(second));
  shutdown(peer, SHUT_WR);
  EXPECT_EQ(wait(second), 0);
}

TEST_P(backend_suite, more_data_after_a_short_read_is_seen) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string into(64, '\0');
  for (int round = 0; round < 100; ++round) {
    noted request(io_kind::receive, d, into);
    put(peer, "abc");
    EXPECT_EQ(finish(request), 3);
  }
}

TEST_P(backend_suite, a_reset_by_the_peer_is_an_error) {
  watched listening(*io);
  const sockaddr_in at = listen_on(listening);
  const int peer = connect_blocking(at);
  noted accepting(io_kind::accept, listening);
  const int fd = finish(accepting);
  ASSERT_GE(fd, 0);
  watched d(*io);
  watch(d, fd);
  std::string into(8, '\0');
  noted request(io_kind::receive, d, into);
  EXPECT_FALSE(io->start(request));
  const linger at_once{1, 0};
  setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  hang_up(peer);
  EXPECT_EQ(wait(request), -ECONNRESET);
  std::string text = "x";
  noted sending(io_kind::send, d, text);
  EXPECT_EQ(finish(sending), -EPIPE);
}

TEST_P(backend_suite, connecting_works_and_may_be_refused) {
  watched listening(*io);
  sockaddr_in at = listen_on(listening);
  watched d(*io);
  watch(d, ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  noted connecting(io_kind::connect, d, &at, sizeof at);
  EXPECT_EQ(finish(connecting), 0);
  io->close(listening);
  watched other(*io);
  watch(other, ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  noted refused(io_kind::connect, other, &at, sizeof at);
  EXPECT_EQ(finish(refused), -ECONNREFUSED);
}

TEST_P(backend_suite, a_socket_that_was_polled_before_it_was_connected_does_not_count_as_hung_up) {
  watched listening(*io);
  sockaddr_in at = listen_on(listening);
  watched d(*io);
  watch(d, ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  io->poll(0ns);  // an unconnected socket counts as hung up
  noted connecting(io_kind::connect, d, &at, sizeof at);
  EXPECT_EQ(finish(connecting), 0);
  noted accepting(io_kind::accept, listening);
  const int fd = finish(accepting);
  ASSERT_GE(fd, 0);
  raw.push_back(fd);
  std::string into(8, '\0');
  noted request(io_kind::receive, d, into);
  EXPECT_FALSE(io->start(request));
  io->poll(1ms);
  EXPECT_TRUE(request.pending);
  put(fd, "hello");
  EXPECT_EQ(wait(request), 5);
}

TEST_P(backend_suite, L1_a_withdrawn_receive_takes_nothing) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string into(8, '\0');
  noted withdrawn(io_kind::receive, d, into);
  EXPECT_FALSE(io->start(withdrawn));
  if (!io->withdraw(withdrawn)) {
    EXPECT_EQ(wait(withdrawn), -ECANCELED);
  }
  EXPECT_EQ(io->pending(), 0U);
  put(peer, "later");
  io->poll(10ms);
  EXPECT_EQ(into, std::string(8, '\0')) << "nobody writes to its memory any more";
  noted next(io_kind::receive, d, into);
  EXPECT_EQ(finish(next), 5);
  EXPECT_EQ(into.substr(0, 5), "later");
}

TEST_P(backend_suite, L12_a_withdrawn_accept_loses_no_connection) {
  watched listening(*io);
  const sockaddr_in at = listen_on(listening);
  noted withdrawn(io_kind::accept, listening);
  EXPECT_FALSE(io->start(withdrawn));
  if (!io->withdraw(withdrawn)) {
    EXPECT_EQ(wait(withdrawn), -ECANCELED);
  }
  connect_blocking(at);
  noted next(io_kind::accept, listening);
  const int fd = finish(next);
  EXPECT_GE(fd, 0);
  raw.push_back(fd);
}

TEST_P(backend_suite, several_waiting_connections_come_out_of_one_edge) {
  watched listening(*io);
  const sockaddr_in at = listen_on(listening);
  for (int i = 0; i < 5; ++i) connect_blocking(at);
  for (int i = 0; i < 5; ++i) {
    noted request(io_kind::accept, listening);
    const int fd = finish(request);
    EXPECT_GE(fd, 0) << i;
    EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    EXPECT_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    raw.push_back(fd);
  }
  noted none(io_kind::accept, listening);
  EXPECT_FALSE(io->start(none));
  EXPECT_TRUE(io->withdraw(none));
}

// Law program 6: a new socket gets the number of one that was closed; the old one's events and reads must not reach it.
TEST_P(backend_suite, L4_a_number_that_is_used_again_never_gets_the_old_ones_events) {
  for (int round = 0; round < 50; ++round) {
    auto old = std::make_unique<watched>(*io);
    const int old_peer = connect_pair(*old);
    const int number = old->fd;
    std::string into(8, '\0');
    noted before(io_kind::receive, *old, into);
    EXPECT_FALSE(io->start(before));
    put(old_peer, "old");  // its event is queued in the kernel
    EXPECT_TRUE(io->withdraw(before));
    old.reset();  // closes it

    watched fresh(*io);
    const int peer = connect_pair(fresh);
    EXPECT_EQ(fresh.fd, number) << "the test needs the number to come back";
    noted after(io_kind::receive, fresh, into);
    EXPECT_FALSE(io->start(after));
    io->poll(0ns);
    EXPECT_TRUE(after.pending);
    put(peer, "new");
    EXPECT_EQ(wait(after), 3);
    EXPECT_EQ(into.substr(0, 3), "new");
    io->close(fresh);
  }
}

// A copy of the descriptor, as a child process would hold it, keeps the kernel's registration alive after the close.
TEST_P(backend_suite, L4_events_of_a_closed_descriptor_that_lives_on_elsewhere_reach_nobody) {
  auto old = std::make_unique<watched>(*io);
  const int old_peer = connect_pair(*old);
  const int copy = dup(old->fd);
  raw.push_back(copy);
  old.reset();  // closes it
  watched fresh(*io);
  const int peer = connect_pair(fresh);
  std::string into(8, '\0');
  noted request(io_kind::receive, fresh, into);
  EXPECT_FALSE(io->start(request));
  put(old_peer, "old");
  io->poll(1ms);
  io->poll(0ns);
  EXPECT_TRUE(request.pending);
  put(peer, "new");
  EXPECT_EQ(wait(request), 3);
  EXPECT_EQ(into.substr(0, 3), "new");
}

TEST_P(backend_suite, a_send_waits_for_room_and_goes_on) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  while (true) {
    noted request(io_kind::send, d, block);
    if (!io->try_now(request)) break;
    ASSERT_GT(request.result, 0);
    sent += static_cast<std::size_t>(request.result);
  }
  noted waiting(io_kind::send, d, block);
  EXPECT_FALSE(io->start(waiting));
  std::string out(sent, '\0');
  EXPECT_EQ(::recv(peer, out.data(), out.size(), MSG_WAITALL), static_cast<ssize_t>(sent));
  EXPECT_GT(wait(waiting), 0);
}

TEST_P(backend_suite, several_parts_leave_in_one_go) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string head = "head ";
  std::string body = "body";
  std::array<iovec, 2> parts{iovec{head.data(), head.size()}, iovec{body.data(), body.size()}};
  noted request(io_kind::send_parts, d, parts.data(), parts.size());
  EXPECT_EQ(finish(request), 9);
  std::string out(9, '\0');
  EXPECT_EQ(::recv(peer, out.data(), out.size(), MSG_WAITALL), 9);
  EXPECT_EQ(out, "head body");
}

TEST_P(backend_suite, trying_starts_nothing) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string into(8, '\0');
  noted request(io_kind::receive, d, into);
  EXPECT_FALSE(io->try_now(request));
  EXPECT_FALSE(request.pending);
  EXPECT_EQ(io->pending(), 0U);
  put(peer, "x");
  EXPECT_EQ(finish(request), 1);
}

TEST_P(backend_suite, reading_and_writing_wait_side_by_side) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string block(1 << 20, 'x');
  noted filling(io_kind::send, d, block);
  while (io->try_now(filling)) {
  }
  noted sending(io_kind::send, d, block);
  std::string into(8, '\0');
  noted receiving(io_kind::receive, d, into);
  EXPECT_FALSE(io->start(sending));
  EXPECT_FALSE(io->start(receiving));
  EXPECT_EQ(io->pending(), 2U);
  put(peer, "in");
  EXPECT_EQ(wait(receiving), 2);
  EXPECT_TRUE(sending.pending);
  hang_up(peer);
  EXPECT_LT(wait(sending), 0);
}

TEST_P(backend_suite, a_pipe_is_read_and_written_like_a_socket) {
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC), 0);
  watched out(*io);
  watched in(*io);
  watch(in, fds[0]);
  watch(out, fds[1]);
  std::string text = "through a pipe";
  std::string into(64, '\0');
  noted sending(io_kind::send, out, text);
  EXPECT_EQ(finish(sending), 14);
  noted receiving(io_kind::receive, in, into);
  EXPECT_EQ(finish(receiving), 14);
  io->close(out);
  noted ending(io_kind::receive, in, into);
  EXPECT_EQ(finish(ending), 0);
}

TEST_P(backend_suite, a_detached_descriptor_stays_open) {
  watched d(*io);
  const int peer = connect_pair(d);
  const int fd = io->detach(d);
  raw.push_back(fd);
  EXPECT_EQ(d.fd, -1);
  put(peer, "x");
  char byte = 0;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), 1);
  io->poll(0ns);
}

TEST_P(backend_suite, a_poll_that_waits_is_woken_from_another_thread) {
  watched d(*io);
  connect_pair(d);
  std::thread other([this] { io->wake(); });
  io->poll(10s);  // the test's time limit is what would notice
  other.join();
}

TEST_P(backend_suite, a_poll_ends_at_its_limit) {
  const auto start = std::chrono::steady_clock::now();
  io->poll(2ms);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 2ms);
}

INSTANTIATE_TEST_SUITE_P(each, backend_suite, ::testing::Values("epoll"),
                         [](const auto& about) { return std::string(about.param); });

}  // namespace
