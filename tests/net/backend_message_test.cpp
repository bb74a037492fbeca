// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;

namespace {

/// A request for a datagram, with what it needs.
struct message_request : noted {
  message_request(io_kind k, descriptor& d, void* bytes, std::size_t count) : noted(k, d, nullptr, 0) {
    part = {bytes, count};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &from;
    data = &message;
  }
  void completed() noexcept override {
    ++completions;
    if (kind == io_kind::receive_message && result > 0)
      text.assign(static_cast<const char*>(part.iov_base), std::min(static_cast<std::size_t>(result), part.iov_len));
  }
  iovec part{};
  msghdr message{};
  sockaddr_storage from{};
  std::string text;
};

class backend_message : public backend_suite {
 protected:
  /// Two datagram sockets that are connected: one attached, one blocking.
  int datagram_pair(descriptor& near) {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    EXPECT_EQ(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    watch(near, fds[0]);
    raw.push_back(fds[1]);
    return fds[1];
  }
};

TEST_P(backend_message, a_datagram_is_waited_for_and_comes_whole) {
  watched d(*io);
  const int peer = datagram_pair(d);
  std::string into(10, '\0');
  message_request request(io_kind::receive_message, d, into.data(), into.size());
  EXPECT_FALSE(io->start(request));
  io->poll(0ns);
  EXPECT_TRUE(request.pending);
  put(peer, "abc");
  put(peer, "de");
  EXPECT_EQ(wait(request), 3);
  EXPECT_EQ(request.text, "abc");
  message_request second(io_kind::receive_message, d, into.data(), into.size());
  EXPECT_EQ(finish(second), 2) << "no further edge told of it";
}

TEST_P(backend_message, one_without_memory_borrows_and_one_that_does_not_fit_tells_its_size) {
  watched d(*io);
  const int peer = datagram_pair(d);
  put(peer, "borrowed");
  message_request lent(io_kind::receive_message, d, nullptr, 0);
  EXPECT_EQ(finish(lent), 8);
  EXPECT_EQ(lent.text, "borrowed");
  put(peer, "too long");
  std::string into(3, '\0');
  message_request small(io_kind::receive_message, d, into.data(), into.size());
  EXPECT_EQ(finish(small), 8);
  EXPECT_EQ(small.text, "too");
  EXPECT_NE(small.message.msg_flags & MSG_TRUNC, 0);
  put(peer, "");
  message_request empty(io_kind::receive_message, d, into.data(), into.size());
  EXPECT_EQ(finish(empty), 0);
}

TEST_P(backend_message, L1_withdrawing_leaves_the_datagram) {
  watched d(*io);
  const int peer = datagram_pair(d);
  std::string into(10, '\0');
  for (const bool seen : {false, true}) {
    message_request request(io_kind::receive_message, d, into.data(), into.size());
    EXPECT_FALSE(io->start(request));
    if (seen) hand_over();
    put(peer, "kept");
    EXPECT_TRUE(io->withdraw(request)) << "the kernel has no memory of it";
    message_request second(io_kind::receive_message, d, into.data(), into.size());
    EXPECT_EQ(finish(second), 4);
  }
}

TEST_P(backend_message, a_send_waits_for_room) {
  watched d(*io);
  const int peer = datagram_pair(d);
  std::string text(1000, 'x');
  int sent = 0;
  while (true) {
    message_request request(io_kind::send_message, d, text.data(), text.size());
    request.message.msg_name = nullptr;
    if (!io->try_now(request)) break;
    EXPECT_EQ(request.result, 1000);
    ++sent;
  }
  EXPECT_GT(sent, 0);
  message_request waits(io_kind::send_message, d, text.data(), text.size());
  waits.message.msg_name = nullptr;
  EXPECT_FALSE(io->start(waits));
  hand_over();
  EXPECT_TRUE(waits.pending);
  std::string into(2000, '\0');
  for (int i = 0; i < sent; ++i) EXPECT_EQ(::recv(peer, into.data(), into.size(), 0), 1000);
  EXPECT_EQ(wait(waits), 1000);
}

EDDY_ON_EVERY_BACKEND(backend_message);

}  // namespace
