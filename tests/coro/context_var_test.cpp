// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/context_var.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/coro/async_generator.hpp"
#include "eddy/coro/context_manager.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

eddy::context_var<std::string> request_id("none");
eddy::context_var<int> depth;

coro<std::string> id_later(std::chrono::nanoseconds pause = 1ms) {
  co_await eddy::sleep(pause);
  co_return request_id.get();
}

TEST(context_var, S18_has_its_default_outside_of_everything) {
  EXPECT_EQ(request_id.get(), "none");
  EXPECT_EQ(depth.get(), 0);
  EXPECT_THROW(static_cast<void>(request_id.set("1")), eddy::misuse_error);
}

EDDY_TEST(context_var, S18_is_set_and_reset_by_scope) {
  EXPECT_EQ(request_id.get(), "none");
  {
    const auto token = request_id.set("42");
    EXPECT_EQ(request_id.get(), "42");
    {
      const auto inner = request_id.set("43");
      const auto other = depth.set(7);
      EXPECT_EQ(request_id.get(), "43");
      EXPECT_EQ(depth.get(), 7);
    }
    EXPECT_EQ(request_id.get(), "42");
    EXPECT_EQ(depth.get(), 0);
    const std::string called = co_await id_later();
    EXPECT_EQ(called, "42");
  }
  EXPECT_EQ(request_id.get(), "none");
}

EDDY_TEST(context_var, S18_tasks_branches_and_children_inherit_it) {
  const auto token = request_id.set("42");
  auto task = eddy::create_task(id_later, 1ms);
  const std::string by_task = co_await task;
  const std::string by_limit = co_await eddy::wait_for(id_later(), 1s);
  const auto by_gather = co_await eddy::gather(id_later(), id_later());
  std::string by_child;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    const auto inside = request_id.set("43");
    group.create_task([&]() -> coro<> { by_child = co_await id_later(); });
    co_return;
  });
  EXPECT_EQ(by_task, "42");
  EXPECT_EQ(by_limit, "42");
  EXPECT_EQ(std::get<0>(by_gather) + std::get<1>(by_gather), "4242");
  EXPECT_EQ(by_child, "43");  // of who created it, not of the group's owner
  EXPECT_EQ(request_id.get(), "42");
}

EDDY_TEST(context_var, S18_a_task_has_what_was_in_force_when_it_was_created) {
  eddy::task<std::string> early = eddy::create_task(id_later, 2ms);
  eddy::task<std::string> late;
  {
    const auto token = request_id.set("42");
    late = eddy::create_task(id_later, 2ms);
  }
  const std::string before = co_await early;
  const std::string within = co_await late;
  EXPECT_EQ(before, "none");
  EXPECT_EQ(within, "42");  // its creator's scope is over, its own is not
}

EDDY_TEST(context_var, S18_what_a_child_sets_its_creator_does_not_see) {
  const auto token = request_id.set("42");
  auto child = eddy::create_task([]() -> coro<> {
    const auto mine = request_id.set("child");
    co_await eddy::sleep(2ms);
    EXPECT_EQ(request_id.get(), "child");
  });
  co_await eddy::sleep(1ms);
  EXPECT_EQ(request_id.get(), "42");
  co_await child;
}

EDDY_TEST(context_var, S18_tokens_may_go_in_any_order) {
  std::optional<eddy::context_var<std::string>::token> a;
  std::optional<eddy::context_var<int>::token> b;
  a.emplace(request_id, "42");
  b.emplace(depth, 7);
  a.reset();
  EXPECT_EQ(request_id.get(), "none");
  EXPECT_EQ(depth.get(), 7);
  b.reset();
  EXPECT_EQ(depth.get(), 0);
  EXPECT_EQ(eddy::context::current().values(), nullptr);
  co_return;
}

eddy::async_generator<std::string> sets_its_own() {
  const auto token = request_id.set("generator");
  while (true) co_yield request_id.get() + "/" + std::to_string(depth.get());
}

// Python's generators leak what they set into their consumer (PEP 568).
EDDY_TEST(context_var, S18_what_a_generator_sets_its_consumer_does_not_see) {
  auto g = sets_its_own();
  const auto first = co_await g.next();
  EXPECT_EQ(first, "generator/0");
  EXPECT_EQ(request_id.get(), "none");
  {
    const auto mine = request_id.set("consumer");
    const auto other = depth.set(3);  // the generator sees what its consumer has set meanwhile
    const auto second = co_await g.next();
    EXPECT_EQ(second, "generator/3");
    EXPECT_EQ(request_id.get(), "consumer");
  }
  auto elsewhere = eddy::create_task([&]() -> coro<std::string> {
    const auto third = co_await g.next();
    co_return *third;
  });
  const std::string third = co_await elsewhere;
  EXPECT_EQ(third, "generator/0");
  EXPECT_EQ(request_id.get(), "none");
}

eddy::context_manager<> marked() {
  const auto token = request_id.set("manager");
  co_yield {};
  EXPECT_EQ(request_id.get(), "manager");
}

EDDY_TEST(context_var, S18_a_context_manager_keeps_its_own_too) {
  const auto token = request_id.set("42");
  co_await eddy::with(marked(), [](auto&) { EXPECT_EQ(request_id.get(), "42"); });
}

TEST(context_var, S18_nothing_is_left_wherever_its_scope_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    const auto token = request_id.set(std::string(100, 'x'));
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
      group.create_task(id_later, 1ms);
      auto g = sets_its_own();
      co_await g.next();
      co_await eddy::sleep(1ms);
      co_await g.next();
      co_await eddy::wait_for(id_later(), 1s);
    });
  });
  EXPECT_GE(went.cancel_points, 10U);
}

EDDY_TEST(context_var, S18_values_that_can_only_be_moved) {
  static eddy::context_var<std::unique_ptr<int>> owned;
  const auto token = owned.set(std::make_unique<int>(5));
  EXPECT_EQ(*owned.get(), 5);
  co_return;
}

}  // namespace
