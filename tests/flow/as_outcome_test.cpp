// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/as_outcome.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<int> work(bool fails) {
  co_await eddy::sleep(1ms);
  if (fails) throw std::runtime_error("work");
  co_return 7;
}

EDDY_TEST(as_outcome, S70_gives_a_value_or_an_exception) {
  auto value = co_await eddy::as_outcome(work(false));
  EXPECT_EQ(value.value(), 7);
  auto error = co_await eddy::as_outcome([] { return work(true); });
  EXPECT_TRUE(error.has_exception());
  EXPECT_THROW(error.value(), std::runtime_error);
  auto nothing = co_await eddy::as_outcome(eddy::sleep(1ms));
  EXPECT_TRUE(nothing.has_value());
  auto thrown = co_await eddy::as_outcome([]() -> coro<> { throw std::logic_error("no coroutine"); });
  EXPECT_TRUE(thrown.has_exception());
}

// Program 29: an await where a catch block would stand.
EDDY_TEST(as_outcome, S70_29_await_in_error_handling) {
  std::vector<std::string> steps;
  auto rollback = [&]() -> coro<> {
    co_await eddy::sleep(1ms);
    steps.push_back("rolled back");
  };
  std::string text;
  try {
    auto out = co_await eddy::as_outcome(work(true));
    if (!out) co_await rollback();
    out.value();
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "work");
  EXPECT_EQ(steps, std::vector<std::string>{"rolled back"});
}

EDDY_TEST(as_outcome, S05_a_cancelled_task_is_a_cancelled_end_with_its_reason) {
  auto job = eddy::create_task(work, false);
  job.cancel("by hand");
  auto out = co_await eddy::as_outcome(job);
  EXPECT_TRUE(out.cancelled());
  EXPECT_EQ(out.reason(), "by hand");
  EXPECT_THROW(out.value(), eddy::cancelled_error);
  auto moved = co_await eddy::as_outcome(std::move(job));
  EXPECT_TRUE(moved.cancelled());
}

EDDY_TEST(as_outcome, S05_of_a_task_that_waits_when_it_is_cancelled) {
  auto job = eddy::create_task([] { return eddy::sleep(1h); });
  eddy::event_loop::current().call_later(1s, [&] { job.cancel("late"); });
  auto out = co_await eddy::as_outcome(job);
  EXPECT_TRUE(out.cancelled());
  EXPECT_EQ(out.reason(), "late");
}

EDDY_TEST(as_outcome, Ends_news_of_a_cancelled_task_that_a_coroutine_lets_out_is_an_exception) {
  auto job = eddy::create_task(work, false);
  job.cancel("by hand");
  auto out = co_await eddy::as_outcome([&]() -> coro<> { co_await job; });
  EXPECT_TRUE(out.has_exception());
}

EDDY_TEST(as_outcome, S05_of_a_handle_gives_values_references_and_exceptions) {
  static int number = 5;
  auto kept = eddy::create_task([]() -> coro<std::string> { co_return "text"; });
  auto refers = eddy::create_task([]() -> coro<int&> { co_return number; });
  auto moves = eddy::create_task([]() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(7); });
  auto fails = eddy::create_task([]() -> coro<> {
    throw std::runtime_error("fails");
    co_return;
  });
  auto text = co_await eddy::as_outcome(kept);
  EXPECT_EQ(text.value(), "text");
  EXPECT_EQ(kept.result(), "text");
  auto reference = co_await eddy::as_outcome(refers);
  EXPECT_EQ(reference.value(), 5);
  auto pointer = co_await eddy::as_outcome(std::move(moves));
  EXPECT_EQ(*pointer.value(), 7);
  auto failed = co_await eddy::as_outcome(fails);
  EXPECT_TRUE(failed.has_exception());
}

TEST(as_outcome, S05_a_handle_may_be_cancelled_anywhere_and_its_waiter_too) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
      auto job = group.create_task([] { return eddy::sleep(2ms); });
      group.create_task(
          [](eddy::task<> t) -> coro<> {
            co_await eddy::sleep(1ms);
            t.cancel("enough");
          },
          job);
      auto out = co_await eddy::as_outcome(job);
      EXPECT_TRUE(out.cancelled());
      co_await eddy::sleep(1ms);
    });
  });
  EXPECT_GE(went.cancel_points, 8U);
}

TEST(as_outcome, L11_is_no_way_to_refuse_ones_own_cancellation) {
  bool past = false;
  const auto went = eddy::testing::explore([&]() -> coro<> {
    auto look = eddy::on_cancel([&] { EXPECT_FALSE(past); });
    past = false;
    for (int i = 0; i < 3; ++i) {
      auto out = co_await eddy::as_outcome(work(i == 1));
      EXPECT_FALSE(out.cancelled());
    }
  });
  EXPECT_EQ(went.cancel_points, 9U);
}

TEST(as_outcome, L3_shutdown_unwinds_it) {
  bool unwound = false;
  eddy::testing::shut_down_during([&]() -> coro<> {
    auto note = eddy::on_cancel([&] { unwound = true; });
    auto out = co_await eddy::as_outcome(eddy::sleep(1h));
    ADD_FAILURE() << "it went on";
  });
  EXPECT_TRUE(unwound);
}

}  // namespace
