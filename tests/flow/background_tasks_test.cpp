// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/background_tasks.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/finally.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::background_tasks;
using eddy::coro;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  if (x == 13) throw std::runtime_error("thirteen");
  co_return x;
}

/// Needs so long to end once it has been cancelled.
coro<> slow_to_end(std::chrono::nanoseconds pause) {
  co_await eddy::with(tracked("slow"), [pause](tracked&) -> coro<> {
    co_await eddy::shield(eddy::sleep(pause));
    co_await eddy::sleep(1000h);
  });
}

EDDY_TEST(background_tasks, S08_holds_what_runs_and_forgets_what_ended) {
  background_tasks background;
  auto first = background.create_task(after, 1s, 1);
  background.create_task(after, 2s, 2);
  EXPECT_EQ(background.size(), 2U);
  const int x = co_await first;
  EXPECT_EQ(x, 1);
  EXPECT_EQ(background.size(), 1U);
  co_await eddy::sleep(2s);
  EXPECT_TRUE(background.empty());
  const auto report = co_await background.shutdown(1s);
  EXPECT_TRUE(report.complete());
  EXPECT_TRUE(report.ended.empty());
}

EDDY_TEST(background_tasks, S08_hands_errors_to_its_callback_and_goes_on) {
  std::vector<std::string> errors;
  background_tasks background([&](const eddy::unhandled_error& what) {
    errors.push_back(what.message + ": " + eddy::detail::describe_exception(what.error));
  });
  background.create_task(after, 1s, 13).name("unlucky");
  auto other = background.create_task(after, 2s, 1);
  co_await eddy::sleep(3s);
  EDDY_ASSERT_EQ(errors.size(), 1U);
  EXPECT_NE(errors[0].find("in the background, task \"unlucky\""), std::string::npos) << errors[0];
  EXPECT_NE(errors[0].find("thirteen"), std::string::npos) << errors[0];
  EXPECT_EQ(other.result(), 1);
}

EDDY_TEST(background_tasks, S08_L6_without_a_callback_errors_reach_the_loops_handler) {
  int handled = 0;
  auto before = eddy::event_loop::current().set_exception_handler([&](const eddy::unhandled_error&) { ++handled; });
  background_tasks background;
  background.create_task(after, 1s, 13);
  co_await eddy::sleep(2s);
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, 1);
}

EDDY_TEST(background_tasks, S08_a_callback_may_destroy_them) {
  std::unique_ptr<background_tasks> background;
  background = std::make_unique<background_tasks>([&](const eddy::unhandled_error&) { background.reset(); });
  auto long_one = background->create_task(after, 1h, 1);
  background->create_task(after, 1s, 13);
  co_await eddy::sleep(2s);
  EXPECT_EQ(background, nullptr);
  EXPECT_TRUE(long_one.cancelled());
}

EDDY_TEST(background_tasks, S08_shutdown_cancels_joins_and_says_who_ended_how_and_who_is_overdue) {
  int errors = 0;
  background_tasks background([&](const eddy::unhandled_error&) { ++errors; });
  background.create_task(after, 1h, 1).name("sleeper");
  background.create_task([]() -> coro<> { co_await eddy::shield(eddy::sleep(2s)); }).name("finisher");
  background
      .create_task([]() -> coro<> {
        co_await eddy::shield(eddy::sleep(1s));
        throw std::runtime_error("while it was ending");
      })
      .name("failure");
  background.create_task(slow_to_end, 4s).name("slow");
  co_await eddy::sleep(10ms);
  const auto begin = eddy::now();

  auto report = co_await background.shutdown(3s);
  EXPECT_EQ(eddy::now() - begin, 3s);
  EDDY_ASSERT_EQ(report.ended.size(), 3U);
  EXPECT_EQ(report.ended[0].name, "sleeper");
  EXPECT_TRUE(report.ended[0].how.cancelled());
  EXPECT_EQ(report.ended[0].how.reason(), "its background_tasks shut down");
  EXPECT_EQ(report.ended[1].name, "failure");
  EXPECT_TRUE(report.ended[1].how.has_exception());
  EXPECT_EQ(report.ended[2].name, "finisher");
  EXPECT_TRUE(report.ended[2].how.has_value());
  EXPECT_FALSE(report.complete());
  EDDY_ASSERT_EQ(report.overdue.size(), 1U);
  EXPECT_NE(report.overdue[0].find("task \"slow\""), std::string::npos) << report.overdue[0];
  EXPECT_NE(report.overdue[0].find("background_tasks_test.cpp"), std::string::npos) << report.overdue[0];
  EXPECT_EQ(errors, 1);

  report = co_await background.shutdown();  // for who is left
  EXPECT_TRUE(report.complete());
  EDDY_ASSERT_EQ(report.ended.size(), 1U);
  EXPECT_EQ(report.ended[0].name, "slow");
}

EDDY_TEST(background_tasks, S08_nothing_is_started_once_it_was_shut_down) {
  background_tasks background;
  bool ran = false;
  eddy::task<> late;
  background.create_task([&]() -> coro<> {
    auto respawn = eddy::on_cancel([&] {
      late = background.create_task([&]() -> coro<> {
        ran = true;
        co_return;
      });
    });
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(1ms);
  const auto report = co_await background.shutdown();
  EXPECT_EQ(report.ended.size(), 2U);
  EXPECT_TRUE(late.cancelled());  // born cancelled while it shut down
  EXPECT_FALSE(ran);
  EXPECT_THROW(background.create_task(after, 1s, 1), eddy::misuse_error);
}

EDDY_TEST(background_tasks, S08_takes_tasks_that_run_already) {
  background_tasks background;
  auto running = eddy::create_task(after, 1h, 1);
  auto ended = eddy::create_task(after, 1ms, 1);
  co_await ended;
  background.add(running);
  background.add(ended);
  EXPECT_EQ(background.size(), 1U);
  co_await background.shutdown();
  EXPECT_TRUE(running.cancelled());
}

EDDY_TEST(background_tasks, S08_inside_of_with_they_are_joined_after_every_end) {
  int running = 0;
  auto job = [&]() -> coro<> {
    ++running;
    auto leave = eddy::on_exit([&] { --running; });
    co_await eddy::sleep(1h);
  };
  for (const bool fails : {false, true}) {
    try {
      co_await eddy::with(background_tasks(), [&](background_tasks& background) -> coro<> {
        background.create_task(job);
        co_await eddy::sleep(1s);
        EXPECT_EQ(running, 1);
        if (fails) throw std::runtime_error("body");
      });
      EXPECT_FALSE(fails);
    } catch (const std::runtime_error&) {
      EXPECT_TRUE(fails);
    }
    EXPECT_EQ(running, 0);
  }
}

EDDY_TEST(background_tasks, S08_destroying_them_cancels_and_a_later_error_reaches_the_loops_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  eddy::task<> other;
  {
    background_tasks background;
    other = background.create_task([] { return eddy::sleep(1h); });
    background.create_task([]() -> coro<> {
      co_await eddy::shield(eddy::sleep(1s));
      throw std::runtime_error("late");
    });
    co_await eddy::sleep(1ms);
  }
  co_await eddy::sleep(2s);
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_TRUE(other.cancelled());
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: late"});
}

EDDY_TEST(background_tasks, L12_what_a_cancelled_shutdown_has_seen_is_in_the_next_report) {
  background_tasks background;
  background.create_task(after, 1h, 1).name("first");
  background.create_task(slow_to_end, 5s).name("second");
  co_await eddy::sleep(10ms);
  bool expired = false;
  try {
    co_await eddy::wait_for(background.shutdown(), 1s);
  } catch (const eddy::timeout_error& e) {
    expired = true;
    EXPECT_NE(std::string(e.what()).find("background_tasks::shutdown, 1 still running"), std::string::npos) << e.what();
  }
  EXPECT_TRUE(expired);
  const auto report = co_await background.shutdown();
  EDDY_ASSERT_EQ(report.ended.size(), 2U);
  EXPECT_EQ(report.ended[0].name, "first");
  EXPECT_EQ(report.ended[1].name, "second");
}

TEST(background_tasks, L5_nothing_is_left_wherever_it_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    co_await eddy::with(background_tasks(), [](background_tasks& background) -> coro<> {
      for (int i = 1; i < 4; ++i)
        background.create_task(
            [](int ms) -> coro<> {
              co_await eddy::with(tracked("job"),
                                  [ms](tracked&) { return eddy::sleep(std::chrono::milliseconds(ms)); });
            },
            i);
      co_await eddy::sleep(3ms);
    });
  });
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(background_tasks, L5_nothing_is_left_wherever_shutdown_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    background_tasks background;
    auto body = [&]() -> coro<> {
      background.create_task(slow_to_end, 2ms);
      background.create_task(after, 1ms, 1);
      co_await eddy::sleep(2ms);
      auto report = co_await background.shutdown(1ms);
      EXPECT_FALSE(report.complete());
    };
    co_await eddy::finally(body, [&]() -> coro<> { co_await background.shutdown(); });
    EXPECT_TRUE(background.empty());
  });
  EXPECT_GE(went.cancel_points, 15U);
}

TEST(background_tasks, L5_the_loops_shutdown_ends_them) {
  int running = 0;
  eddy::testing::shut_down_during([&]() -> coro<> {
    background_tasks background;
    background.create_task([&]() -> coro<> {
      ++running;
      auto leave = eddy::on_exit([&] { --running; });
      co_await eddy::sleep(1h);
    });
    co_await eddy::sleep(1h);
  });
  EXPECT_EQ(running, 0);
}

}  // namespace
