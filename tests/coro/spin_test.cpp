// SPDX-License-Identifier: BSL-1.0
// run_options::spin: a loop that looks for work before it sleeps misses nothing. Limits of an hour show that it notices
// what comes, since a loop that did not would be stuck.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "eddy/coro/run.hpp"
#include "eddy/coro/runner.hpp"
#include "eddy/exec/readable.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/sync/event.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::coro;

eddy::run_options spinning() { return eddy::run_options().spin(1h); }

TEST(spin, L7_a_deadline_ends_it) {
  const auto start = std::chrono::steady_clock::now();
  eddy::run(spinning(), [start]() -> coro<> {
    co_await eddy::sleep(2ms);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 2ms);
  });
}

TEST(spin, a_post_of_another_thread_ends_it) {
  eddy::run(spinning(), []() -> coro<> {
    int sum = 0;
    for (int i = 0; i < 100; ++i) sum += co_await eddy::to_thread([i] { return i; });
    EXPECT_EQ(sum, 4950);
  });
}

TEST(spin, a_descriptor_that_is_ready_ends_it) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  std::jthread writer([other = ends[1]] {
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(::write(other, "x", 1), 1);
  });
  eddy::run(spinning(), [own = ends[0]]() -> coro<> {
    co_await eddy::readable(own);
    char byte = 0;
    EXPECT_EQ(::read(own, &byte, 1), 1);
  });
  writer.join();
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(spin, a_short_one_is_followed_by_sleep_and_a_runner_takes_it_too) {
  eddy::runner runner(eddy::run_options().spin(10us));
  runner.run([]() -> coro<> { co_await eddy::to_thread([] { std::this_thread::sleep_for(20ms); }); });
}

}  // namespace
