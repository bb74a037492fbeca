// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/barrier.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<> meet(eddy::barrier& b, std::vector<std::size_t>& places) {
  const std::size_t place = co_await b.wait();
  places.push_back(place);
}

EDDY_TEST(barrier, S33_all_go_on_when_the_last_has_come_round_after_round) {
  eddy::barrier b(3);
  EXPECT_EQ(b.parties(), 3U);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::size_t> places;
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < 2; ++i) group.create_task(meet, std::ref(b), std::ref(places));
      co_await eddy::sleep(1s);
      EXPECT_TRUE(places.empty());
      EXPECT_EQ(b.waiting(), 2U);
      const std::size_t last = co_await b.wait();
      EXPECT_EQ(last, 2U);
    });
    EXPECT_EQ(places, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(b.waiting(), 0U);
  }
}

EDDY_TEST(barrier, S33_a_party_of_one_passes_at_once_and_of_none_is_misuse) {
  eddy::barrier b(1);
  const std::size_t place = co_await b.wait();
  EXPECT_EQ(place, 0U);
  EXPECT_THROW(eddy::barrier(0), eddy::misuse_error);
}

EDDY_TEST(barrier, S33_a_cancelled_waiter_breaks_nothing_and_places_stay_unique) {
  eddy::barrier b(3);
  std::vector<std::size_t> places;
  auto gives_up = eddy::create_task(meet, std::ref(b), std::ref(places));
  auto first = eddy::create_task(meet, std::ref(b), std::ref(places));
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(gives_up);
  EXPECT_EQ(b.waiting(), 1U);
  EXPECT_FALSE(b.broken());
  auto second = eddy::create_task(meet, std::ref(b), std::ref(places));
  auto third = eddy::create_task(meet, std::ref(b), std::ref(places));
  co_await first;
  co_await second;
  co_await third;
  std::ranges::sort(places);
  EXPECT_EQ(places, (std::vector<std::size_t>{0, 1, 2}));
}

EDDY_TEST(barrier, S33_abort_breaks_it_until_reset) {
  eddy::barrier b(2);
  auto waiter = eddy::create_task([&]() -> coro<> { co_await b.wait(); });
  co_await eddy::sleep(0s);
  b.abort();
  EXPECT_TRUE(b.broken());
  const auto end = co_await eddy::as_outcome(waiter);
  EXPECT_THROW(end.throw_if_failed(), eddy::broken_barrier);
  const auto later = co_await eddy::as_outcome(b.wait());
  EXPECT_THROW(later.throw_if_failed(), eddy::broken_barrier);
  b.reset();
  EXPECT_FALSE(b.broken());
  std::vector<std::size_t> places;
  auto one = eddy::create_task(meet, std::ref(b), std::ref(places));
  co_await meet(b, places);
  co_await one;
  EXPECT_EQ(places.size(), 2U);
}

EDDY_TEST(barrier, S33_reset_sends_those_who_wait_away_and_begins_a_new_round) {
  eddy::barrier b(2);
  auto waiter = eddy::create_task([&]() -> coro<> { co_await b.wait(); });
  co_await eddy::sleep(0s);
  b.reset();
  std::vector<std::size_t> places;
  auto one = eddy::create_task(meet, std::ref(b), std::ref(places));
  const auto end = co_await eddy::as_outcome(waiter);
  EXPECT_THROW(end.throw_if_failed(), eddy::broken_barrier);
  co_await meet(b, places);
  co_await one;
  EXPECT_EQ(places.size(), 2U);
}

EDDY_TEST(barrier, L1_a_waiter_cancelled_after_the_last_has_come_has_passed) {
  eddy::barrier b(2);
  std::vector<std::size_t> places;
  auto waiter = eddy::create_task(meet, std::ref(b), std::ref(places));
  co_await eddy::sleep(0s);
  const std::size_t mine = co_await b.wait();
  EXPECT_EQ(mine, 1U);
  waiter.cancel();
  co_await eddy::sleep(0s);
  EXPECT_EQ(places, std::vector<std::size_t>{0});
  EXPECT_FALSE(waiter.cancelled());
}

// Each round is passed by all three or by none, whoever is cancelled.
TEST(barrier, L1_is_atomic_wherever_a_waiter_is_cancelled) {
  std::optional<eddy::barrier> b;
  std::vector<std::size_t> places;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        b.emplace(3U);
        places.clear();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 2; ++i) {
            group.create_task([&]() -> coro<> {
              co_await meet(*b, places);
              co_await meet(*b, places);
            });
          }
          co_await eddy::sleep(0s);
          co_await meet(*b, places);
          co_await meet(*b, places);
        });
      },
      eddy::testing::explore_options().check([&] {
        std::string problems;
        eddy::testing::require(problems, places.size() % 3 == 0, std::to_string(places.size()) + " passed");
        eddy::testing::require(problems, b->waiting() == 0, "a waiter is left");
        return problems;
      }));
  EXPECT_GE(went.cancel_points, 15U);
}

TEST(barrier, L1_shutdown_takes_the_waiters_out) {
  eddy::barrier b(2);
  std::vector<std::size_t> places;
  eddy::testing::shut_down_during([&] { return meet(b, places); });
  EXPECT_TRUE(places.empty());
  EXPECT_EQ(b.waiting(), 0U);
}

EDDY_IO_TEST(barrier, S33_is_aborted_from_another_thread_by_way_of_the_loop) {
  eddy::barrier b(2);
  eddy::testing::from_thread other([&] { b.abort(); });
  const auto end = co_await eddy::as_outcome(b.wait());
  EXPECT_THROW(end.throw_if_failed(), eddy::broken_barrier);
}

TEST(barrier_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto b = std::make_unique<eddy::barrier>(2U);
                 std::vector<std::size_t> places;
                 eddy::create_task(meet, std::ref(*b), std::ref(places));
                 co_await eddy::sleep(0s);
                 b.reset();
               }),
               "barrier was destroyed while tasks wait at it; let it outlive them");
}

}  // namespace
