// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
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

// A kernel may do only a part at a time of what has come, and leave the rest without a sign.
TEST_P(backend_poll, a_loop_that_never_waits_hears_of_everything) {
  constexpr std::size_t count = 200;
  std::vector<std::unique_ptr<watched>> ends;
  std::vector<std::unique_ptr<noted>> requests;
  for (std::size_t i = 0; i < count; ++i) {
    ends.push_back(std::make_unique<watched>(*io));
    connect_pair(*ends.back());
    requests.push_back(std::make_unique<noted>(io_kind::receive, *ends.back()));
    begin(*requests.back());
  }
  while (io->pending() != count) hand_over();
  hand_over();
  for (std::size_t i = 0; i < count; ++i) put(raw[i], std::to_string(i));
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (io->pending() != 0 && std::chrono::steady_clock::now() < end) io->poll(0ns);
  std::size_t completed = 0;
  for (std::size_t i = 0; i < count; ++i) completed += static_cast<std::size_t>(requests[i]->completions);
  EXPECT_EQ(completed, count);
  while (io->pending() != 0) io->poll(10ms);
}

// Everybody has the next message there at once. Who was served stands in line again behind those that were not.
TEST_P(backend_poll, who_waits_is_served_before_others_are_served_again) {
  constexpr std::size_t count = 200;
  std::vector<std::unique_ptr<watched>> ends;
  std::vector<std::unique_ptr<noted>> requests;
  for (std::size_t i = 0; i < count; ++i) {
    ends.push_back(std::make_unique<watched>(*io));
    connect_pair(*ends.back());
    requests.push_back(std::make_unique<noted>(io_kind::receive, *ends.back()));
    begin(*requests.back());
  }
  hand_over();
  for (std::size_t i = 0; i < count; ++i) put(raw[i], "x");
  std::vector<int> served(count, 0);
  while (*std::min_element(served.begin(), served.end()) == 0) {
    io->poll(1s);
    for (std::size_t i = 0; i < count; ++i) {
      while (!requests[i]->pending) {
        ++served[i];
        ASSERT_LE(served[i], 2) << i << " is served for the third time, and somebody has not been served once";
        put(raw[i], "x");
        if (io->start(*requests[i])) requests[i]->completed();
      }
    }
  }
  for (auto& request : requests) io->withdraw(*request);
  while (io->pending() != 0) io->poll(10ms);
}

EDDY_ON_EVERY_BACKEND(backend_poll);

}  // namespace
