// SPDX-License-Identifier: BSL-1.0
// What only io_uring does; what all backends do alike stands in the backend_* suites.
#include "eddy/loop/io_uring_backend.hpp"

#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;
using eddy::detail::io_uring_backend;

namespace {

class io_uring : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      io = std::make_unique<io_uring_backend>();
    } catch (const std::system_error& e) {
      GTEST_SKIP() << e.what();
    }
    std::array<int, 2> fds{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    near.fd = fds[0];
    far = fds[1];
    io->attach(near);
  }
  ~io_uring() override {
    if (io != nullptr) io->close(near);
    if (near.fd >= 0) ::close(near.fd);
    if (far >= 0) ::close(far);
  }

  std::unique_ptr<backend> io;
  descriptor near;
  int far = -1;
};

TEST_F(io_uring, L4_what_the_kernel_has_completes_later) {
  std::string into(8, '\0');
  noted request(io_kind::receive, near, into);
  EXPECT_FALSE(io->start(request));
  io->poll(0ns);
  EXPECT_FALSE(io->withdraw(request)) << "the kernel may be writing to its memory";
  EXPECT_TRUE(request.pending);
  EXPECT_EQ(io->pending(), 1U);
  EXPECT_EQ(io->leaving(), 1U);
  while (request.pending) io->poll(1s);
  EXPECT_EQ(request.result, -ECANCELED);
  EXPECT_EQ(io->leaving(), 0U);
}

TEST_F(io_uring, L4_what_the_kernel_has_not_seen_is_gone_at_once) {
  std::string into(8, '\0');
  noted request(io_kind::receive, near, into);
  EXPECT_FALSE(io->start(request));
  EXPECT_TRUE(io->withdraw(request));
  EXPECT_EQ(io->pending(), 0U);
  io->close(near);
  EXPECT_EQ(io->leaving(), 0U);
  char byte = 0;
  EXPECT_EQ(::recv(far, &byte, 1, 0), 0) << "it is closed";
}

TEST_F(io_uring, L4_a_loop_that_goes_leaves_nothing_that_writes) {
  std::string into(8, '\0');
  noted request(io_kind::receive, near, into);
  EXPECT_FALSE(io->start(request));
  io->poll(0ns);
  io.reset();
  EXPECT_EQ(::send(far, "data", 4, MSG_NOSIGNAL), 4);
  EXPECT_EQ(into, std::string(8, '\0'));
  EXPECT_EQ(::recv(near.fd, into.data(), into.size(), 0), 4) << "the bytes are still there";
  EXPECT_EQ(request.completions, 0);
}

TEST_F(io_uring, L9_closing_under_a_read_is_misuse) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  noted request(io_kind::receive, near);
  EXPECT_FALSE(io->start(request));
  noted second(io_kind::receive, near);
  EXPECT_DEATH(io->start(second), "two reads or two writes of one descriptor");
  EXPECT_DEATH(io->close(near), "cancel it and await its end first");
  EXPECT_TRUE(io->withdraw(request));
}

TEST_F(io_uring, a_buffer_that_was_lent_is_lent_again) {
  std::string text(100, 'x');
  for (int round = 0; round < 100; ++round) {
    noted request(io_kind::receive, near);
    text[0] = static_cast<char>('a' + round % 26);
    EXPECT_FALSE(io->start(request));
    EXPECT_EQ(::send(far, text.data(), text.size(), MSG_NOSIGNAL), 100);
    while (request.pending) io->poll(1s);
    EXPECT_EQ(request.got, text);
  }
}

TEST_F(io_uring, a_long_stream_comes_whole_through_small_pieces) {
  std::string sent;
  std::string received;
  for (int i = 0; i < 10'000; ++i) sent += std::to_string(i) + ',';
  ASSERT_EQ(::send(far, sent.data(), sent.size(), MSG_NOSIGNAL), static_cast<ssize_t>(sent.size()));
  while (received.size() < sent.size()) {
    noted request(io_kind::receive, near, nullptr, 1000);
    if (io->start(request)) request.completed();
    while (request.pending) io->poll(1s);
    ASSERT_GT(request.result, 0);
    ASSERT_LE(request.result, 1000);
    received += request.got;
  }
  EXPECT_EQ(received, sent);
}

TEST_F(io_uring, L4_withdrawing_in_the_middle_of_a_queue_keeps_the_others_in_place) {
  io->close(near);
  constexpr std::size_t count = 7;
  std::array<descriptor, count> ends;
  std::array<int, count> peers{};
  std::vector<std::unique_ptr<noted>> requests;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<int, 2> fds{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    ends[i].fd = fds[0];
    peers[i] = fds[1];
    io->attach(ends[i]);
    requests.push_back(std::make_unique<noted>(io_kind::receive, ends[i]));
    EXPECT_FALSE(io->start(*requests[i]));
  }
  for (const std::size_t i : {3U, 0U, 6U}) EXPECT_TRUE(io->withdraw(*requests[i]));
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(::send(peers[i], "x", 1, MSG_NOSIGNAL), 1);
  while (io->pending() != 0) io->poll(1s);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(requests[i]->completions, i == 3 || i == 0 || i == 6 ? 0 : 1) << i;
  for (std::size_t i = 0; i < count; ++i) {
    io->close(ends[i]);
    ::close(peers[i]);
  }
}

}  // namespace
