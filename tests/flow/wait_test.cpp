// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/wait.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  co_return x;
}
coro<int> fails_after(std::chrono::nanoseconds pause) {
  co_await eddy::sleep(pause);
  throw std::runtime_error("x");
}

using tasks = std::vector<eddy::task<int>>;

tasks three() {
  return {eddy::create_task(after, 3s, 3), eddy::create_task(after, 1s, 1), eddy::create_task(after, 2s, 2)};
}

EDDY_TEST(wait, S09_for_all) {
  const auto begin = eddy::now();
  tasks all = three();
  auto result = co_await eddy::wait(all);
  EXPECT_EQ(eddy::now() - begin, 3s);
  EXPECT_EQ(result.done, all);  // in the order they were passed
  EXPECT_TRUE(result.pending.empty());
}

EDDY_TEST(wait, S09_for_the_first) {
  const auto begin = eddy::now();
  tasks all = three();
  auto result = co_await eddy::wait(all).until(eddy::first_completed);
  EXPECT_EQ(eddy::now() - begin, 1s);
  EXPECT_EQ(result.done, tasks{all[1]});
  EXPECT_EQ(result.pending, (tasks{all[0], all[2]}));
  auto again = co_await eddy::wait(all).until(eddy::first_completed);  // at once: one has ended
  EXPECT_EQ(eddy::now() - begin, 1s);
  EXPECT_EQ(again.done.size(), 1U);
  co_await eddy::wait(all);
}

EDDY_TEST(wait, S09_for_the_first_exception) {
  const auto begin = eddy::now();
  tasks all = three();
  all.push_back(eddy::create_task(fails_after, 2500ms));
  auto result = co_await eddy::wait(all).until(eddy::first_exception);
  EXPECT_EQ(eddy::now() - begin, 2500ms);
  EXPECT_EQ(result.done.size(), 3U);
  EXPECT_NE(all[3].exception(), nullptr);
  tasks fine = three();
  auto none = co_await eddy::wait(fine).until(eddy::first_exception);  // none fails: all of them
  EXPECT_EQ(none.done.size(), 3U);
  co_await eddy::wait(all);
}

EDDY_TEST(wait, S09_for_some_time_cancels_nothing) {
  const auto begin = eddy::now();
  tasks all = three();
  auto result = co_await eddy::wait(all).limit(1500ms);
  EXPECT_EQ(eddy::now() - begin, 1500ms);
  EXPECT_EQ(result.done.size(), 1U);
  EXPECT_EQ(result.pending.size(), 2U);
  auto rest = co_await eddy::wait(result.pending).limit(std::chrono::nanoseconds::max());
  EXPECT_EQ(rest.done.size(), 2U);
}

EDDY_TEST(wait, S09_for_nothing_and_for_the_same_task_twice) {
  auto none = co_await eddy::wait(tasks());
  EXPECT_TRUE(none.done.empty());
  auto one = eddy::create_task(after, 1s, 1);
  auto twice = co_await eddy::wait(tasks(2, one));
  EXPECT_EQ(twice.done.size(), 2U);
}

EDDY_TEST(wait, S09_a_cancelled_task_is_done_and_no_exception) {
  tasks all = three();
  all[0].cancel();
  auto result = co_await eddy::wait(all).until(eddy::first_exception);
  EXPECT_EQ(result.done.size(), 3U);
  EXPECT_TRUE(result.done[0].cancelled());
}

EDDY_TEST(wait, L6_looks_at_no_result) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  {
    tasks failing{eddy::create_task(fails_after, 1s)};
    co_await eddy::wait(std::move(failing));
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: x"});
}

EDDY_TEST(wait, L6_a_waiter_that_was_cancelled_has_not_looked_at_the_exception) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  {
    auto failing = eddy::create_task(fails_after, 2s);
    auto waiter = eddy::create_task([failing]() -> coro<> { co_await failing; });
    co_await eddy::sleep(1s);
    co_await eddy::cancel_and_join(waiter);
    EXPECT_FALSE(failing.done());
    co_await eddy::sleep(2s);
    EXPECT_TRUE(failing.done());
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: x"});
}

TEST(wait, L5_leaves_the_tasks_alone_wherever_it_is_cancelled) {
  for (const auto when : {eddy::first_completed, eddy::first_exception, eddy::all_completed}) {
    const auto went = eddy::testing::explore([&]() -> coro<> {
      std::vector<int> values;
      eddy::task<int> one;
      eddy::task<int> two;
      co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
        one = group.create_task(after, 1ms, 1);
        two = group.create_task(after, 2ms, 2);
        const tasks both{one, two};
        auto result = co_await eddy::wait(both).until(when).limit(5ms);
        EXPECT_FALSE(result.done.empty());
      });
    });
    EXPECT_GE(went.cancel_points, 7U);
  }
}

EDDY_TEST(wait, S09_a_cancelled_waiter_leaves_no_trace_in_the_tasks) {
  tasks all = three();
  auto waiter = eddy::create_task([&]() -> coro<> { co_await eddy::wait(all).limit(1h); });
  co_await eddy::sleep(500ms);
  co_await eddy::cancel_and_join(waiter);
  auto result = co_await eddy::wait(all);
  EXPECT_EQ(result.done.size(), 3U);
  for (const auto& t : all) EXPECT_FALSE(t.cancelled());
}

}  // namespace
