// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/explore_orders.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/retry.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/tracked.hpp"
#include "tests/testing/caught.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::expect_part;
using eddy::testing::explore_orders;
using eddy::testing::found_by_orders;
using eddy::testing::order_options;
using eddy::testing::steps_of_order;

namespace {

/// EDDY_SEED while it lives.
class seed_in_environment {
 public:
  explicit seed_in_environment(const std::string& seed) { ::setenv("EDDY_SEED", seed.c_str(), 1); }
  seed_in_environment(const seed_in_environment&) = delete;
  seed_in_environment& operator=(const seed_in_environment&) = delete;
  ~seed_in_environment() { ::unsetenv("EDDY_SEED"); }
};

coro<> note(std::vector<int>& order, int number) {
  order.push_back(number);
  co_await eddy::sleep(0ns);
  order.push_back(10 * number);
}

// Tasks, a queue, a lock, timeouts, chance: enough to show a difference between two runs.
coro<> busy() {
  eddy::queue<int> numbers(2);
  eddy::mutex door;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) {
      group.create_task([&numbers, i]() -> coro<> {
        for (int k = 0; k < 3; ++k) co_await numbers.put(10 * i + k);
      });
      group.create_task([&numbers, &door]() -> coro<> {
        for (int k = 0; k < 3; ++k) {
          co_await numbers.get();
          auto held = co_await door.lock();
          co_await eddy::sleep(1ms);
        }
      });
    }
    auto fails = []() -> coro<> {
      co_await eddy::sleep(1ms);
      throw eddy::error("again");
    };
    group.create_task([fails]() -> coro<> {
      const auto end = co_await eddy::as_outcome(eddy::retry(eddy::retry_policy().attempts(4), fails));
      EXPECT_TRUE(end.has_exception());
    });
    co_return;
  });
}

TEST(explore_orders, L10_the_same_seed_takes_the_same_steps) {
  std::set<std::vector<std::string>> different;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto once = steps_of_order(busy, seed);
    EXPECT_GT(once.size(), 30U);
    EXPECT_EQ(once, steps_of_order(busy, seed)) << "seed " << seed;
    different.insert(once);
  }
  EXPECT_GT(different.size(), 15U);
}

TEST(explore_orders, S68_a_body_without_races_passes_every_order) {
  const auto went = explore_orders(busy, order_options().seeds(100).cancelling());
  EXPECT_EQ(went.orders, 100U);
  EXPECT_EQ(went.runs, 100U);
}

TEST(explore_orders, S68_seeds_choose_different_orders) {
  std::set<std::vector<int>> seen;
  std::vector<int> order;
  explore_orders(
      [&]() -> coro<> {
        order.clear();
        co_await eddy::gather(note(order, 1), note(order, 2), note(order, 3));
      },
      order_options().seeds(200).check([&] {
        seen.insert(order);
        return std::string();
      }));
  EXPECT_GT(seen.size(), 20U);
}

TEST(explore_orders, S68_exhaustive_goes_through_every_order_once) {
  std::multiset<std::vector<int>> seen;
  std::vector<int> order;
  const auto went = explore_orders(
      [&]() -> coro<> {
        order.clear();
        co_await eddy::gather(note(order, 1), note(order, 2));
      },
      order_options().exhaustive().check([&] {
        seen.insert(order);
        return std::string();
      }));
  EXPECT_TRUE(went.exhausted);
  EXPECT_EQ(went.orders, seen.size());
  // Two lines of two steps each: 4 over 2.
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 6U);
}

TEST(explore_orders, S68_exhaustive_says_when_there_are_more_orders_than_allowed) {
  expect_part(found_by_orders(busy, order_options().exhaustive(10)), "stopped after 10 orders");
}

// Fails when 3 comes first and 1 last.
coro<> one_order_fails() {
  std::vector<int> order;
  co_await eddy::gather(note(order, 1), note(order, 2), note(order, 3));
  EXPECT_FALSE(order.front() == 3 && order.back() == 10) << "the order that fails";
}

TEST(explore_orders, S68_a_failure_prints_a_seed_that_repeats_it) {
  const auto found = explore_orders(one_order_fails, order_options().report(false));
  const std::string text = text_of(found);
  expect_part(text, "EDDY_SEED=");
  expect_part(text, "explore_orders_test.cpp:");
  expect_part(text, "the order that fails");
  ASSERT_FALSE(found.seed.empty());
  const seed_in_environment seed(found.seed);
  const auto again = explore_orders(one_order_fails, order_options().report(false));
  expect_part(text_of(again), "the order that fails");
  EXPECT_GE(again.runs, 1U);
}

TEST(explore_orders, S68_a_seed_in_the_environment_runs_that_order_alone) {
  const seed_in_environment seed("17");
  EXPECT_EQ(explore_orders(busy).runs, 1U);
}

TEST(explore_orders, S68_the_order_that_is_printed_is_short) {
  const auto found = explore_orders(one_order_fails, order_options().report(false));
  EXPECT_LE(std::count(found.seed.begin(), found.seed.end(), '.'), 7) << found.seed;
}

TEST(explore_orders, callbacks_keep_the_order_of_call_soon) {
  explore_orders(
      []() -> coro<> {
        std::vector<int> order;
        for (int i = 0; i < 3; ++i) eddy::event_loop::current().call_soon([&order, i] { order.push_back(i); });
        while (order.size() < 3) co_await eddy::sleep(0ns);
        EXPECT_EQ(order, (std::vector{0, 1, 2}));
      },
      order_options().seeds(100));
}

TEST(explore_orders, slow_steps_let_a_deadline_overtake_what_is_ready) {
  bool late = false;
  const auto body = [&]() -> coro<> {
    const auto work = []() -> coro<> {
      for (int i = 0; i < 5; ++i) co_await eddy::sleep(0ns);
    };
    const auto end = co_await eddy::as_outcome(eddy::wait_for(work(), 500ms));
    late = late || end.has_exception();
  };
  explore_orders(body, order_options().seeds(50));
  EXPECT_FALSE(late);
  explore_orders(body, order_options().seeds(50).slow_steps());
  EXPECT_TRUE(late);
}

TEST(explore_orders, cancelling_finds_what_only_a_cancellation_shows) {
  const auto body = []() -> coro<> {
    eddy::testing::tracked::note_open("by hand");
    for (int i = 0; i < 5; ++i) co_await eddy::sleep(1ms);
    eddy::testing::tracked::note_close("by hand");
  };
  EXPECT_EQ(found_by_orders(body, order_options().seeds(50)), "");
  const std::string text = found_by_orders(body, order_options().seeds(50).cancelling());
  expect_part(text, "the body is cancelled");
  expect_part(text, "\"by hand\" was opened and not closed");
}

TEST(explore_orders, says_when_a_failure_does_not_show_again) {
  int run = 0;
  const auto found = explore_orders(
      [&]() -> coro<> {
        EXPECT_NE(++run, 5) << "once";
        co_return;
      },
      order_options().report(false));
  expect_part(text_of(found), "not when it is repeated");
  EXPECT_FALSE(found.repeatable);
}

TEST(explore_orders, reports_to_googletest) {
  EXPECT_NONFATAL_FAILURE(static_cast<void>(explore_orders(one_order_fails)), "EDDY_SEED=");
}

}  // namespace
