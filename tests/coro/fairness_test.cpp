// SPDX-License-Identifier: BSL-1.0
// Law L7: in order, and fair.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

EDDY_TEST(fairness, L7_ready_tasks_run_first_in_first_out_round_after_round) {
  std::vector<int> order;
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 10; ++i)
    tasks.push_back(eddy::create_task([&order, i]() -> eddy::coro<> {
      for (int round = 0; round < 3; ++round) {
        order.push_back(10 * round + i);
        co_await eddy::sleep(0s);
      }
    }));
  for (auto& t : tasks) co_await t;
  EXPECT_EQ(order.size(), 30U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

EDDY_TEST(fairness, L7_sleepers_with_equal_deadlines_wake_in_order_of_arming) {
  std::vector<int> order;
  std::vector<eddy::task<>> tasks;
  const auto when = eddy::now() + 1s;
  for (int i = 0; i < 100; ++i)
    tasks.push_back(eddy::create_task([&order, i, when]() -> eddy::coro<> {
      co_await eddy::sleep_until(when);
      order.push_back(i);
    }));
  for (auto& t : tasks) co_await t;
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 100U);
}

EDDY_TEST(fairness, L7_a_step_completes_at_most_128_ready_operations) {
  eddy::event set;
  set.set();
  int done = 0;
  std::vector<int> seen;
  auto busy = eddy::create_task([&]() -> eddy::coro<> {
    for (; done < 1000; ++done) co_await set.wait();
  });
  auto watcher = eddy::create_task([&]() -> eddy::coro<> {
    while (!busy.done()) {
      seen.push_back(done);
      co_await eddy::sleep(0s);
    }
  });
  co_await busy;
  co_await watcher;
  EDDY_ASSERT_GE(seen.size(), 7U);
  EXPECT_EQ(seen[0], 128);
  for (std::size_t i = 1; i < 7; ++i) EXPECT_LE(seen[i] - seen[i - 1], 129) << i;
}

EDDY_IO_TEST(fairness, L7_a_task_that_never_waits_does_not_starve_a_timer) {
  bool stop = false;
  auto busy = eddy::create_task([&]() -> eddy::coro<> {
    while (!stop) co_await eddy::checkpoint();
  });
  co_await eddy::sleep(1ms);
  stop = true;
  co_await busy;
  EXPECT_TRUE(busy.done());
}

EDDY_IO_TEST(fairness, L7_a_limit_ends_a_task_that_never_waits) {
  bool timed_out = false;
  const auto spin = []() -> eddy::coro<> {
    while (true) co_await eddy::checkpoint();
  };
  try {
    co_await eddy::wait_for(spin(), 1ms);
  } catch (const eddy::timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
}

// Program 20, the other half: both limits are due in one turn; the outer one is told, and nobody gets an error of the
// inner one.
EDDY_TEST(fairness, L7_of_two_limits_due_at_once_the_outer_one_wins) {
  int inner = 0;
  int outer = 0;
  const auto body = [&]() -> eddy::coro<> {
    try {
      co_await eddy::wait_for(eddy::sleep(1h), 1s);
    } catch (const eddy::timeout_error&) {
      ++inner;
    }
    co_await eddy::sleep(1h);
  };
  try {
    co_await eddy::wait_for(body(), 1s);
  } catch (const eddy::timeout_error&) {
    ++outer;
  }
  EXPECT_EQ(inner, 0);
  EXPECT_EQ(outer, 1);
}

}  // namespace
