// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<int> ends_late(bool fails) {
  co_await eddy::shield(eddy::sleep(2s));
  if (fails) throw std::runtime_error("while it was ending");
  co_return 7;
}

EDDY_TEST(cancel_and_join, S22_waits_until_it_is_gone) {
  auto job = eddy::create_task([] { return eddy::sleep(1h); });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job, "enough");
  EXPECT_TRUE(job.cancelled());
}

EDDY_TEST(cancel_and_join, S22_a_value_that_came_all_the_same_stays_in_the_handle) {
  auto job = eddy::create_task(ends_late, false);
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(job.result(), 7);
}

EDDY_TEST(cancel_and_join, L6_what_the_task_throws_while_it_ends_is_thrown) {
  auto job = eddy::create_task(ends_late, true);
  co_await eddy::sleep(1s);
  const auto end = co_await eddy::as_outcome(eddy::cancel_and_join(std::move(job)));
  EXPECT_EQ(eddy::detail::describe_exception(end.exception()), "std::runtime_error: while it was ending");
}

EDDY_TEST(cancel_and_join, L6_an_earlier_exception_is_thrown_too) {
  auto job = eddy::create_task([]() -> coro<> {
    throw std::runtime_error("early");
    co_return;
  });
  co_await eddy::sleep(1s);
  const auto end = co_await eddy::as_outcome(eddy::cancel_and_join(std::move(job)));
  EXPECT_EQ(eddy::detail::describe_exception(end.exception()), "std::runtime_error: early");
}

EDDY_TEST(cancel_and_join, L6_an_error_of_its_clean_up_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  auto job = eddy::create_task([]() -> coro<> {
    co_await eddy::finally([] { return eddy::sleep(1h); }, [] { throw std::runtime_error("clean-up"); });
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: clean-up"});
}

EDDY_TEST(cancel_and_join, L6_a_waiter_that_is_cancelled_has_not_looked_at_the_exception) {
  int handled = 0;
  auto before = eddy::event_loop::current().set_exception_handler([&](const eddy::unhandled_error&) { ++handled; });
  {
    auto job = eddy::create_task(ends_late, true);
    auto waiter = eddy::create_task([](eddy::task<int> t) { return eddy::cancel_and_join(std::move(t)); }, job);
    co_await eddy::sleep(1s);
    co_await eddy::cancel_and_join(waiter);
  }
  co_await eddy::sleep(2s);
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, 1);
}

TEST(cancel_and_join, L5_ends_clean_wherever_it_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
      auto job = group.create_task(
          []() -> coro<> { co_await eddy::finally([] { return eddy::sleep(1h); }, [] { return eddy::sleep(1ms); }); });
      co_await eddy::sleep(1ms);
      co_await eddy::cancel_and_join(job);
      EXPECT_TRUE(job.cancelled());
    });
  });
  EXPECT_GE(went.cancel_points, 8U);
}

}  // namespace
