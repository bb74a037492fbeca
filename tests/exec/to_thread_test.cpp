// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/to_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::testing::until_suspended;

EDDY_IO_TEST(to_thread, S36_gives_the_value_from_another_thread) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await eddy::to_thread([] { return std::this_thread::get_id(); });
  EXPECT_NE(here, there);
  const int sum = co_await eddy::to_thread([](int a, int b) { return a + b; }, 2, 3);
  EXPECT_EQ(sum, 5);
}

EDDY_IO_TEST(to_thread, S36_takes_and_gives_what_can_only_be_moved_and_references) {
  auto owned = co_await eddy::to_thread(
      [](std::unique_ptr<int> p) {
        ++*p;
        return p;
      },
      std::make_unique<int>(1));
  EXPECT_EQ(*owned, 2);
  int x = 0;
  co_await eddy::to_thread([](int& r) { r = 7; }, std::ref(x));
  EXPECT_EQ(x, 7);
}

EDDY_IO_TEST(to_thread, S36_exceptions_come_back) {
  std::string text;
  try {
    co_await eddy::to_thread([] { throw std::out_of_range("there"); });
  } catch (const std::out_of_range& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "there");
}

EDDY_IO_TEST(to_thread, S36_other_tasks_run_meanwhile) {
  std::atomic<int> turns{0};
  auto job = eddy::create_task([&]() -> eddy::coro<> {
    co_await eddy::to_thread([&] {  // ends only when others have run
      while (turns < 3) std::this_thread::sleep_for(100us);
    });
  });
  while (!job.done()) {
    ++turns;
    co_await eddy::sleep(100us);
  }
  EXPECT_GE(turns, 3);
}

// Program 24.
EDDY_IO_TEST(to_thread, L4_a_job_that_has_started_is_waited_for_and_its_value_delivered) {
  std::atomic<bool> started{false};
  std::atomic<bool> go{false};
  auto task = eddy::create_task([&]() -> eddy::coro<int> {
    int local = 0;
    const int got = co_await eddy::to_thread([&] {
      started = true;
      go.wait(false);
      return ++local;
    });
    EXPECT_EQ(got, local);
    co_return got;
  });
  while (!started) co_await eddy::sleep(100us);
  task.cancel();
  co_await eddy::sleep(1ms);
  EXPECT_FALSE(task.done());
  go = true;
  go.notify_all();
  const int got = co_await task;
  EXPECT_EQ(got, 1) << "a value that came all the same is a value";
}

// Program 24: the limit that runs out waits for the thread, and what came is delivered.
EDDY_IO_TEST(to_thread, S36_L4_a_limit_around_a_started_job_waits_for_it) {
  std::atomic<bool> late{false};
  int local = 0;
  eddy::event_loop& loop = eddy::event_loop::current();
  const int got = co_await eddy::timeout(1h, [&](eddy::timeout_scope& limit) -> eddy::coro<int> {
    co_return co_await eddy::to_thread([&] {
      loop.call_soon_threadsafe([&] {  // only now has the job begun: before, the limit would take it back
        limit.reschedule(eddy::now());
        loop.call_later(1ms, [&] { late = true; });
      });
      while (!late) std::this_thread::yield();
      return ++local;
    });
  });
  EXPECT_TRUE(late.load());
  EXPECT_EQ(got, 1);
  EXPECT_EQ(local, 1);
}

EDDY_IO_TEST(to_thread, S36_run_in_executor_gives_values_and_exceptions) {
  eddy::thread_pool pool(1);
  const int sum = co_await eddy::run_in_executor(pool, [](int a, int b) { return a + b; }, 2, 3);
  EXPECT_EQ(sum, 5);
  const auto end = co_await eddy::as_outcome(eddy::run_in_executor(pool, [] { throw std::out_of_range("there"); }));
  EXPECT_THROW(end.throw_if_failed(), std::out_of_range);
}

// What an abandoned job shares with the test: owned by both.
struct shared_flags {
  std::atomic<bool> started{false};
  std::atomic<bool> go{false};
  std::atomic<bool> finished{false};
  void work() {
    started = true;
    go.wait(false);
    finished = true;
    finished.notify_all();
  }
  void let_go() {
    go = true;
    go.notify_all();
  }
};

EDDY_IO_TEST(to_thread, L4_abandon_leaves_at_once_and_the_late_error_reaches_the_handler) {
  std::vector<std::string> told;
  auto& loop = eddy::event_loop::current();
  auto before = loop.set_exception_handler(
      [&](const eddy::unhandled_error& what) { told.push_back(eddy::detail::describe_exception(what.error)); });
  const auto flags = std::make_shared<shared_flags>();
  auto task = eddy::create_task([flags]() -> eddy::coro<> {
    co_await eddy::to_thread(
        eddy::abandon,
        [](const std::shared_ptr<shared_flags>& f) {
          f->work();
          throw std::runtime_error("late");
        },
        flags);
  });
  while (!flags->started) co_await eddy::sleep(100us);
  co_await eddy::cancel_and_join(task);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(loop.statistics().external_jobs, 0U) << "nobody waits for it";
  EXPECT_FALSE(flags->finished);
  flags->let_go();
  while (told.empty()) co_await eddy::sleep(100us);
  loop.set_exception_handler(std::move(before));
  EXPECT_EQ(told, std::vector<std::string>{"std::runtime_error: late"});
}

EDDY_IO_TEST(to_thread, L4_abandon_without_a_cancellation_is_like_any_other) {
  const int got = co_await eddy::to_thread(eddy::abandon, [](int x) { return x + 1; }, 1);
  EXPECT_EQ(got, 2);
}

TEST(to_thread_end, L4_an_abandoned_job_does_not_hold_up_the_end_and_owns_what_it_touches) {
  const auto flags = std::make_shared<shared_flags>();
  eddy::run([&]() -> eddy::coro<> {
    eddy::create_task([&flags]() -> eddy::coro<> {
      co_await eddy::to_thread(eddy::abandon, [](const std::shared_ptr<shared_flags>& f) { f->work(); }, flags);
    });
    while (!flags->started) co_await eddy::sleep(100us);
  });
  EXPECT_FALSE(flags->finished);
  flags->let_go();
  flags->finished.wait(false);
  while (flags.use_count() != 1) std::this_thread::yield();  // its arguments go with it
}

// The eight moments: ready at once does not exist for a thread; the rest.
TEST(to_thread_moments, L1_L4_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore(
      []() -> eddy::coro<> {
        const auto done = std::make_shared<std::atomic<int>>(0);
        const eddy::testing::counted local("local");
        const auto add = [](const until_suspended& suspended, const std::shared_ptr<std::atomic<int>>& d) {
          suspended();
          ++*d;
        };
        const until_suspended first;
        co_await eddy::to_thread(add, first, done);
        EXPECT_EQ(done->load(), 1);
        const until_suspended second;
        const auto fail = [&second] {
          second();
          throw 1;
        };
        const auto failed = co_await eddy::as_outcome(eddy::to_thread(fail));
        EXPECT_TRUE(failed.has_exception());
        const until_suspended third;
        co_await eddy::to_thread(eddy::abandon, add, third, done);
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GE(went.cancel_points, 8U);
}

EDDY_IO_TEST(to_thread_moments, L11_cancelled_before_it_starts_it_never_runs) {
  std::atomic<bool> ran{false};
  eddy::task<> task;
  task = eddy::create_task([&]() -> eddy::coro<> {
    task.cancel();
    co_await eddy::to_thread([&] { ran = true; });
  });
  const auto end = co_await eddy::as_outcome(task);
  EXPECT_FALSE(end.has_value());
  EXPECT_FALSE(ran.load());
}

TEST(to_thread_moments, L4_the_loop_is_shut_down_while_it_runs) {
  std::atomic<bool> started{false};
  std::atomic<bool> done{false};
  bool delivered = false;
  eddy::run([&]() -> eddy::coro<> {
    eddy::create_task([&]() -> eddy::coro<> {
      const int got = co_await eddy::to_thread([&] {
        started = true;
        std::this_thread::sleep_for(3ms);
        done = true;
        return 1;
      });
      delivered = got == 1;
      co_await eddy::sleep(1h);
    });
    while (!started) co_await eddy::sleep(100us);
  });
  EXPECT_TRUE(done.load() && delivered);
}

EDDY_TEST(to_thread, a_virtual_clock_waits_for_real_work) {
  const auto start = eddy::now();
  auto sleeper = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
  co_await eddy::to_thread([] { std::this_thread::sleep_for(1ms); });
  EXPECT_EQ(eddy::now(), start);
  co_await sleeper;
  EXPECT_EQ(eddy::now() - start, 1h);
}

}  // namespace
