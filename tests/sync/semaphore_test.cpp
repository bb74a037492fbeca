// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/semaphore.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

struct pool {
  eddy::semaphore permits{2};
  int inside = 0;
  int most = 0;
  std::vector<int> order;
};

coro<> use(pool& p, int who) {
  auto permit = co_await p.permits.acquire();
  p.order.push_back(who);
  p.most = std::max(p.most, ++p.inside);
  auto leave = eddy::on_exit([&] { --p.inside; });
  co_await eddy::sleep(std::chrono::milliseconds(1 + who % 2));
}

std::string judge(const pool& p) {
  std::string problems;
  eddy::testing::require(problems, p.permits.available() == 2,
                         std::to_string(p.permits.available()) + " permits are free instead of 2");
  eddy::testing::require(problems, p.most <= 2, "more than two were inside");
  eddy::testing::require(problems, p.inside == 0, "somebody never left");
  eddy::testing::require(problems, std::ranges::is_sorted(p.order), "not first in, first out");
  return problems;
}

EDDY_TEST(semaphore, S25_lets_so_many_in_first_come_first_served) {
  pool p;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 6; ++i) group.create_task(use, std::ref(p), i);
    co_return;
  });
  EXPECT_EQ(p.order.size(), 6U);
  EXPECT_EQ(p.most, 2);
  EXPECT_EQ(judge(p), "");
}

EDDY_TEST(semaphore, permits_move_and_are_given_back_once) {
  eddy::semaphore s(1);
  auto first = s.try_acquire();
  EXPECT_TRUE(first);
  EXPECT_FALSE(s.try_acquire());
  auto second = std::move(first);
  EXPECT_FALSE(first);
  first.release();
  EXPECT_EQ(s.available(), 0U);
  second.release();
  second.release();
  EXPECT_EQ(s.available(), 1U);
  s.release();
  EXPECT_EQ(s.available(), 2U);
  co_return;
}

EDDY_TEST(semaphore, L1_18_a_permit_handed_to_a_waiter_that_is_cancelled_is_not_lost) {
  eddy::semaphore s(0);
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto permit = co_await s.acquire();
    co_await eddy::sleep(1h);
  });
  auto next = eddy::create_task([&]() -> coro<> { auto permit = co_await s.acquire(); });
  co_await eddy::sleep(0s);
  s.release();
  waiter.cancel();
  co_await next;  // the permit goes on to the next one
  EXPECT_TRUE(waiter.cancelled());
  EXPECT_EQ(s.available(), 1U);
}

TEST(semaphore, L1_18_a_permit_handed_out_when_the_loop_closes_is_not_lost) {
  eddy::semaphore s(0);
  bool had_it = false;
  eddy::run([&]() -> coro<> {
    eddy::create_task([&]() -> coro<> {
      auto permit = co_await s.acquire();
      had_it = true;
      co_await eddy::sleep(1h);
    });
    co_await eddy::sleep(0s);
    s.release();  // and main is over
  });
  EXPECT_TRUE(had_it);
  EXPECT_EQ(s.available(), 1U);
}

TEST(semaphore, L1_permits_are_whole_wherever_a_holder_is_cancelled) {
  std::optional<pool> p;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        p.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 5; ++i) group.create_task(use, std::ref(*p), i);
          co_await eddy::sleep(0s);
          co_await use(*p, 5);
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*p); }));
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(semaphore, L1_permits_are_whole_when_one_waiter_alone_is_cancelled) {
  std::optional<pool> p;
  eddy::testing::explore(
      [&]() -> coro<> {
        p.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 3; ++i) group.create_task(use, std::ref(*p), i);
          co_await eddy::sleep(0s);
          for (int limit = 1; limit <= 3; ++limit) {
            try {
              co_await eddy::wait_for(use(*p, 2 + limit), std::chrono::milliseconds(limit));
            } catch (const eddy::timeout_error&) {
            }
          }
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*p); }));
}

EDDY_IO_TEST(semaphore, S33_is_released_from_another_thread_by_way_of_the_loop) {
  eddy::semaphore s(0);
  eddy::testing::from_thread other([&] { s.release(); });
  auto permit = co_await s.acquire();
  EXPECT_TRUE(permit);
}

TEST(semaphore_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto s = std::make_unique<eddy::semaphore>(0);
                 eddy::create_task([&s]() -> coro<> { auto mine = co_await s->acquire(); });
                 co_await eddy::sleep(0s);
                 s.reset();
               }),
               "semaphore was destroyed while tasks wait for it; let it outlive them");
}

TEST(semaphore_death, L9_destroyed_while_permits_are_held_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto s = std::make_unique<eddy::semaphore>(1U);
                 auto permit = co_await s->acquire();
                 s.reset();
               }),
               "semaphore was destroyed while permits of it are held; let it outlive them");
}

}  // namespace
