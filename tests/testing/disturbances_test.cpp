// SPDX-License-Identifier: BSL-1.0
// What explore does beside cancelling, and what it finds with it.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/expect_at_end.hpp"
#include "eddy/testing/ledger.hpp"
#include "eddy/testing/tracked.hpp"
#include "tests/testing/caught.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::expect_part;
using eddy::testing::explore;
using eddy::testing::explore_options;
using eddy::testing::found_by_explore;
using eddy::testing::tracked;

namespace {

coro<> two_sleeps() {
  co_await eddy::sleep(1s);
  co_await eddy::sleep(1s);
}

coro<> one_inside_another() {
  co_await eddy::with(tracked("outer"), [](tracked&) -> coro<> {
    co_await eddy::with(tracked("inner"), [](tracked&) -> coro<> { co_await eddy::sleep(1s); });
  });
}

TEST(explore_timeouts, times_out_at_every_wait_and_completion) {
  const auto went = explore(two_sleeps, explore_options().timeouts());
  EXPECT_EQ(went.timeouts, 4U);
  EXPECT_EQ(went.cancel_points, 6U);
}

TEST(explore_closing, shuts_the_loop_down_at_every_moment) {
  const auto went = explore(
      []() -> coro<> {
        co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
          group.create_task(one_inside_another);
          co_await one_inside_another();
        });
      },
      explore_options().closing());
  EXPECT_EQ(went.closings, went.cancel_points);
}

TEST(explore_closing, finds_clean_up_that_needs_a_new_task) {
  const std::string text = found_by_explore(
      []() -> coro<> {
        co_await eddy::finally(two_sleeps, []() -> coro<> {
          tracked::note_open("log");
          const auto writes = eddy::create_task([]() -> coro<> {
            co_await eddy::sleep(1ms);
            tracked::note_close("log");
          });
          (void)co_await eddy::as_outcome(writes);  // the task is born cancelled when the loop closes
        });
      },
      explore_options().closing());
  expect_part(text, "the loop shut down");
  expect_part(text, "\"log\" was opened and not closed");
}

TEST(explore_second_cancel, changes_nothing) {
  const auto went = explore(one_inside_another, explore_options().second_cancel());
  EXPECT_GT(went.second_cancels, 0U);
  EXPECT_LE(went.second_cancels, went.cancel_points);
}

TEST(explore_lifted_shields, cuts_clean_up_short_and_destructors_still_run) {
  const auto went = explore(
      []() -> coro<> {
        const eddy::testing::counted owned("owned");
        co_await one_inside_another();
      },
      explore_options().lifted_shields());
  EXPECT_GT(went.lifted_shields, 0U);
}

TEST(explore_lifted_shields, finds_what_only_awaited_clean_up_closes) {
  const std::string text = found_by_explore(
      []() -> coro<> {
        tracked::note_open("descriptor");
        co_await eddy::finally([]() -> coro<> { co_await eddy::sleep(1s); },
                               []() -> coro<> {
                                 co_await eddy::sleep(1ms);
                                 tracked::note_close("descriptor");
                               });
      },
      explore_options().lifted_shields());
  expect_part(text, "shields that were lifted");
  expect_part(text, "\"descriptor\" was opened and not closed");
}

TEST(explore_failing_clean_up, every_clean_up_throws_once) {
  const auto went = explore(one_inside_another, explore_options().failing_clean_up());
  EXPECT_EQ(went.clean_up_errors, 2U);
}

TEST(explore_failing_clean_up, L6_finds_an_error_that_is_swallowed) {
  const std::string text = found_by_explore(
      []() -> coro<> {
        try {
          co_await one_inside_another();
        } catch (const std::runtime_error&) {  // the planted bug
        }
      },
      explore_options().failing_clean_up());
  expect_part(text, "reached nobody");
}

TEST(explore_pairs, cancels_after_every_other_disturbance) {
  const auto alone = explore(one_inside_another, explore_options().timeouts().failing_clean_up());
  EXPECT_EQ(alone.pairs, 0U);
  const auto went = explore(one_inside_another, explore_options().timeouts().failing_clean_up().pairs());
  EXPECT_GT(went.pairs, 3 * (went.timeouts + went.clean_up_errors));
}

TEST(explore_single_tasks, cancels_one_task_and_leaves_the_others) {
  auto others = std::make_shared<int>(0);
  const auto went = explore(
      [others]() -> coro<> {
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) {
          group.create_task(two_sleeps);
          group.create_task([others]() -> coro<> {
            co_await two_sleeps();
            ++*others;
          });
        });
      },
      explore_options().single_tasks());
  EXPECT_GT(went.task_cancels, 9U);
  EXPECT_GT(*others, 9) << "it goes on when the other is cancelled";
}

TEST(explore, says_that_a_body_is_repeatable) {
  const auto went = explore(one_inside_another);
  EXPECT_TRUE(went.repeatable);
  EXPECT_EQ(went.why_unrepeatable, "");
}

TEST(explore, says_that_a_body_is_not_repeatable) {
  int run = 0;
  const auto went = explore([&]() -> coro<> {
    for (int i = 0; i <= run % 3; ++i) co_await eddy::sleep(1ms);
    ++run;
  });
  EXPECT_FALSE(went.repeatable);
  expect_part(went.why_unrepeatable, "moments of awaits");
  expect_part(went.why_unrepeatable, "cannot be repeated");
}

TEST(explore, finds_a_thread_that_is_left) {
  std::vector<std::thread> left;
  std::atomic<bool> stop = false;
  expect_part(found_by_explore([&]() -> coro<> {
                left.emplace_back([&] {
                  while (!stop) std::this_thread::yield();
                });
                co_await eddy::sleep(1ms);
              }),
              "1 threads");
  stop = true;
  for (auto& each : left) each.join();
}

TEST(ledger, finds_items_that_are_lost_or_doubled) {
  eddy::testing::ledger books("items");
  books.put(1);
  books.took(1);
  books.put(2);
  books.left(2);
  EXPECT_EQ(books.imbalance(), "");
  books.put(3);
  expect_part(books.imbalance(), "item 3 of the ledger \"items\" was put and is lost");
  books.took(3);
  books.took(2);
  books.left(4);
  expect_part(books.imbalance(), "item 2 of the ledger \"items\" was put 1 time and came out 2 times");
  expect_part(books.imbalance(), "item 4 of the ledger \"items\" was put 0 times and came out 1 time");
  books.put(2);
  books.put(4);
}

TEST(ledger, S65_a_run_fails_when_its_books_do_not_balance) {
  expect_part(found_by_explore([]() -> coro<> {
                eddy::testing::ledger books("letters");
                books.put(books.next_item());
                co_await eddy::sleep(1ms);
              }),
              "item 1 of the ledger \"letters\" was put and is lost");
}

TEST(expect_at_end, S65_a_run_fails_when_it_does_not_hold) {
  eddy::mutex door;
  eddy::mutex_guard forgotten;
  expect_part(found_by_explore([&]() -> coro<> {
                const eddy::testing::free_at_end free(door);
                if (!forgotten) forgotten = door.try_lock();
                co_await eddy::sleep(1ms);
              }),
              "this does not hold at the end: the mutex is free");
}

}  // namespace
