// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/slow_steps.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "eddy/base/reports.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "tests/support/reports.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::testing::expect_part;
using eddy::testing::reports;

// Sleeps are never shorter than asked for, so these tests do not depend on the machine's speed.
void block() { std::this_thread::sleep_for(3ms); }

void limit(std::chrono::nanoseconds longest) { eddy::event_loop::current().set_slow_callback_duration(longest); }

eddy::coro<> forgets_that_it_is_async() {
  co_await eddy::sleep(1us);
  block();
  co_await eddy::sleep(1us);
}

TEST(slow_steps, S38_S20_a_thread_sleep_is_reported_with_name_duration_and_await_chain) {
  const reports told;
  eddy::run(
      []() -> eddy::coro<> {
        limit(2ms);
        auto slow = eddy::create_task([]() -> eddy::coro<> { co_await forgets_that_it_is_async(); });
        slow.name("the slow one");
        co_await slow;
        limit(1h);
      },
      eddy::debug);
  expect_part(told.all(), "task \"the slow one\"");
  expect_part(told.all(), "held up the loop for ");
  expect_part(told.all(), " ms, going on from forgets_that_it_is_async (slow_steps_test.cpp:");
  expect_part(told.all(), "to_thread");
  expect_part(told.all(), "waits for sleep(1 us)\n    at forgets_that_it_is_async (slow_steps_test.cpp:");
}

TEST(slow_steps, S38_one_that_ends_its_task_and_drops_it_is_reported_too) {
  const reports told;
  eddy::run(
      []() -> eddy::coro<> {
        limit(2ms);
        eddy::create_task([]() -> eddy::coro<> {
          block();
          co_return;
        });
        co_await eddy::sleep(1us);
        limit(1h);
      },
      eddy::debug);
  expect_part(told.all(), "held up the loop for ");
  expect_part(told.all(), "it has ended");
}

TEST(slow_steps, S38_one_in_a_branch_is_reported_as_its_tasks) {
  const reports told;
  eddy::run(
      []() -> eddy::coro<> {
        limit(2ms);
        auto both = eddy::create_task(
            []() -> eddy::coro<> { co_await eddy::gather(forgets_that_it_is_async(), eddy::sleep(20ms)); });
        both.name("both");
        co_await both;
        limit(1h);
      },
      eddy::debug);
  expect_part(told.all(), "task \"both\"");
  expect_part(told.all(), "at forgets_that_it_is_async (slow_steps_test.cpp:");
}

TEST(slow_steps, S38_a_slow_callback_is_reported_with_its_type) {
  const reports told;
  eddy::run(
      []() -> eddy::coro<> {
        limit(2ms);
        eddy::event_loop::current().call_soon(block);
        co_await eddy::sleep(1us);
        limit(1h);
      },
      eddy::debug);
  expect_part(told.all(), "a callback, ");
  expect_part(told.all(), "held up the loop for ");
}

TEST(slow_steps, S38_without_debug_mode_nothing_is_said) {
  if (eddy::detail::debugging()) GTEST_SKIP() << "EDDY_DEBUG is set";
  const reports told;
  eddy::run([]() -> eddy::coro<> {
    limit(0ns);
    co_await forgets_that_it_is_async();
  });
  EXPECT_EQ(told.all(), "");
}

TEST(slow_steps, S38_debug_mode_may_be_switched_on_and_off_while_it_runs) {
  if (eddy::detail::debugging()) GTEST_SKIP() << "EDDY_DEBUG is set";
  const reports told;
  eddy::run([]() -> eddy::coro<> {
    eddy::event_loop& loop = eddy::event_loop::current();
    EXPECT_EQ(loop.slow_callback_duration(), 100ms) << "asyncio's own";
    limit(2ms);
    loop.set_debug(true);
    co_await eddy::create_task(forgets_that_it_is_async).name("while it is on");
    loop.set_debug(false);
    co_await eddy::create_task(forgets_that_it_is_async).name("while it is off");
  });
  expect_part(told.all(), "while it is on");
  EXPECT_EQ(told.all().find("while it is off"), std::string::npos) << told.all();
}

}  // namespace
