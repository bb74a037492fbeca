// SPDX-License-Identifier: BSL-1.0
#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;

namespace {

class backend_connect : public backend_suite {};

TEST_P(backend_connect, connecting_works_and_may_be_refused) {
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

TEST_P(backend_connect, a_socket_that_was_polled_before_it_was_connected_does_not_count_as_hung_up) {
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

TEST_P(backend_connect, several_waiting_connections_come_out_of_one_edge) {
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
  begin(none);
  take_back(none);
}

TEST_P(backend_connect, L1_a_connect_can_be_taken_back) {
  watched d(*io);
  watch(d, ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in nowhere{};
  nowhere.sin_family = AF_INET;
  nowhere.sin_port = htons(9);
  inet_pton(AF_INET, "192.0.2.1", &nowhere.sin_addr);  // kept for documentation: nobody answers
  noted connecting(io_kind::connect, d, &nowhere, sizeof nowhere);
  if (io->start(connecting)) GTEST_SKIP() << "the system knows at once that there is no way there";
  hand_over();
  if (connecting.pending) take_back(connecting);
}

TEST_P(backend_connect, L12_a_withdrawn_accept_loses_no_connection) {
  watched listening(*io);
  const sockaddr_in at = listen_on(listening);
  noted withdrawn(io_kind::accept, listening);
  begin(withdrawn);
  hand_over();
  take_back(withdrawn);
  connect_blocking(at);
  noted next(io_kind::accept, listening);
  const int fd = finish(next);
  EXPECT_GE(fd, 0);
  raw.push_back(fd);
}

EDDY_ON_EVERY_BACKEND(backend_connect);

}  // namespace
