// SPDX-License-Identifier: BSL-1.0
// Law L8: constant stack, however long a loop, deep a recursion or chain.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/coro/task_tree.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/coro/iterations.hpp"

using namespace std::chrono_literals;

namespace {

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

// 64 transfers may nest without tail calls; under sanitizers at -O0 each costs about a kilobyte or two.
constexpr std::uintptr_t most = 512 * 1024;
constexpr int deep = 100'000;

eddy::coro<int> ready(stack_gauge& stack) {
  stack.note();
  co_return 1;
}

EDDY_TEST(stack, L8_awaiting_ready_coroutines_in_a_loop) {
  stack_gauge stack;
  long sum = 0;
  const long count = test_iterations();
  for (long i = 0; i < count; ++i) {
    const int got = co_await ready(stack);
    sum += got;
  }
  EXPECT_EQ(sum, count);
  EXPECT_LT(stack.span(), most);
}

EDDY_TEST(stack, L8_awaiting_ready_leaves_in_a_loop) {
  stack_gauge stack;
  eddy::event set;
  set.set();
  const long count = test_iterations();
  for (long i = 0; i < count; ++i) {
    co_await set.wait();
    stack.note();
  }
  EXPECT_LT(stack.span(), most);
}

EDDY_TEST(stack, L8_awaiting_ready_scopes_in_a_loop) {
  stack_gauge stack;
  const long count = test_iterations() / 10;
  for (long i = 0; i < count; ++i) {
    const int got = co_await eddy::wait_for(ready(stack), 1h);
    EDDY_ASSERT_EQ(got, 1);
    stack.note();
  }
  EXPECT_LT(stack.span(), most);
}

EDDY_TEST(stack, L8_throwing_coroutines_in_a_loop) {
  stack_gauge stack;
  const auto throws = [](stack_gauge& s) -> eddy::coro<> {
    s.note();
    throw 1;
    co_return;
  };
  int caught = 0;
  for (int i = 0; i < 20'000; ++i) {
    try {
      co_await throws(stack);
    } catch (int) {
      ++caught;
    }
  }
  EXPECT_EQ(caught, 20'000);
  EXPECT_LT(stack.span(), most);
}

eddy::coro<int> dive(int levels, stack_gauge& stack) {
  stack.note();
  if (levels == 0) co_return 0;
  const int below = co_await dive(levels - 1, stack);
  stack.note();
  co_return below + 1;
}

EDDY_TEST(stack, L8_a_recursion_of_a_hundred_thousand_coroutines) {
  stack_gauge stack;
  const int depth = co_await dive(deep, stack);
  EXPECT_EQ(depth, deep);
  EXPECT_LT(stack.span(), most);
}

eddy::coro<int> dive_and_throw(int levels) {
  if (levels == 0) throw std::runtime_error("bottom");
  const int below = co_await dive_and_throw(levels - 1);
  co_return below + 1;
}

EDDY_TEST(stack, L8_an_exception_through_ten_thousand_coroutines) {
  bool caught = false;
  try {
    co_await dive_and_throw(10'000);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

class depth_counter {
 public:
  depth_counter(int& destroyed, stack_gauge& stack) noexcept : destroyed_(&destroyed), stack_(&stack) {}
  depth_counter(depth_counter&& other) noexcept
      : destroyed_(std::exchange(other.destroyed_, nullptr)), stack_(other.stack_) {}
  ~depth_counter() {
    if (destroyed_ == nullptr) return;
    ++*destroyed_;
    stack_->note();
  }

 private:
  int* destroyed_;
  stack_gauge* stack_;
};

eddy::coro<> dive_and_wait(int levels, int& destroyed, stack_gauge& stack) {
  const depth_counter local(destroyed, stack);
  if (levels == 0)
    co_await eddy::sleep(1h);
  else
    co_await dive_and_wait(levels - 1, destroyed, stack);
}

// Program 21.
EDDY_TEST(stack, L8_a_hundred_thousand_nested_coroutines_are_cancelled_at_once) {
  stack_gauge stack;
  int destroyed = 0;
  auto task = eddy::create_task(dive_and_wait, deep, std::ref(destroyed), std::ref(stack));
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(destroyed, deep + 1);
  EXPECT_LT(stack.span(), most);
}

class nothing_to_do {
 public:
  explicit nothing_to_do(int& closed) noexcept : closed_(&closed) {}
  void aenter() const noexcept {}
  void aexit() const noexcept { ++*closed_; }

 private:
  int* closed_;
};

eddy::coro<> nested_with(int levels, int& closed, stack_gauge& stack) {
  if (levels == 0) {
    co_await eddy::sleep(1h);
    co_return;
  }
  const depth_counter local(closed, stack);
  co_await eddy::with(nothing_to_do(closed),
                      [levels, &closed, &stack](auto&) { return nested_with(levels - 1, closed, stack); });
}

EDDY_TEST(stack, L8_nested_with_scopes_are_cancelled_at_once) {
  stack_gauge stack;
  int closed = 0;
  auto task = eddy::create_task(nested_with, deep, std::ref(closed), std::ref(stack));
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_EQ(closed, 2 * deep);
  EXPECT_LT(stack.span(), most);
}

eddy::coro<> nested_scopes(int levels, int& closed, stack_gauge& stack) {
  const depth_counter local(closed, stack);
  if (levels == 0)
    co_await eddy::sleep(10min);
  else if (levels % 2 == 0)
    co_await eddy::wait_for(nested_scopes(levels - 1, closed, stack), 1h);
  else
    static_cast<void>(co_await eddy::as_outcome(nested_scopes(levels - 1, closed, stack)));
}

EDDY_TEST(stack, L8_nested_limits_end_with_a_value) {
  stack_gauge stack;
  int closed = 0;
  co_await nested_scopes(deep, closed, stack);
  EXPECT_EQ(closed, deep + 1);
  EXPECT_LT(stack.span(), most);
}

EDDY_TEST(stack, L8_nested_limits_are_cancelled_at_once) {
  stack_gauge stack;
  int closed = 0;
  auto task = eddy::create_task(nested_scopes, deep, std::ref(closed), std::ref(stack));
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_EQ(closed, deep + 1);
  EXPECT_LT(stack.span(), most);
}

EDDY_TEST(stack, L8_a_deep_tree_can_be_listed) {
  stack_gauge stack;
  int closed = 0;
  auto task = eddy::create_task(nested_scopes, 20'000, std::ref(closed), std::ref(stack));
  co_await eddy::sleep(1s);
  EXPECT_GT(eddy::task_tree().size(), 20'000U);
  co_await eddy::cancel_and_join(task);
}

class failing_exit {
 public:
  void aenter() const noexcept {}
  void aexit() const { throw std::runtime_error("clean-up"); }
};

eddy::coro<> with_failing_exit_at_the_bottom(int levels) {
  if (levels == 0)
    co_await eddy::with(failing_exit(), [](auto&) -> eddy::coro<> { co_await eddy::sleep(1h); });
  else
    co_await eddy::shield(with_failing_exit_at_the_bottom(levels - 1));
}

// The report names the place, which must not walk up the tree by recursion.
TEST(stack, L8_a_clean_up_that_fails_at_the_bottom_of_a_deep_tree_is_reported) {
  const auto run = eddy::testing::run_body(
      []() -> eddy::coro<> {
        auto task = eddy::create_task(with_failing_exit_at_the_bottom, deep);
        co_await eddy::sleep(1s);
        task.cancel();
        co_await eddy::sleep(1min);  // the grace is over: shields are lifted
      },
      eddy::testing::test_clock::virtual_time);
  ASSERT_EQ(run.problems.size(), 2U);
  EXPECT_NE(run.problems[0].find("grace"), std::string::npos) << run.problems[0].substr(0, 300);
  EXPECT_NE(run.problems[1].find("clean-up"), std::string::npos) << run.problems[1].substr(0, 300);
  EXPECT_LT(run.problems[1].size(), 2000U);
}

eddy::coro<> await_previous(eddy::task<> previous) { co_await previous; }

EDDY_TEST(stack, L8_a_chain_of_a_hundred_thousand_tasks_completes) {
  eddy::task<> last = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1s); });
  for (int i = 0; i < deep; ++i) last = eddy::create_task(await_previous, last);
  co_await last;
  EXPECT_TRUE(last.done());
}

// Program 17.
EDDY_TEST(stack, L11_a_never_empty_queue_is_left_at_the_first_await_after_a_cancellation) {
  eddy::queue<long> q;
  q.try_put(0);
  long turns = 0;
  const long count = test_iterations();
  eddy::task<> self;
  self = eddy::create_task([&]() -> eddy::coro<> {
    while (true) {
      const long got = co_await q.get();
      q.try_put(got + 1);
      if (++turns == count) self.cancel();
    }
  });
  while (!self.done()) co_await eddy::sleep(0s);
  EXPECT_TRUE(self.cancelled());
  EXPECT_EQ(turns, count);
}

}  // namespace
