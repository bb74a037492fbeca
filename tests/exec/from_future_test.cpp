// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/from_future.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::from_future;

namespace {

EDDY_IO_TEST(from_future, S73_ready_at_once) {
  std::promise<int> p;
  p.set_value(1);
  const int got = co_await from_future(p.get_future());
  EXPECT_EQ(got, 1);
  int x = 0;
  std::promise<int&> r;
  r.set_value(x);
  int& same = co_await from_future(r.get_future());
  EXPECT_EQ(&same, &x);
}

EDDY_IO_TEST(from_future, S73_waits_without_stopping_the_loop) {
  std::promise<std::unique_ptr<int>> p;
  std::atomic<int> turns{0};
  std::thread other([&] {
    while (turns < 3) std::this_thread::yield();  // the loop has to go on meanwhile
    p.set_value(std::make_unique<int>(2));
  });
  auto counter = eddy::create_task([&]() -> coro<> {
    for (;; ++turns) co_await eddy::sleep(50us);
  });
  const auto got = co_await from_future(p.get_future());
  other.join();
  co_await eddy::cancel_and_join(counter);
  EXPECT_EQ(*got, 2);
}

EDDY_IO_TEST(from_future, S73_exceptions_come_out) {
  const auto failed =
      co_await eddy::as_outcome(from_future(std::async(std::launch::async, [] { throw std::out_of_range("there"); })));
  EXPECT_THROW(failed.throw_if_failed(), std::out_of_range);
  std::promise<void> p;
  auto broken = p.get_future();
  {
    const auto gone = std::move(p);
  }
  const auto lost = co_await eddy::as_outcome(from_future(broken));
  EXPECT_THROW(lost.throw_if_failed(), std::future_error);
}

EDDY_IO_TEST(from_future, S73_deferred_ones_run_here_and_shared_ones_are_shared) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await from_future(std::async(std::launch::deferred, [] { return std::this_thread::get_id(); }));
  EXPECT_EQ(here, there);
  std::promise<int> p;
  const std::shared_future<int> shared = p.get_future().share();
  std::vector<eddy::task<int>> tasks;
  for (int i = 0; i < 10; ++i)
    tasks.push_back(eddy::create_task([shared]() -> coro<int> {
      std::shared_future<int> mine = shared;
      co_return co_await from_future(mine);
    }));
  co_await eddy::sleep(1ms);
  p.set_value(9);
  int sum = 0;
  for (auto& t : tasks) {
    const int one = co_await t;
    sum += one;
  }
  EXPECT_EQ(sum, 90);
}

EDDY_IO_TEST(from_future, S73_L9_one_without_a_state_is_told) {
  const auto none = co_await eddy::as_outcome(from_future(std::future<int>()));
  EXPECT_THROW(none.throw_if_failed(), eddy::misuse_error);
}

EDDY_IO_TEST(from_future, S73_L1_a_limit_leaves_the_value_in_the_future) {
  std::promise<int> p;
  auto f = p.get_future();
  const auto end = co_await eddy::as_outcome(eddy::wait_for(from_future(f), 1ms));
  EXPECT_THROW(end.throw_if_failed(), eddy::timeout_error);
  p.set_value(4);
  const int got = co_await from_future(f);
  EXPECT_EQ(got, 4);
}

EDDY_IO_TEST(from_future, S73_many_in_any_order) {
  std::vector<std::promise<int>> promises(40);
  std::vector<eddy::task<int>> tasks;
  for (auto& p : promises)
    tasks.push_back(
        eddy::create_task([f = p.get_future()]() mutable -> coro<int> { co_return co_await from_future(f); }));
  co_await eddy::sleep(200us);
  std::thread other([&] {
    for (std::size_t i = promises.size(); i > 0; --i) promises[i - 1].set_value(static_cast<int>(i));
  });
  int sum = 0;
  for (auto& t : tasks) {
    const int one = co_await t;
    sum += one;
  }
  other.join();
  EXPECT_EQ(sum, 820);
}

TEST(from_future_moments, S73_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore(
      []() -> coro<> {
        const eddy::testing::counted local("local");
        std::promise<int> p;
        auto f = p.get_future();
        class setter {
         public:
          explicit setter(std::promise<int>& to)
              : thread_([this, &to] {
                  suspended_();
                  to.set_value(1);
                }) {}
          setter(const setter&) = delete;
          setter& operator=(const setter&) = delete;
          ~setter() {
            suspended_.no_longer();  // cancelled before it waits, the loop has no turn for that before this returns
            thread_.join();
          }

         private:
          eddy::testing::until_suspended suspended_;
          std::thread thread_;
        };
        const setter other(p);
        co_await from_future(f);
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GE(went.cancel_points, 2U);
}

TEST(from_future_moments, S73_the_loop_shuts_down_while_it_waits) {
  std::promise<int> p;
  auto f = p.get_future();
  eddy::testing::shut_down_during([&]() -> coro<> { co_await from_future(f); });
  p.set_value(5);
  EXPECT_EQ(f.get(), 5);
}

}  // namespace
