// SPDX-License-Identifier: BSL-1.0
#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;

namespace {

class backend_release : public backend_suite {};

TEST_P(backend_release, L1_a_withdrawn_receive_takes_nothing) {
  for (const bool seen_by_the_system : {false, true}) {
    watched d(*io);
    const int peer = connect_pair(d);
    std::string into(8, '\0');
    noted withdrawn(io_kind::receive, d, into);
    begin(withdrawn);
    if (seen_by_the_system) hand_over();
    take_back(withdrawn);
    EXPECT_EQ(io->pending(), 0U);
    put(peer, "later");
    io->poll(1ms);
    EXPECT_EQ(into, std::string(8, '\0')) << "nobody writes to its memory any more";
    noted next(io_kind::receive, d, into);
    EXPECT_EQ(finish(next), 5);
    EXPECT_EQ(into.substr(0, 5), "later");
  }
}

TEST_P(backend_release, L1_a_borrowing_receive_that_was_withdrawn_takes_nothing) {
  watched d(*io);
  const int peer = connect_pair(d);
  for (int round = 0; round < 100; ++round) {  // more often than there are buffers to lend
    noted withdrawn(io_kind::receive, d);
    begin(withdrawn);
    hand_over();
    take_back(withdrawn);
  }
  put(peer, "later");
  noted next(io_kind::receive, d);
  EXPECT_EQ(finish(next), 5);
  EXPECT_EQ(next.got, "later");
}

/// Takes another request back in the very moment in which it completes itself.
struct withdrawing final : noted {
  withdrawing(backend& b, descriptor& d, std::string& bytes) : noted(io_kind::receive, d, bytes), io(b) {}
  void completed() noexcept override {
    noted::completed();
    if (other->pending) gone = io.withdraw(*other);
  }
  backend& io;
  noted* other = nullptr;
  bool gone = false;
};

// Law program 7: the system has done it when the withdrawal comes. Either it was done, or the bytes are still there.
TEST_P(backend_release, L1_a_withdrawal_that_comes_too_late_loses_nothing) {
  watched one(*io);
  watched two(*io);
  const int first_peer = connect_pair(one);
  const int second_peer = connect_pair(two);
  std::string first_bytes(8, '\0');
  std::string second_bytes(8, '\0');
  withdrawing first(*io, one, first_bytes);
  withdrawing second(*io, two, second_bytes);
  first.other = &second;
  second.other = &first;
  begin(first);
  begin(second);
  hand_over();
  put(first_peer, "data");
  put(second_peer, "data");
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (io->pending() != 0 && std::chrono::steady_clock::now() < end) io->poll(10ms);
  EXPECT_FALSE(first.pending || second.pending);
  for (withdrawing* request : {&first, &second}) {
    if (request->completions == 1 && request->result > 0) {
      EXPECT_EQ(request->got, "data");
      continue;
    }
    // It was the other one that took this back.
    if (request->completions == 1) {
      EXPECT_EQ(request->result, -ECANCELED);
    } else {
      EXPECT_TRUE(request->other == &first ? first.gone : second.gone);
    }
    std::string into(8, '\0');
    noted again(io_kind::receive, *request->target, into);
    EXPECT_EQ(finish(again), 4);
    EXPECT_EQ(again.got, "data");
  }
}

TEST_P(backend_release, L1_withdrawing_many_ends_each_of_them_once) {
  constexpr std::size_t count = 40;  // more than fit into a small queue
  std::vector<std::unique_ptr<watched>> ends;
  std::vector<std::unique_ptr<noted>> requests;
  for (std::size_t i = 0; i < count; ++i) {
    ends.push_back(std::make_unique<watched>(*io));
    connect_pair(*ends.back());
    requests.push_back(std::make_unique<noted>(io_kind::receive, *ends.back()));
    begin(*requests.back());
  }
  hand_over();
  std::size_t gone = 0;
  for (auto& request : requests) gone += io->withdraw(*request) ? 1 : 0;
  for (auto& request : requests) EXPECT_FALSE(request->pending && io->withdraw(*request)) << "it was asked already";
  EXPECT_EQ(io->pending(), count - gone);
  EXPECT_EQ(io->leaving(), count - gone);
  settle();
  std::size_t told = 0;
  for (auto& request : requests) told += request->completions == 1 && request->result == -ECANCELED ? 1 : 0;
  EXPECT_EQ(gone + told, count);
}

// Law program 6: a new socket gets the number of one that was closed; the old one's events and reads must not reach it.
TEST_P(backend_release, L4_a_number_that_is_used_again_never_gets_the_old_ones_events) {
  for (int round = 0; round < 50; ++round) {
    auto old = std::make_unique<watched>(*io);
    const int old_peer = connect_pair(*old);
    const int number = old->fd;
    std::string into(8, '\0');
    noted before(io_kind::receive, *old, into);
    begin(before);
    if (round % 2 == 1) {
      hand_over();
      take_back(before);
      put(old_peer, "old");
    } else {
      put(old_peer, "old");  // its event is queued in the kernel
      take_back(before);     // no more than prepared: it never gets there
    }
    EXPECT_EQ(into, std::string(8, '\0'));
    old.reset();  // closes it

    watched fresh(*io);
    const int peer = connect_pair(fresh);
    EXPECT_EQ(fresh.fd, number) << "the test needs the number to come back";
    noted after(io_kind::receive, fresh, into);
    begin(after);
    io->poll(0ns);
    EXPECT_TRUE(after.pending);
    put(peer, "new");
    EXPECT_EQ(wait(after), 3);
    EXPECT_EQ(into.substr(0, 3), "new");
  }
}

TEST_P(backend_release, L4_a_close_waits_for_what_the_system_still_watches) {
  watched d(*io);
  const int peer = connect_pair(d);
  fill(d);
  std::string block(1024, 'x');
  noted blocked(io_kind::send, d, block);
  begin(blocked);
  hand_over();
  take_back(blocked);
  io->close(d);
  EXPECT_EQ(d.fd, -1);
  EXPECT_TRUE(io->leaving() == 0 || io->watching());
  watched fresh(*io);
  const int fresh_peer = connect_pair(fresh);
  fill(fresh);
  noted next(io_kind::send, fresh, block);
  begin(next);
  settle();
  EXPECT_EQ(io->pending(), 1U) << "the old one's end did not touch the new one";
  std::string out(1 << 20, '\0');
  while (::recv(peer, out.data(), out.size(), 0) > 0) {
  }
  while (next.pending) {
    EXPECT_GT(::recv(fresh_peer, out.data(), out.size(), MSG_DONTWAIT), 0);
    io->poll(0ns);
  }
  EXPECT_GT(next.result, 0);
}

// A copy of the descriptor, as a child process would hold it, keeps the kernel's registration alive after the close.
TEST_P(backend_release, L4_events_of_a_closed_descriptor_that_lives_on_elsewhere_reach_nobody) {
  auto old = std::make_unique<watched>(*io);
  const int old_peer = connect_pair(*old);
  const int copy = dup(old->fd);
  raw.push_back(copy);
  old.reset();  // closes it
  watched fresh(*io);
  const int peer = connect_pair(fresh);
  std::string into(8, '\0');
  noted request(io_kind::receive, fresh, into);
  begin(request);
  put(old_peer, "old");
  io->poll(1ms);
  io->poll(0ns);
  EXPECT_TRUE(request.pending);
  put(peer, "new");
  EXPECT_EQ(wait(request), 3);
  EXPECT_EQ(into.substr(0, 3), "new");
}

TEST_P(backend_release, a_detached_descriptor_stays_open) {
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

EDDY_ON_EVERY_BACKEND(backend_release);

}  // namespace
