// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/sleep.hpp"

#include <optional>
#include <string>
#include <vector>

#include "eddy/coro/future.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

EDDY_TEST(sleep, S20_is_exact_and_deadlines_come_in_order) {
  std::vector<int> order;
  const auto begin = eddy::now();
  std::vector<eddy::task<>> all;
  for (int i : {3, 1, 2}) {
    all.push_back(eddy::create_task([&order, i]() -> coro<> {
      co_await eddy::sleep(std::chrono::nanoseconds(i));
      order.push_back(i);
    }));
  }
  for (const auto& t : all) co_await t;
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(eddy::now() - begin, 3ns);
}

EDDY_TEST(sleep, L7_equal_deadlines_are_first_in_first_out) {
  std::vector<int> order;
  std::vector<eddy::task<>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(eddy::create_task([&order, i]() -> coro<> {
      co_await eddy::sleep(1s);
      order.push_back(i);
    }));
  }
  for (const auto& t : all) co_await t;
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

EDDY_TEST(sleep, S20_until_a_moment_and_until_one_that_has_passed) {
  const auto begin = eddy::now();
  co_await eddy::sleep_until(begin + 5s);
  EXPECT_EQ(eddy::now() - begin, 5s);
  co_await eddy::sleep_until(begin);
  co_await eddy::sleep(-1s);
  EXPECT_EQ(eddy::now() - begin, 5s);
}

EDDY_TEST(sleep, S20_of_nothing_lets_every_ready_task_have_its_turn) {
  std::string order;
  auto other = eddy::create_task([&]() -> coro<> {
    order += 'b';
    co_return;
  });
  order += 'a';
  co_await eddy::sleep(0s);
  order += 'c';
  EXPECT_EQ(order, "abc");
  co_await other;
}

EDDY_TEST(sleep, S20_for_ever_can_be_cancelled) {
  auto job = eddy::create_task([]() -> coro<> { co_await eddy::sleep(std::chrono::nanoseconds::max()); });
  co_await eddy::sleep(1h);
  EXPECT_FALSE(job.done());
  co_await eddy::cancel_and_join(job);
}

TEST(sleep, S20_L11_is_a_cancellation_point_at_every_moment) {
  int passed = 0;
  const auto went = eddy::testing::explore([&]() -> coro<> {
    passed = 0;
    co_await eddy::sleep(1ms);
    co_await eddy::sleep(0s);
    co_await eddy::sleep_until(eddy::now() + 1ms);
    co_await eddy::sleep_until(eddy::now());
    co_await eddy::checkpoint();
    ++passed;
  });
  EXPECT_EQ(passed, 1);  // the last run is undisturbed
  EXPECT_GE(went.cancel_points, 10U);
}

// -- program 17: loops over what is always ready
// ---------------------------------------------------------------------------------

EDDY_TEST(fairness, L11_17_a_loop_over_a_queue_that_is_never_empty_notices_its_cancellation) {
  eddy::queue<int> q;
  q.try_put(0);
  int rounds = 0;
  auto job = eddy::create_task([&]() -> coro<> {
    while (true) {
      const int x = co_await q.get();
      q.try_put(x + 1);
      if (++rounds == 1'000'000) co_return;
    }
  });
  co_await eddy::sleep(0s);
  job.cancel();
  co_await eddy::sleep(0s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_LE(rounds, 1000);
  EXPECT_EQ(q.size(), 1U);
}

EDDY_TEST(fairness, L7_17_a_loop_over_ready_things_starves_neither_timers_nor_tasks) {
  eddy::semaphore s(1);
  bool stop = false;
  int rounds = 0;
  auto greedy = eddy::create_task([&]() -> coro<> {
    while (!stop && rounds < 1'000'000) {
      auto permit = co_await s.acquire();
      ++rounds;
    }
  });
  auto polite = eddy::create_task([&]() -> coro<> {
    co_await eddy::sleep(0s);
    stop = true;
  });
  co_await greedy;
  EXPECT_LT(rounds, 1000);
  co_await polite;
}

EDDY_TEST(fairness, L11_checkpoint_notices_a_cancellation_of_its_own_task) {
  int rounds = 0;
  auto job = eddy::create_task([&]() -> coro<> {
    while (true) {
      if (++rounds == 5) static_cast<eddy::detail::task_state&>(eddy::context::current()).cancel("by itself");
      co_await eddy::checkpoint();
    }
  });
  co_await eddy::sleep(0s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(rounds, 5);
}

EDDY_TEST(cancellation, L11_stays_pending_until_it_is_delivered_and_carries_its_reason) {
  eddy::promise<int> p;
  std::string reason;
  auto job = eddy::create_task([&]() -> coro<> {
    auto note = eddy::on_cancel([&] { reason = eddy::context::current().cancel_reason(); });
    const int x = co_await p.get_future();
    EXPECT_EQ(x, 3);
    EXPECT_TRUE(eddy::context::current().cancel_requested());
    co_await eddy::sleep(0s);
  });
  co_await eddy::sleep(0s);
  p.set_value(3);
  job.cancel("first");
  job.cancel("second");
  co_await eddy::sleep(0s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(reason, "first");
}

EDDY_TEST(cancellation, L11_ones_own_goes_before_the_news_of_anothers) {
  auto other = eddy::create_task([]() -> coro<> { co_await eddy::sleep(1h); });
  bool news = false;
  auto job = eddy::create_task([&]() -> coro<> {
    try {
      co_await other;
    } catch (const eddy::cancelled_error&) {
      news = true;
    }
  });
  co_await eddy::sleep(0s);
  other.cancel();
  job.cancel();
  co_await eddy::sleep(0s);
  co_await eddy::sleep(0s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_FALSE(news);
}

EDDY_TEST(cancellation, L5_a_task_cancelled_before_it_began_never_runs_and_its_arguments_are_destroyed) {
  bool ran = false;
  auto token = std::make_shared<int>(1);
  auto job = eddy::create_task(
      [&ran](std::shared_ptr<int>) -> coro<> {
        ran = true;
        co_return;
      },
      token);
  job.cancel();
  co_await eddy::sleep(0s);
  EXPECT_FALSE(ran);
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
