// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/mutex.hpp"

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

static_assert(!std::is_copy_constructible_v<eddy::mutex_guard> &&
              std::is_nothrow_move_constructible_v<eddy::mutex_guard>);

struct room {
  eddy::mutex door;
  int inside = 0;
  int most = 0;
  std::vector<int> order;
};

coro<> visit(room& r, int who) {
  auto held = co_await r.door.lock();
  r.order.push_back(who);
  r.most = std::max(r.most, ++r.inside);
  auto leave = eddy::on_exit([&] { --r.inside; });
  co_await eddy::sleep(1ms);
}

std::string judge(const room& r) {
  std::string problems;
  eddy::testing::require(problems, !r.door.locked(), "the lock is held by nobody");
  eddy::testing::require(problems, r.most <= 1, "two were inside at once");
  eddy::testing::require(problems, r.inside == 0, "somebody never left");
  eddy::testing::require(problems, std::ranges::is_sorted(r.order), "not first in, first out");
  return problems;
}

EDDY_TEST(mutex, S33_lets_one_in_at_a_time_first_come_first_served) {
  room r;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 4; ++i) group.create_task(visit, std::ref(r), i);
    co_return;
  });
  EXPECT_EQ(r.order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(judge(r), "");
}

EDDY_TEST(mutex, L7_nobody_barges_in_when_it_is_unlocked_for_a_waiter) {
  eddy::mutex m;
  std::vector<std::string> order;
  auto held = co_await m.lock();
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto mine = co_await m.lock();
    order.push_back("waiter");
  });
  co_await eddy::sleep(0s);
  held.unlock();
  EXPECT_TRUE(m.locked());
  auto barging = m.try_lock();
  EXPECT_FALSE(barging);
  auto again = co_await m.lock();
  order.push_back("owner again");
  EXPECT_EQ(order, (std::vector<std::string>{"waiter", "owner again"}));
  co_await waiter;
}

EDDY_TEST(mutex, try_lock_and_guards_move) {
  eddy::mutex m;
  auto first = m.try_lock();
  EXPECT_TRUE(first);
  auto second = m.try_lock();
  EXPECT_FALSE(second);
  second = std::move(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(first);
  EXPECT_TRUE(m.locked());
  second.unlock();
  second.unlock();
  EXPECT_FALSE(m.locked());
  co_return;
}

EDDY_TEST(mutex, L1_a_lock_handed_to_a_waiter_that_is_cancelled_is_not_lost) {
  eddy::mutex m;
  bool had_it = false;
  auto held = co_await m.lock();
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto mine = co_await m.lock();
    had_it = true;
    co_await eddy::checkpoint();
    ADD_FAILURE() << "the cancellation was lost";
  });
  co_await eddy::sleep(0s);
  held.unlock();
  waiter.cancel();
  co_await eddy::sleep(0s);
  EXPECT_TRUE(had_it);
  EXPECT_TRUE(waiter.cancelled());
  EXPECT_FALSE(m.locked());
}

TEST(mutex, L1_is_atomic_wherever_a_waiter_is_cancelled) {
  std::optional<room> r;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        r.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 3; ++i) group.create_task(visit, std::ref(*r), i);
          co_await eddy::sleep(0s);
          co_await visit(*r, 3);
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*r); }));
  EXPECT_GE(went.cancel_points, 20U);
}

TEST(mutex, L1_is_atomic_under_a_timeout) {
  std::optional<room> r;
  eddy::testing::explore(
      [&]() -> coro<> {
        r.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 4; ++i) {
            group.create_task([&r = *r, i]() -> coro<> {
              try {
                co_await eddy::wait_for(visit(r, i), 2ms);  // the second is due when the lock is handed to it
              } catch (const eddy::timeout_error&) {
              }
            });
          }
          co_return;
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*r); }));
}

TEST(mutex, L1_shutdown_leaves_it_free) {
  room r;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < 3; ++i) group.create_task(visit, std::ref(r), i);
      co_return;
    });
  });
  EXPECT_EQ(judge(r), "");
  EXPECT_EQ(r.order, std::vector<int>{0});
}

EDDY_IO_TEST(mutex, S33_is_unlocked_from_another_thread_by_way_of_the_loop) {
  eddy::mutex m;
  auto held = co_await m.lock();
  eddy::testing::from_thread other([&] { held.unlock(); });
  auto mine = co_await m.lock();
  EXPECT_TRUE(mine);
  EXPECT_FALSE(held);
}

TEST(mutex_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto m = std::make_unique<eddy::mutex>();
                 auto held = co_await m->lock();
                 eddy::create_task([&m]() -> coro<> { auto mine = co_await m->lock(); });
                 co_await eddy::sleep(0s);
                 m.reset();
               }),
               "mutex was destroyed while tasks wait for it; let it outlive them");
}

TEST(mutex_death, L9_destroyed_while_locked_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto m = std::make_unique<eddy::mutex>();
                 auto held = co_await m->lock();
                 m.reset();
               }),
               "mutex was destroyed while it is locked; let it outlive its guards");
}

}  // namespace
