// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/event.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

static_assert(!std::is_copy_constructible_v<eddy::event> && !std::is_move_constructible_v<eddy::event>);

coro<> note_when_set(eddy::event& e, std::vector<int>& order, int who) {
  co_await e.wait();
  order.push_back(who);
}

EDDY_TEST(event, S33_wakes_all_waiters_in_order_and_lets_later_ones_pass) {
  eddy::event e;
  std::vector<int> order;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(note_when_set, std::ref(e), std::ref(order), i);
    co_await eddy::sleep(1s);
    EXPECT_TRUE(order.empty());
    e.set();
  });
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(e.is_set());
  co_await e.wait();
}

EDDY_TEST(event, S33_a_woken_waiter_goes_on_although_it_is_cleared_at_once) {
  eddy::event e;
  std::vector<int> order;
  auto waiter = eddy::create_task(note_when_set, std::ref(e), std::ref(order), 7);
  co_await eddy::sleep(0s);
  e.set();
  e.clear();
  co_await waiter;
  EXPECT_EQ(order, std::vector<int>{7});
  EXPECT_FALSE(e.is_set());
}

EDDY_TEST(event, L1_a_waiter_cancelled_after_set_is_resumed_all_the_same) {
  eddy::event e;
  std::vector<int> order;
  auto waiter = eddy::create_task(note_when_set, std::ref(e), std::ref(order), 1);
  co_await eddy::sleep(0s);
  e.set();
  waiter.cancel();
  co_await eddy::sleep(0s);
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_FALSE(waiter.cancelled());
}

EDDY_TEST(event, L11_a_cancelled_task_does_not_pass_although_it_is_set) {
  eddy::event e;
  e.set();
  std::vector<int> order;
  auto waiter = eddy::create_task([&]() -> coro<> {
    co_await eddy::sleep(0s);
    co_await note_when_set(e, order, 1);
  });
  co_await eddy::sleep(0s);
  waiter.cancel();
  co_await eddy::sleep(0s);
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(waiter.cancelled());
}

TEST(event, L1_is_atomic_wherever_a_waiter_is_cancelled) {
  std::optional<eddy::event> e;
  std::vector<int> order;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        e.emplace();
        order.clear();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 3; ++i) group.create_task(note_when_set, std::ref(*e), std::ref(order), i);
          co_await eddy::sleep(1ms);
          e->set();
          co_await e->wait();
        });
      },
      eddy::testing::explore_options().check([&] {
        std::string problems;
        eddy::testing::require(problems, std::ranges::is_sorted(order), "woken out of order");
        e.reset();  // dies if a waiter was left in it
        return problems;
      }));
  EXPECT_GE(went.cancel_points, 12U);
}

TEST(event, L1_shutdown_takes_the_waiters_out) {
  eddy::event e;
  std::vector<int> order;
  eddy::testing::shut_down_during([&] { return note_when_set(e, order, 1); });
  EXPECT_TRUE(order.empty());
}

EDDY_IO_TEST(event, S33_is_set_from_another_thread_by_way_of_the_loop) {
  eddy::event e;
  eddy::testing::from_thread other([&] { e.set(); });
  co_await e.wait();
  EXPECT_TRUE(e.is_set());
}

TEST(event_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto e = std::make_unique<eddy::event>();
                 std::vector<int> order;
                 eddy::create_task(note_when_set, std::ref(*e), std::ref(order), 1);
                 co_await eddy::sleep(0s);
                 e.reset();
               }),
               "event was destroyed while tasks wait for it; let it outlive them");
}

}  // namespace
