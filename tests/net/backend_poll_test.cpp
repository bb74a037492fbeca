// SPDX-License-Identifier: BSL-1.0
#include <thread>

#include "tests/net/backend_suite.hpp"

using namespace eddy::testing;

namespace {

class backend_poll : public backend_suite {};

TEST_P(backend_poll, a_poll_that_waits_is_woken_from_another_thread) {
  watched d(*io);
  connect_pair(d);
  std::thread other([this] { io->wake(); });
  io->poll(10s);  // the test's time limit is what would notice
  other.join();
}

TEST_P(backend_poll, a_poll_ends_at_its_limit) {
  const auto start = std::chrono::steady_clock::now();
  int polls = 0;
  for (; std::chrono::steady_clock::now() - start < 2ms; ++polls) io->poll(2ms);
  EXPECT_LE(polls, 5) << "a few may end early, as by a signal or when the kernel takes down a ring of before";
}

TEST_P(backend_poll, waking_works_again_and_again_and_before_the_poll) {
  for (int round = 0; round < 20; ++round) {
    io->wake();
    if (round % 3 == 0) io->wake();
    io->poll(10s);
  }
}

TEST_P(backend_poll, more_completions_than_there_is_room_for_all_arrive) {
  constexpr std::size_t count = 40;
  std::vector<std::unique_ptr<watched>> ends;
  std::vector<std::unique_ptr<noted>> requests;
  for (std::size_t i = 0; i < count; ++i) {
    ends.push_back(std::make_unique<watched>(*io));
    connect_pair(*ends.back());
    requests.push_back(std::make_unique<noted>(io_kind::receive, *ends.back()));
    begin(*requests.back());
  }
  EXPECT_EQ(io->pending(), count);
  hand_over();
  for (std::size_t i = 0; i < count; ++i) put(raw[i], std::to_string(i));
  for (std::size_t i = 0; i < count; ++i) {
    wait(*requests[i]);
    EXPECT_EQ(requests[i]->got, std::to_string(i));
  }
}

EDDY_ON_EVERY_BACKEND(backend_poll);

}  // namespace
