// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/condition.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/flow/finally.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

struct shop {
  eddy::mutex door;
  eddy::condition changed;
  int stock = 0;
  int sold = 0;
  int inside = 0;
  bool broken = false;  // two held the lock at once, or a guard lied
  std::vector<int> order;
};

// Says that its owner holds the lock, for as long as it lives.
class in_shop {
 public:
  explicit in_shop(shop& s) : shop_(s) { shop_.broken |= ++shop_.inside != 1; }
  in_shop(const in_shop&) = delete;
  ~in_shop() { --shop_.inside; }

 private:
  shop& shop_;
};

coro<> buy(shop& s, int who) {
  auto held = co_await s.door.lock();
  // Whatever the end of the wait, the guard holds the lock when its frame goes.
  auto look = eddy::on_exit([&] { s.broken |= !held; });
  while (s.stock == 0) co_await s.changed.wait(held);
  const in_shop inside(s);
  --s.stock;
  ++s.sold;
  s.order.push_back(who);
}

coro<> supply(shop& s, int count) {
  for (int i = 0; i < count; ++i) {
    auto held = co_await s.door.lock();
    const in_shop inside(s);
    ++s.stock;
    s.changed.notify();
    co_await eddy::sleep(1ms);  // those who were notified have to wait for the lock
  }
}

std::string judge(shop& s) {
  std::string problems;
  eddy::testing::require(problems, !s.broken, "two held the lock at once, or a guard did not");
  eddy::testing::require(problems, s.inside == 0, "somebody never left");
  eddy::testing::require(problems, !s.door.locked(), "the lock is held by nobody");
  eddy::testing::require(problems, s.changed.waiting() == 0, "a waiter is left");
  eddy::testing::require(problems, std::ranges::is_sorted(s.order), "not first in, first out");
  return problems;
}

EDDY_TEST(condition, S33_waiters_are_woken_in_order_and_hold_the_lock) {
  shop s;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(buy, std::ref(s), i);
    group.create_task(supply, std::ref(s), 3);
    co_return;
  });
  EXPECT_EQ(s.order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(judge(s), "");
}

EDDY_TEST(condition, S33_waits_for_a_predicate) {
  shop s;
  auto buyer = eddy::create_task([&]() -> coro<> {
    auto held = co_await s.door.lock();
    co_await s.changed.wait(held, [&s] { return s.stock >= 3; });
    EXPECT_TRUE(held);
    EXPECT_EQ(s.stock, 3);
    co_await s.changed.wait(held, [] { return true; });
    EXPECT_TRUE(s.door.locked());
  });
  for (int i = 0; i < 3; ++i) {
    co_await eddy::sleep(1s);
    EXPECT_FALSE(buyer.done());
    ++s.stock;
    s.changed.notify_all();  // without the lock: nothing runs in between
  }
  co_await buyer;
  EXPECT_EQ(judge(s), "");
}

EDDY_TEST(condition, S33_notify_wakes_so_many_and_notify_all_those_who_wait_now) {
  shop s;
  int woken = 0;
  const auto wait_once = [&]() -> coro<> {
    auto held = co_await s.door.lock();
    co_await s.changed.wait(held);
    ++woken;
  };
  s.changed.notify(3);  // nobody waits: forgotten
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 5; ++i) group.create_task(wait_once);
    co_await eddy::sleep(1s);
    EXPECT_EQ(woken, 0);
    EXPECT_EQ(s.changed.waiting(), 5U);
    s.changed.notify(2);
    co_await eddy::sleep(1s);
    EXPECT_EQ(woken, 2);
    s.changed.notify_all();
    co_await eddy::sleep(1s);
    EXPECT_EQ(woken, 5);
  });
  EXPECT_EQ(judge(s), "");
}

EDDY_TEST(condition, L9_a_guard_that_holds_nothing_is_misuse) {
  shop s;
  auto held = co_await s.door.lock();
  held.unlock();
  EXPECT_THROW((void)s.changed.wait(held), eddy::misuse_error);
}

// Program 19.
EDDY_TEST(condition, L1_19_a_cancelled_wait_takes_the_mutex_again_first) {
  shop s;
  bool held_at_end = false;
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto held = co_await s.door.lock();
    auto look = eddy::on_cancel([&] { held_at_end = static_cast<bool>(held) && s.door.locked(); });
    co_await s.changed.wait(held);
    ADD_FAILURE() << "the cancellation was lost";
  });
  co_await eddy::sleep(0s);
  auto mine = co_await s.door.lock();
  waiter.cancel();
  co_await eddy::sleep(1s);
  EXPECT_FALSE(waiter.done()) << "the lock is held by another";
  mine.unlock();
  co_await eddy::sleep(0s);
  EXPECT_TRUE(waiter.cancelled());
  EXPECT_TRUE(held_at_end);
  EXPECT_EQ(judge(s), "");
}

EDDY_TEST(condition, L1_19_a_notification_given_to_a_waiter_that_is_cancelled_counts) {
  shop s;
  auto first = eddy::create_task(buy, std::ref(s), 0);
  auto second = eddy::create_task(buy, std::ref(s), 1);
  co_await eddy::sleep(0s);
  {
    auto held = co_await s.door.lock();
    ++s.stock;
    s.changed.notify();
    first.cancel();  // it has been notified: it goes on with that
    co_await eddy::sleep(1s);
  }
  co_await eddy::sleep(0s);
  EXPECT_EQ(s.order, std::vector<int>{0});
  EXPECT_TRUE(first.done() && !first.cancelled());
  EXPECT_FALSE(second.done());
  co_await eddy::cancel_and_join(second);
  EXPECT_EQ(judge(s), "");
}

EDDY_TEST(condition, L1_19_a_waiter_that_was_cancelled_first_is_not_notified_and_the_next_one_is) {
  shop s;
  auto first = eddy::create_task(buy, std::ref(s), 0);
  auto second = eddy::create_task(buy, std::ref(s), 1);
  co_await eddy::sleep(0s);
  auto held = co_await s.door.lock();
  first.cancel();
  ++s.stock;
  s.changed.notify();
  held.unlock();
  co_await second;
  EXPECT_TRUE(first.cancelled());
  EXPECT_EQ(s.order, std::vector<int>{1});
  EXPECT_EQ(judge(s), "");
}

EDDY_TEST(condition, L3_when_the_grace_is_over_a_wait_ends_without_the_mutex) {
  std::vector<std::string> told;
  auto& loop = eddy::event_loop::current();
  auto before = loop.set_exception_handler([&](const eddy::unhandled_error& what) { told.push_back(what.message); });
  shop s;
  bool empty_at_end = false;
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto held = co_await s.door.lock();
    auto look = eddy::on_cancel([&] { empty_at_end = !held; });
    co_await s.changed.wait(held);
  });
  co_await eddy::sleep(0s);
  auto mine = co_await s.door.lock();
  co_await eddy::cancel_and_join(waiter);  // nobody unlocks: the default grace is 10 s
  EXPECT_TRUE(empty_at_end);
  EXPECT_TRUE(s.door.locked());
  EXPECT_EQ(told.size(), 1U);
  loop.set_exception_handler(std::move(before));
}

TEST(condition, L1_19_is_right_wherever_somebody_is_cancelled) {
  std::optional<shop> s;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        s.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          group.create_task(buy, std::ref(*s), 0);
          group.create_task(buy, std::ref(*s), 1);
          co_await eddy::sleep(0s);
          group.create_task(supply, std::ref(*s), 3);
          co_await buy(*s, 2);
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*s); }));
  EXPECT_GE(went.cancel_points, 25U);
}

TEST(condition, L1_19_no_item_is_left_beside_a_waiter_when_single_waiters_give_up) {
  std::optional<shop> s;
  eddy::testing::explore(
      [&]() -> coro<> {
        s.emplace();
        int bought = 0;
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 3; ++i) {
            group.create_task([&, i]() -> coro<> {
              try {
                co_await eddy::wait_for(buy(*s, i), std::chrono::milliseconds(1 + i));
                ++bought;
              } catch (const eddy::timeout_error&) {
              }
            });
          }
          co_await eddy::sleep(1ms);
          co_await supply(*s, 2);
        });
        if (s->sold + s->stock != 2 || bought > s->sold) s->broken = true;
      },
      eddy::testing::explore_options().check([&] { return judge(*s); }));
}

TEST(condition, L1_shutdown_takes_the_waiters_out) {
  shop s;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < 3; ++i) group.create_task(buy, std::ref(s), i);
      group.create_task(supply, std::ref(s), 3);
      co_return;
    });
  });
  EXPECT_EQ(judge(s), "");
}

EDDY_IO_TEST(condition, S33_is_notified_from_another_thread_by_way_of_the_loop) {
  shop s;
  auto held = co_await s.door.lock();
  eddy::testing::from_thread other([&] { s.changed.notify(); });
  co_await s.changed.wait(held);
  EXPECT_TRUE(held);
}

TEST(condition_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto s = std::make_unique<shop>();
                 eddy::create_task(buy, std::ref(*s), 0);
                 co_await eddy::sleep(0s);
                 s.reset();
               }),
               "condition was destroyed while tasks wait for it; let it outlive them");
}

}  // namespace
