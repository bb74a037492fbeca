// SPDX-License-Identifier: BSL-1.0
// create_task(eager, ...): the first step at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"
#include "tests/coro/iterations.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::counted;

namespace {

coro<int> at_hand(int x) { co_return x; }

coro<int> from_afar(int x) {
  co_await eddy::sleep(1ms);
  co_return x;
}

EDDY_TEST(eager, S19_what_never_waits_has_ended_when_create_task_returns) {
  auto task = eddy::create_task(eddy::eager, at_hand, 5);
  EXPECT_TRUE(task.done());
  EXPECT_EQ(task.result(), 5);
  EXPECT_EQ(eddy::event_loop::current().statistics().ready, 0U);  // nothing was queued
  const int awaited = co_await task;
  EXPECT_EQ(awaited, 5);
}

EDDY_TEST(eager, S19_what_waits_goes_on_in_its_turn) {
  std::vector<std::string> order;
  auto task = eddy::create_task(eddy::eager, [&]() -> coro<> {
    order.push_back("first step");
    co_await eddy::sleep(1ms);
    order.push_back("second step");
  });
  order.push_back("created");
  EXPECT_FALSE(task.done());
  co_await task;
  EXPECT_EQ(order, (std::vector<std::string>{"first step", "created", "second step"}));
}

EDDY_TEST(eager, S19_the_creator_is_the_current_task_again_afterwards) {
  const auto* me = &eddy::context::current();
  const eddy::context* other = nullptr;
  auto task = eddy::create_task(eddy::eager, [&]() -> coro<> {
    other = &eddy::context::current();
    co_await eddy::sleep(1ms);
  });
  EXPECT_EQ(&eddy::context::current(), me);
  EXPECT_NE(other, me);
  co_await task;
}

EDDY_TEST(eager, S19_a_failure_stays_with_the_task) {
  auto task = eddy::create_task(eddy::eager, []() -> coro<> {
    throw std::runtime_error("at once");
    co_return;
  });
  EXPECT_TRUE(task.done());
  std::string text;
  try {
    co_await task;
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "at once");
}

EDDY_TEST(eager, S19_in_a_group_a_failure_at_once_cancels_the_others) {
  std::string text;
  bool sibling_ended = false;
  try {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      auto value = group.create_task(eddy::eager, at_hand, 3);
      EXPECT_TRUE(value.done());
      group.create_task([&]() -> coro<> {
        const auto guard = eddy::on_exit([&] { sibling_ended = true; });
        co_await eddy::sleep(1h);
      });
      co_await eddy::sleep(1ms);
      group.create_task(eddy::eager, []() -> coro<> {
        throw std::runtime_error("at once");
        co_return;
      });
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::exception_group& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("at once"), std::string::npos) << text;
  EXPECT_TRUE(sibling_ended);
}

EDDY_TEST(eager, S19_what_is_born_cancelled_never_runs) {
  bool ran = false;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.cancel();
    auto late = group.create_task(eddy::eager, [&]() -> coro<> {
      ran = true;
      co_return;
    });
    EXPECT_TRUE(late.cancelled());
    co_return;
  });
  EXPECT_FALSE(ran);
}

EDDY_TEST(eager, S19_it_may_cancel_wake_and_join_its_creator) {
  eddy::event woken;
  eddy::task<> creator;
  bool waited = false;
  auto waiter = eddy::create_task([&]() -> coro<> {
    co_await woken.wait();
    waited = true;
  });
  creator = eddy::create_task([&]() -> coro<> {
    auto inner = eddy::create_task(eddy::eager, [&]() -> coro<> {
      woken.set();
      creator.cancel("by its own child");
      co_await eddy::sleep(1ms);
    });
    co_await eddy::sleep(1h);
    ADD_FAILURE() << "it was cancelled";
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(creator.cancelled());
  EXPECT_TRUE(waited);
  co_await waiter;
}

EDDY_TEST(eager, L7_many_that_end_at_once_share_the_budget_of_a_step) {
  int others = 0;
  auto other = eddy::create_task([&]() -> coro<> {
    for (;; ++others) co_await eddy::sleep(0s);
  });
  for (int i = 0; i < 10'000; ++i) {
    auto task = eddy::create_task(eddy::eager, at_hand, i);
    const int got = co_await task;
    EDDY_ASSERT_EQ(got, i);
  }
  EXPECT_GE(others, 10'000 / 128 - 2);
  co_await eddy::cancel_and_join(other);
}

// The span of stack between the deepest and the highest call of note(), in bytes.
class stack_gauge {
 public:
  [[gnu::noinline]] void note() noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    low_ = std::min(low_, here);
    high_ = std::max(high_, here);
  }
  std::uintptr_t span() const noexcept { return high_ - low_; }

 private:
  std::uintptr_t low_ = UINTPTR_MAX;
  std::uintptr_t high_ = 0;
};

coro<int> nested(int levels, stack_gauge& stack) {
  stack.note();
  if (levels == 0) co_return 0;
  for (int i = 0; i < 100; ++i) co_await at_hand(i);  // as many transfers as fit
  auto inner = eddy::create_task(eddy::eager, nested, levels - 1, std::ref(stack));
  const int below = co_await inner;
  co_return below + 1;
}

EDDY_TEST(eager, S19_L8_starts_inside_each_other_need_constant_stack) {
  stack_gauge stack;
  auto outermost = eddy::create_task(eddy::eager, nested, 1000, std::ref(stack));
  EXPECT_FALSE(outermost.done());  // too deep for one step: the rest goes on in its turn
  const int levels = co_await outermost;
  EXPECT_EQ(levels, 1000);
  EXPECT_LT(stack.span(), 1024U * 1024U);
}

EDDY_TEST(eager, S19_L8_a_loop_of_them_needs_constant_stack) {
  stack_gauge stack;
  const long count = test_iterations() / 100;
  for (long i = 0; i < count; ++i) {
    auto task = eddy::create_task(eddy::eager, at_hand, 1);
    stack.note();
    EDDY_ASSERT_TRUE(task.done());
  }
  EXPECT_LT(stack.span(), 64U * 1024U);
}

EDDY_TEST(eager, L2_while_frames_are_unwound_it_starts_in_its_turn) {
  bool ran = false;
  bool done_at_once = true;
  auto task = eddy::create_task([&]() -> coro<> {
    const auto guard = eddy::on_exit([&] {
      auto inner = eddy::create_task(
          eddy::eager,
          [](bool& mark) -> coro<> {
            mark = std::uncaught_exceptions() == 0;
            co_return;
          },
          std::ref(ran));
      done_at_once = inner.done();
    });
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(task);
  co_await eddy::sleep(1ms);
  EXPECT_FALSE(done_at_once);
  EXPECT_TRUE(ran);
}

TEST(eager, S19_nothing_is_left_wherever_it_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task(
          eddy::eager,
          [](eddy::task_group& g) -> coro<> {
            const counted local("outer");
            g.create_task(
                eddy::eager,
                [](counted) -> coro<> {
                  co_await eddy::checkpoint();
                  co_await eddy::sleep(1ms);
                },
                counted("argument"));
            co_await eddy::sleep(1ms);
          },
          std::ref(group));
      auto limited = group.create_task(eddy::eager, from_afar, 1);
      co_await eddy::sleep(2ms);
      EXPECT_TRUE(limited.done());
    });
  });
  EXPECT_GE(went.cancel_points, 10U);
}

TEST(eager, S19_shutdown_ends_it) {
  int ended = 0;
  eddy::testing::shut_down_during([&]() -> coro<> {
    auto inner = eddy::create_task(eddy::eager, [&]() -> coro<> {
      const auto guard = eddy::on_cancel([&] { ++ended; });
      co_await eddy::sleep(1h);
    });
    co_await inner;
  });
  EXPECT_EQ(ended, 1);
}

}  // namespace
