// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/run.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/base/frame_pool.hpp"
#include "eddy/coro/future.hpp"
#include "eddy/coro/task_tree.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/sync/event.hpp"
#include "tests/support/reports.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::testing::expect_part;
using eddy::testing::reports;

struct only_moved {
  explicit only_moved(int v) : value(v) {}
  only_moved(only_moved&& other) noexcept : value(std::exchange(other.value, 0)) {}
  int value;
};

eddy::coro<int> give(int x) { co_return x; }

class run : public testing::Test {
 protected:
  // What another thread has posted is counted there, so fewer are no leak.
  void TearDown() override { EXPECT_LE(eddy::detail::frame_pool::live_blocks(), before_) << "frames are left"; }

 private:
  std::int64_t before_ = eddy::detail::frame_pool::live_blocks();
};

TEST_F(run, S02_returns_the_value) {
  EXPECT_EQ(eddy::run(give(1)), 1);
  EXPECT_EQ(eddy::run(give, 2), 2);
  const auto owned = eddy::run([](only_moved p) -> eddy::coro<only_moved> { co_return p; }, only_moved(3));
  EXPECT_EQ(owned.value, 3);
  eddy::run([]() -> eddy::coro<> { co_return; });
}

TEST_F(run, S02_returns_a_reference) {
  int x = 1;
  int& got = eddy::run([&x]() -> eddy::coro<int&> { co_return x; });
  EXPECT_EQ(&got, &x);
}

TEST_F(run, S02_throws_what_main_throws) {
  EXPECT_THROW(eddy::run([]() -> eddy::coro<int> {
                 throw std::out_of_range("x");
                 co_return 1;
               }),
               std::out_of_range);
  EXPECT_THROW(eddy::run([]() -> eddy::coro<int> { return throw std::out_of_range("no coroutine"), give(1); }),
               std::out_of_range);
}

TEST_F(run, S03_may_be_called_again_and_again) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(eddy::run(give, i), i);
}

TEST_F(run, S03_L9_inside_a_coroutine_is_misuse_and_leaves_nothing) {
  std::string text;
  eddy::run([&]() -> eddy::coro<> {
    try {
      eddy::run(give, 1);
    } catch (const eddy::misuse_error& e) {
      text = e.what();
    }
    co_await eddy::sleep(1us);
  });
  expect_part(text, "co_await or create_task");
}

TEST_F(run, S02_cancels_and_joins_what_is_left) {
  std::vector<std::string> order;
  eddy::run([&]() -> eddy::coro<> {
    eddy::create_task([&]() -> eddy::coro<> {
      co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                             [&]() -> eddy::coro<> {
                               co_await eddy::sleep(1ms);
                               order.emplace_back("cleaned up");
                             });
    });
    co_await eddy::sleep(1us);
    order.emplace_back("main ended");
  });
  EXPECT_EQ(order, (std::vector<std::string>{"main ended", "cleaned up"}));
}

// Program 22: clean-up that starts new tasks.
TEST_F(run, L5_tasks_that_respawn_in_their_clean_up_come_to_an_end) {
  struct spawner {
    int* born;
    int* ran;
    void respawn() const {
      ++*born;
      eddy::create_task([copy = *this]() -> eddy::coro<> {
        ++*copy.ran;
        const auto again = eddy::on_exit([copy] { copy.respawn(); });
        co_await eddy::sleep(1h);
      });
    }
  };
  int born = 0;
  int ran = 0;
  eddy::run([&]() -> eddy::coro<> {
    spawner(&born, &ran).respawn();
    co_await eddy::sleep(1us);
  });
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(born, 2) << "the second was born cancelled and never ran";
}

TEST_F(run, L5_the_executors_end_after_the_tasks) {
  std::vector<std::string> order;
  std::atomic<bool> started{false};
  eddy::run([&]() -> eddy::coro<> {
    eddy::create_task([&]() -> eddy::coro<> {
      const auto guard = eddy::on_exit([&] { order.emplace_back("task"); });
      co_await eddy::to_thread([&] {
        started = true;
        std::this_thread::sleep_for(2ms);
        order.emplace_back("job");
      });
    });
    order.emplace_back("main");
    while (!started) co_await eddy::sleep(100us);
  });
  EXPECT_EQ(order, (std::vector<std::string>{"main", "job", "task"}));
}

TEST_F(run, callbacks_that_wait_are_dropped_with_their_arguments) {
  auto shared = std::make_shared<int>(0);
  eddy::run([&]() -> eddy::coro<> {
    eddy::event_loop::current().call_later(1h, [shared] {});
    co_return;
  });
  EXPECT_EQ(shared.use_count(), 1);
}

TEST_F(run, S13_a_promise_that_goes_with_a_callback_which_never_ran_leaves_nothing) {
  eddy::run([]() -> eddy::coro<> {
    auto p = std::make_unique<eddy::promise<int>>();
    eddy::event_loop::current().call_later(1h, [p = std::move(p)] {});
    co_return;
  });
}

TEST_F(run, L6_an_exception_nobody_looked_at_reaches_the_handler_also_at_the_end) {
  const reports told;
  eddy::run([]() -> eddy::coro<> {
    eddy::create_task([]() -> eddy::coro<> {
      co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                             [] { throw std::runtime_error("in clean-up"); });
    });
    co_await eddy::sleep(1us);
  });
  expect_part(told.all(), "in clean-up");
}

TEST_F(run, S01_S61_a_coroutine_that_was_never_awaited_is_reported_with_its_place) {
  const reports told;
  eddy::run(
      []() -> eddy::coro<> {
        {
          auto forgotten = give(1);
        }
        co_return;
      },
      eddy::debug);
  expect_part(told.all(), "give");
  expect_part(told.all(), "run_test.cpp:");
  expect_part(told.all(), "was never awaited");
  expect_part(told.all(), "; made in ");
}

TEST_F(run, S61_without_debug_mode_nothing_is_said) {
  if (eddy::detail::debugging()) GTEST_SKIP() << "EDDY_DEBUG is set";
  const reports told;
  eddy::run([]() -> eddy::coro<> {
    {
      auto forgotten = give(1);
    }
    eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
    co_return;
  });
  EXPECT_EQ(told.all(), "");
}

TEST_F(run, S61_tasks_that_main_left_behind_are_reported_with_their_await) {
  const reports told;
  eddy::run(
      []() -> eddy::coro<> {
        eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); }).name("left behind");
        co_await eddy::sleep(1us);
      },
      eddy::debug);
  expect_part(told.all(), "main has ended while other tasks still run");
  expect_part(told.all(), "left behind");
  expect_part(told.all(), "sleep(1 h)");
  expect_part(told.all(), "run_test.cpp:");
}

TEST_F(run, S62_a_deadlock_is_reported_once_with_every_await) {
  const reports told;
  eddy::run([&]() -> eddy::coro<> {
    auto stuck = std::make_unique<eddy::event>();
    auto task = eddy::create_task([&]() -> eddy::coro<> { co_await stuck->wait(); });
    task.name("stuck one");
    // A thread that the loop does not know of: to the loop this is a deadlock until the post comes.
    auto& loop = eddy::event_loop::current();
    std::thread rescue([&] {
      std::this_thread::sleep_for(20ms);
      loop.call_soon_threadsafe([&] { stuck->set(); });
    });
    co_await task;
    rescue.join();
  });
  expect_part(told.all(), "deadlock: nothing is runnable");
  expect_part(told.all(), "stuck one");
  expect_part(told.all(), "event::wait");
  EXPECT_EQ(told.all().find("deadlock: "), told.all().rfind("deadlock: "));
}

TEST_F(run, L3_grace_bounds_how_long_the_end_takes) {
  const reports told;
  const auto start = eddy::clock::now();
  eddy::run(eddy::run_options().grace(5ms), []() -> eddy::coro<> {
    eddy::create_task([]() -> eddy::coro<> {
      co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                             []() -> eddy::coro<> { co_await eddy::sleep(1h); });
    });
    co_await eddy::sleep(1us);
  });
  EXPECT_LT(eddy::clock::now() - start, 30s);
  expect_part(told.all(), "the grace of 5 ms is over");
}

TEST_F(run, L3_the_longest_grace_is_for_ever) {
  const reports told;
  bool cleaned = false;
  eddy::run(eddy::run_options().grace(std::chrono::nanoseconds::max()), [&]() -> eddy::coro<> {
    eddy::create_task([&]() -> eddy::coro<> {
      co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                             [&]() -> eddy::coro<> {
                               co_await eddy::sleep(1ms);
                               cleaned = true;
                             });
    });
    co_await eddy::sleep(1us);
  });
  EXPECT_TRUE(cleaned);
  EXPECT_EQ(told.all(), "");
}

}  // namespace
