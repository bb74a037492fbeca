// SPDX-License-Identifier: BSL-1.0
#include <sys/uio.h>

#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;

namespace {

class backend_send : public backend_suite {};

TEST_P(backend_send, a_send_waits_for_room_and_goes_on) {
  watched d(*io);
  const int peer = connect_pair(d);
  const std::size_t sent = fill(d);
  std::string block(64 * 1024, 'x');
  noted waiting(io_kind::send, d, block);
  EXPECT_FALSE(io->start(waiting));
  std::string out(sent, '\0');
  EXPECT_EQ(::recv(peer, out.data(), out.size(), MSG_WAITALL), static_cast<ssize_t>(sent));
  EXPECT_GT(wait(waiting), 0);
}

TEST_P(backend_send, L1_a_send_that_was_taken_back_leaves_no_byte_and_the_next_one_goes_on) {
  watched d(*io);
  const int peer = connect_pair(d);
  const std::size_t sent = fill(d);
  std::string lost = "lost";
  std::string kept = "kept";
  for (int round = 0; round < 3; ++round) {
    noted withdrawn(io_kind::send, d, lost);
    begin(withdrawn);
    if (round != 0) hand_over();
    take_back(withdrawn);
  }
  noted next(io_kind::send, d, kept);
  begin(next);
  std::string out(sent, '\0');
  EXPECT_EQ(::recv(peer, out.data(), out.size(), MSG_WAITALL), static_cast<ssize_t>(sent));
  EXPECT_EQ(wait(next), 4);
  std::string rest(16, '\0');
  EXPECT_EQ(::recv(peer, rest.data(), rest.size(), 0), 4);
  EXPECT_EQ(rest.substr(0, 4), "kept");
}

TEST_P(backend_send, several_parts_leave_in_one_go) {
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

TEST_P(backend_send, reading_and_writing_wait_side_by_side) {
  watched d(*io);
  const int peer = connect_pair(d);
  std::string block(1 << 20, 'x');
  fill(d);
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

TEST_P(backend_send, a_pipe_is_read_and_written_like_a_socket) {
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

TEST_P(backend_send, a_pipe_waits_for_data_with_memory_and_without) {
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC), 0);
  watched out(*io);
  watched in(*io);
  watch(in, fds[0]);
  watch(out, fds[1]);
  std::string text = "drop by drop";
  std::string into(64, '\0');
  for (int round = 0; round < 4; ++round) {
    noted receiving = round % 2 == 0 ? noted(io_kind::receive, in) : noted(io_kind::receive, in, into);
    begin(receiving);
    hand_over();
    if (round >= 2) {
      take_back(receiving);
      continue;
    }
    noted sending(io_kind::send, out, text);
    EXPECT_EQ(finish(sending), 12);
    EXPECT_EQ(wait(receiving), 12);
    EXPECT_EQ(receiving.got, text);
  }
}

TEST_P(backend_send, waiting_for_readiness_moves_no_byte) {
  watched d(*io);
  const int peer = connect_pair(d);
  noted writable(io_kind::wait_writable, d);
  EXPECT_EQ(finish(writable), 0);
  for (int round = 0; round < 3; ++round) {
    noted readable(io_kind::wait_readable, d);
    begin(readable);
    hand_over();
    EXPECT_TRUE(readable.pending) << "there is nothing to read";
    put(peer, "x");
    EXPECT_EQ(wait(readable), 0);
    noted still(io_kind::wait_readable, d);
    EXPECT_EQ(finish(still), 0);
    char byte = 0;
    EXPECT_EQ(::recv(d.fd, &byte, 1, 0), 1);  // as a library would that reads by itself
  }
}

EDDY_ON_EVERY_BACKEND(backend_send);

}  // namespace
