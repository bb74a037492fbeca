// SPDX-License-Identifier: BSL-1.0
#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;

namespace {

class backend_receive : public backend_suite {};

TEST_P(backend_receive, a_receive_waits_for_data) {
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

TEST_P(backend_receive, a_receive_without_memory_borrows_some) {
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

TEST_P(backend_receive, data_and_the_end_of_the_stream_in_one_edge_are_both_seen) {
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

TEST_P(backend_receive, the_end_is_seen_after_a_short_read) {
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

TEST_P(backend_receive, more_data_after_a_short_read_is_seen) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string into(64, '\0');
  for (int round = 0; round < 100; ++round) {
    noted request(io_kind::receive, d, into);
    put(peer, "abc");
    EXPECT_EQ(finish(request), 3);
  }
}

TEST_P(backend_receive, a_reset_by_the_peer_is_an_error) {
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

TEST_P(backend_receive, trying_starts_nothing) {
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

EDDY_ON_EVERY_BACKEND(backend_receive);

}  // namespace
