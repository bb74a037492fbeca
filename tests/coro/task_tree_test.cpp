// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <source_location>
#include <string>

#include "eddy/coro/task.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

int line_of_inner = 0;
int line_of_outer = 0;

eddy::coro<> inner_wait() {
  line_of_inner = static_cast<int>(std::source_location::current().line()) + 1;
  co_await eddy::sleep(1h);
}

eddy::coro<> outer_wait() {
  line_of_outer = static_cast<int>(std::source_location::current().line()) + 1;
  co_await inner_wait();
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is missing in:\n" << text;
}

EDDY_TEST(task_tree, S62_all_tasks_say_name_state_and_each_await_of_the_chain) {
  auto task = eddy::create_task(outer_wait);
  task.name("worker");
  co_await eddy::sleep(1s);
  const auto all = eddy::all_tasks();
  EDDY_ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].state, "running");
  EXPECT_TRUE(all[0].await_chain.empty());
  const eddy::task_info& info = all[1];
  EXPECT_EQ(info.number, task.number());
  EXPECT_EQ(info.name, "worker");
  EXPECT_EQ(info.state, "waits for sleep(1 h)");
  expect_part(info.coroutine, "outer_wait");
  expect_part(info.coroutine, "task_tree_test.cpp:");
  EDDY_ASSERT_EQ(info.await_chain.size(), 2U);
  expect_part(info.await_chain[0], "inner_wait (task_tree_test.cpp:" + std::to_string(line_of_inner) + ")");
  expect_part(info.await_chain[1], "outer_wait (task_tree_test.cpp:" + std::to_string(line_of_outer) + ")");
  co_await eddy::cancel_and_join(task);
}

EDDY_TEST(task_tree, S62_current_task_is_the_one_that_runs_also_in_a_branch) {
  const eddy::task_info me = eddy::current_task();
  EXPECT_EQ(me.state, "running");
  std::uint32_t in_branch = 0;
  const auto look = [&]() -> eddy::coro<> {
    in_branch = eddy::current_task().number;
    co_return;
  };
  co_await eddy::wait_for(look(), 1s);
  EXPECT_EQ(in_branch, me.number);
  auto other = eddy::create_task([]() -> eddy::coro<std::uint32_t> { co_return eddy::current_task().number; });
  const auto number = co_await other;
  EXPECT_EQ(number, other.number());
}

TEST(task_tree_outside, L9_without_a_loop_there_is_nothing_to_list) {
  EXPECT_TRUE(eddy::all_tasks().empty());
  EXPECT_THROW(eddy::current_task(), eddy::misuse_error);
  expect_part(eddy::task_tree(), "no event loop");
}

EDDY_TEST(task_tree, S62_the_tree_shows_scopes_and_cancellation) {
  auto task = eddy::create_task([]() -> eddy::coro<> { co_await eddy::shield(eddy::wait_for(outer_wait(), 2h)); });
  task.name("nested");
  auto ready = eddy::create_task(inner_wait);
  ready.name("not begun");
  co_await eddy::sleep(1s);
  task.cancel("shutdown");
  auto fresh = eddy::create_task(inner_wait);
  const std::string tree = eddy::task_tree();
  expect_part(tree, "task \"nested\"");
  expect_part(tree, "waits for shield");
  expect_part(tree, "cancelled (shutdown)");
  expect_part(tree, "timeout(2 h) set at task_tree_test.cpp:");
  expect_part(tree, "sleep(1 h)");
  expect_part(tree, "inner_wait (task_tree_test.cpp:" + std::to_string(line_of_inner) + ")");
  expect_part(tree, ": ready");
  // The end of the grace ends the shield, which is told.
  auto& loop = eddy::event_loop::current();
  auto before =
      loop.set_exception_handler([](const eddy::unhandled_error& what) { expect_part(what.message, "grace"); });
  ready.cancel();
  fresh.cancel();
  co_await eddy::cancel_and_join(task);
  loop.set_exception_handler(std::move(before));
}

}  // namespace
