// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/from_callback.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::from_callback;
using eddy::resolver;

namespace {

// A library of the usual kind: callbacks as std::function, later, or on threads of its own.
class library {
 public:
  library() = default;
  library(const library&) = delete;
  ~library() {
    for (auto& t : threads_) t.join();
  }
  void read_later(std::function<void(int)> done) {
    eddy::event_loop::current().call_later(1s, [done = std::move(done)] { done(5); });
  }
  void read_on_thread(std::function<void(int)> done, std::function<void()> first = [] {}) {
    threads_.emplace_back([done = std::move(done), first = std::move(first)] {
      first();
      done(6);
    });
  }

 private:
  std::vector<std::thread> threads_;
};

EDDY_TEST(from_callback, S73_the_value_comes_at_once_or_later) {
  const int now = co_await from_callback<int>([](auto resolve) { resolve(4); });
  EXPECT_EQ(now, 4);
  library lib;
  const int later = co_await from_callback<int>([&](auto resolve) { lib.read_later(resolve); });
  EXPECT_EQ(later, 5);
  co_await from_callback([](const resolver<>& resolve) { resolve(); });
  const auto owned =
      co_await from_callback<std::unique_ptr<int>>([](auto resolve) { resolve(std::make_unique<int>(7)); });
  EXPECT_EQ(*owned, 7);
}

EDDY_IO_TEST(from_callback, S73_from_any_thread) {
  library lib;
  for (int i = 0; i < 50; ++i) {
    const int got = co_await from_callback<int>([&](auto resolve) { lib.read_on_thread(resolve); });
    EXPECT_EQ(got, 6);
  }
}

EDDY_TEST(from_callback, S73_errors_and_broken_promises_come_out) {
  const auto failed = co_await eddy::as_outcome(
      from_callback<int>([](auto resolve) { resolve.fail(std::make_exception_ptr(std::out_of_range("there"))); }));
  EXPECT_THROW(failed.throw_if_failed(), std::out_of_range);
  const auto thrown =
      co_await eddy::as_outcome(from_callback<int>([](const resolver<int>&) { throw std::logic_error("no start"); }));
  EXPECT_THROW(thrown.throw_if_failed(), std::logic_error);
  const auto dropped = co_await eddy::as_outcome(from_callback<int>([](const resolver<int>&) {}));
  EXPECT_THROW(dropped.throw_if_failed(), eddy::broken_promise);
  const auto dropped_later = co_await eddy::as_outcome(from_callback<int>(
      [](resolver<int> resolve) { eddy::event_loop::current().call_later(1s, [kept = std::move(resolve)] {}); }));
  EXPECT_THROW(dropped_later.throw_if_failed(), eddy::broken_promise);
  const auto called_off = co_await eddy::as_outcome(from_callback<int>([](auto resolve) { resolve.cancelled("no"); }));
  EXPECT_THROW(called_off.throw_if_failed(), eddy::cancelled_error);
}

EDDY_TEST(from_callback, S73_the_first_call_counts) {
  std::vector<bool> taken;
  const int got = co_await from_callback<int>([&](auto resolve) {
    taken.push_back(resolve(1));
    taken.push_back(resolve(2));
    taken.push_back(resolve.fail(std::make_exception_ptr(1)));
    taken.push_back(resolve.cancelled());
  });
  EXPECT_EQ(got, 1);
  EXPECT_EQ(taken, (std::vector{true, false, false, false}));
  EXPECT_THROW(resolver<>()(), eddy::misuse_error);
}

EDDY_TEST(from_callback, S73_L1_cancelled_it_leaves_at_once_and_a_late_value_stays_with_its_giver) {
  resolver<std::unique_ptr<int>> late;
  const auto end = co_await eddy::as_outcome(
      eddy::wait_for(from_callback<std::unique_ptr<int>>([&](auto resolve) { late = resolve; }), 1s));
  EXPECT_THROW(end.throw_if_failed(), eddy::timeout_error);
  auto value = std::make_unique<int>(3);
  EXPECT_FALSE(late(std::move(value)));
  EDDY_ASSERT_TRUE(value != nullptr);
}

TEST(from_callback_end, S73_a_resolver_may_outlive_the_loop) {
  resolver<int> late;
  eddy::testing::shut_down_during(
      [&]() -> coro<> { co_await from_callback<int>([&](auto resolve) { late = resolve; }); });
  EXPECT_FALSE(late(1));
}

EDDY_TEST(from_callback, S73_the_hook_is_told_once_and_the_end_is_waited_for) {
  resolver<int> pending;
  int told = 0;
  auto waits = eddy::create_task([&]() -> coro<int> {
    co_return co_await from_callback<int>([&](auto resolve) { pending = resolve; }, [&] { ++told; });
  });
  co_await eddy::sleep(1s);
  waits.cancel();
  waits.cancel();
  co_await eddy::sleep(1s);
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(waits.done());
  EXPECT_TRUE(pending.cancelled());
  const auto end = co_await eddy::as_outcome(waits);
  EXPECT_TRUE(waits.cancelled());
  (void)end;
}

EDDY_TEST(from_callback, S73_with_a_hook_a_value_that_comes_all_the_same_is_delivered_and_a_dropped_one_unwinds) {
  for (int way = 0; way < 3; ++way) {
    resolver<int> pending;
    int got = 0;
    bool failed = false;
    auto waits = eddy::create_task([&]() -> coro<> {
      try {
        got = co_await from_callback<int>([&](auto resolve) { pending = resolve; }, [] {});
      } catch (const std::out_of_range&) {
        failed = true;
      }
      co_await eddy::checkpoint();
    });
    co_await eddy::sleep(1s);
    waits.cancel();
    co_await eddy::sleep(1s);
    if (way == 0) pending(8);
    if (way == 1) pending = {};
    if (way == 2) pending.fail(std::make_exception_ptr(std::out_of_range("x")));
    co_await eddy::cancel_and_join(waits);
    EXPECT_TRUE(waits.cancelled());
    EXPECT_EQ(got, way == 0 ? 8 : 0);
    EXPECT_EQ(failed, way == 2);
  }
}

EDDY_TEST(from_callback, S73_L6_a_hook_that_throws_reaches_the_handler) {
  std::vector<std::string> told;
  auto& loop = eddy::event_loop::current();
  auto before = loop.set_exception_handler(
      [&](const eddy::unhandled_error& what) { told.push_back(eddy::detail::describe_exception(what.error)); });
  resolver<> pending;
  auto waits = eddy::create_task([&]() -> coro<> {
    co_await from_callback([&](auto resolve) { pending = resolve; }, [] { throw std::runtime_error("hook"); });
  });
  co_await eddy::sleep(1s);
  waits.cancel();
  co_await eddy::sleep(1s);
  pending = {};
  co_await eddy::cancel_and_join(waits);
  loop.set_exception_handler(std::move(before));
  EXPECT_EQ(told, std::vector<std::string>{"std::runtime_error: hook"});
}

TEST(from_callback_moments, S73_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    const eddy::testing::counted local("local");
    std::optional<eddy::callback_handle> timer;
    const auto no_timer_is_left = eddy::on_exit([&] {
      if (timer) timer->cancel();
    });
    const auto start = [&](const resolver<int>& resolve) {
      timer.emplace(eddy::event_loop::current().call_later(1s, [resolve] { resolve(1); }));
    };
    co_await from_callback<int>(start);
    const int got = co_await from_callback<int>(start, [&] { timer->cancel(); });
    EXPECT_EQ(got, 1);
    co_await from_callback([](auto resolve) { resolve(); });
  });
  EXPECT_GE(went.cancel_points, 7U);
}

TEST(from_callback_moments, S73_L1_with_threads_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore(
      []() -> coro<> {
        library lib;
        const auto read = [&](auto resolve) { lib.read_on_thread(resolve, eddy::testing::until_suspended()); };
        co_await from_callback<int>(read);
        co_await from_callback<int>(read, [] {});
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GE(went.cancel_points, 5U);
}

}  // namespace
