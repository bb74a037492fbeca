// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/rate_limiter.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::now;
using eddy::per_second;
using eddy::rate_limiter;
using times = std::vector<std::chrono::nanoseconds>;

namespace {

/// The loop is blocked for so long.
void stand_still(std::chrono::nanoseconds time) {
  auto& scheduler = eddy::context::current().scheduler();
  scheduler.virtual_now = *scheduler.virtual_now + time;
}

coro<times> acquire_so_many(rate_limiter& limit, int count) {
  const auto begin = now();
  times granted;
  for (int i = 0; i < count; ++i) {
    co_await limit.acquire();
    granted.push_back(now() - begin);
  }
  co_return granted;
}

EDDY_TEST(rate_limiter, S26_a_thousand_at_a_hundred_a_second_take_exactly_their_time) {
  rate_limiter limit(per_second(100));
  const times granted = co_await acquire_so_many(limit, 1000);
  for (std::size_t i = 0; i < granted.size(); ++i) EXPECT_EQ(granted[i], i * 10ms);
  EXPECT_EQ(granted.back(), 9990ms);
  EXPECT_EQ(limit.statistics().granted, 1000U);
}

EDDY_TEST(rate_limiter, S26_a_burst_passes_at_once_and_comes_back_evenly) {
  rate_limiter limit(per_second(100).burst(10));
  const times granted = co_await acquire_so_many(limit, 1000);
  for (std::size_t i = 0; i < granted.size(); ++i) EXPECT_EQ(granted[i], std::max(0, static_cast<int>(i) - 9) * 10ms);
  co_await eddy::sleep(35ms);
  EXPECT_EQ(limit.statistics().available, 3U);
  co_await eddy::sleep(1h);
  EXPECT_EQ(limit.statistics().available, 10U);  // never more than the burst
  const times again = co_await acquire_so_many(limit, 12);
  EXPECT_EQ(again[9], 0ms);
  EXPECT_EQ(again[11], 20ms);
}

EDDY_TEST(rate_limiter, S26_a_rate_that_does_not_divide_evenly_does_not_drift) {
  rate_limiter limit(3, 1s);
  const times granted = co_await acquire_so_many(limit, 3001);
  EXPECT_EQ(granted[1], 333'333'334ns);  // the first whole nanosecond after a third of a second
  EXPECT_EQ(granted[3000], 1000s);
  rate_limiter seventh(per_second(7).burst(5));
  const times more = co_await acquire_so_many(seventh, 5 + 7000);
  EXPECT_EQ(more.back(), 1000s);
  rate_limiter slow(eddy::per_minute(1));
  const times minutes = co_await acquire_so_many(slow, 3);
  EXPECT_EQ(minutes, (times{0s, 60s, 120s}));
}

EDDY_TEST(rate_limiter, S26_several_permits_at_once) {
  rate_limiter limit(per_second(10).burst(5));
  const auto begin = now();
  co_await limit.acquire(5);
  EXPECT_EQ(now() - begin, 0ms);
  co_await limit.acquire(3);
  EXPECT_EQ(now() - begin, 300ms);
  EXPECT_FALSE(limit.try_acquire());
  co_await eddy::sleep(250ms);
  EXPECT_FALSE(limit.try_acquire(3));
  EXPECT_TRUE(limit.try_acquire(2));
  EXPECT_EQ(limit.statistics().next, begin + 600ms);
}

EDDY_TEST(rate_limiter, L7_first_come_first_served_also_when_the_first_wants_more) {
  rate_limiter limit(per_second(10).burst(5));
  std::vector<std::string> order;
  auto ask = [&](std::string name, std::uint32_t permits) -> coro<> {
    co_await limit.acquire(permits);
    order.push_back(name);
  };
  const auto begin = now();
  co_await eddy::gather(ask("a", 5), ask("big", 4), ask("small", 1), ask("other", 2));
  EXPECT_EQ(order, (std::vector<std::string>{"a", "big", "small", "other"}));
  EXPECT_EQ(now() - begin, 700ms);
  EXPECT_EQ(limit.statistics().waiting, 0U);
}

EDDY_TEST(rate_limiter, L7_who_asks_does_not_overtake_who_waits) {
  rate_limiter limit(per_second(1).burst(2));
  EXPECT_TRUE(limit.try_acquire());
  auto waits = eddy::create_task([&]() -> coro<> { co_await limit.acquire(2); });
  co_await eddy::sleep(0s);
  EXPECT_EQ(limit.statistics().waiting, 1U);
  EXPECT_EQ(limit.statistics().available, 1U);
  EXPECT_FALSE(limit.try_acquire());
  co_await waits;
}

EDDY_TEST(rate_limiter, L1_a_cancelled_waiter_uses_nothing_up) {
  rate_limiter limit(per_second(1));
  co_await limit.acquire();
  const auto begin = now();
  std::vector<eddy::task<>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(eddy::create_task([&]() -> coro<> { co_await limit.acquire(); }));
  co_await eddy::sleep(500ms);
  waiting[0].cancel();
  waiting[1].cancel();
  co_await waiting[2];
  EXPECT_EQ(now() - begin, 1s);
  EXPECT_EQ(limit.statistics().granted, 2U);
}

EDDY_TEST(rate_limiter, L1_a_big_wish_that_is_withdrawn_lets_the_small_one_behind_it_pass_at_once) {
  rate_limiter limit(per_second(1).burst(10));
  co_await limit.acquire(8);
  const auto begin = now();
  auto big = eddy::create_task([&]() -> coro<> { co_await limit.acquire(10); });
  auto small = eddy::create_task([&]() -> coro<> { co_await limit.acquire(2); });
  co_await eddy::sleep(500ms);
  EXPECT_FALSE(small.done());
  big.cancel();
  co_await small;
  EXPECT_EQ(now() - begin, 500ms);
}

EDDY_TEST(rate_limiter, S26_late_wake_ups_do_not_add_up_but_a_standstill_is_not_made_good) {
  rate_limiter limit(per_second(100));
  const auto begin = now();
  co_await limit.acquire();
  for (int i = 0; i < 100; ++i) {
    stand_still(7ms);  // work that blocks the loop: each wake-up is late in its own way
    co_await limit.acquire();
  }
  EXPECT_EQ(now() - begin, 1s);

  std::vector<std::chrono::nanoseconds> granted;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 5; ++i)
      group.create_task([&]() -> coro<> {
        co_await limit.acquire();
        granted.push_back(now() - begin - 1s);
      });
    co_await eddy::sleep(0s);
    stand_still(10s);
  });
  EXPECT_EQ(granted, (times{10s, 10s, 10'010ms, 10'020ms, 10'030ms}));  // the burst of one, and one for being late
}

EDDY_TEST(rate_limiter, L9_misuse_says_what_to_do) {
  rate_limiter limit(per_second(10).burst(5));
  std::string text;
  try {
    co_await limit.acquire(6);
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("6 permits are never there at once, the burst is 5"), std::string::npos) << text;
  EXPECT_THROW((void)limit.try_acquire(0), eddy::misuse_error);
  EXPECT_THROW(eddy::rate(0, 1s), eddy::misuse_error);
  EXPECT_THROW(eddy::rate(1, 0s), eddy::misuse_error);
  EXPECT_THROW(per_second(1).burst(0), eddy::misuse_error);
  EXPECT_THROW(rate_limiter(eddy::rate(1, 10'000h).burst(4'000'000'000U)), eddy::misuse_error);
}

TEST(rate_limiter, L1_no_permit_is_lost_or_given_twice_wherever_it_is_cancelled) {
  std::optional<rate_limiter> limit;
  std::uint64_t taken = 0;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        limit.emplace(per_second(1000).burst(2));
        taken = 0;
        auto take = [&](std::uint32_t permits) -> coro<> {
          co_await limit->acquire(permits);
          taken += permits;
        };
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 3; ++i) group.create_task(take, i == 1 ? 2U : 1U);
          for (int i = 0; i < 3; ++i) {
            try {
              co_await eddy::wait_for(take(1), 2ms);
            } catch (const eddy::timeout_error&) {
            }
          }
        });
      },
      eddy::testing::explore_options().check(
          [&] { return taken <= 7 ? std::string() : "more permits than there are"; }));
  EXPECT_GE(went.cancel_points, 12U);
}

TEST(rate_limiter, L1_shutdown_ends_who_waits) {
  std::optional<rate_limiter> limit;
  limit.emplace(per_second(1));
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await limit->acquire();
    co_await eddy::gather(limit->acquire(), limit->acquire());
  });
  eddy::run([&]() -> coro<> {
    EXPECT_EQ(limit->statistics().waiting, 0U);
    EXPECT_EQ(limit->statistics().granted, 1U);
    co_return;
  });
}

EDDY_IO_TEST(rate_limiter, S26_on_the_real_clock_it_is_never_too_fast) {
  rate_limiter limit(per_second(10'000).burst(5));
  const auto begin = now();
  for (int i = 0; i < 205; ++i) co_await limit.acquire();
  EXPECT_GE(now() - begin, 20ms - 100us);  // one permit's lateness may be made good
}

TEST(rate_limiter_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto limit = std::make_unique<rate_limiter>(per_second(1));
                 co_await limit->acquire();
                 eddy::create_task([&limit]() -> coro<> { co_await limit->acquire(); });
                 co_await eddy::sleep(0s);
                 limit.reset();
               }),
               "rate_limiter was destroyed while tasks wait for it; let it outlive them");
}

}  // namespace
