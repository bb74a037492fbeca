// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/as_completed.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/for_each.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

/// Ends after so many seconds with that number; 13 fails.
coro<int> after(int seconds) {
  co_await eddy::sleep(std::chrono::seconds(seconds));
  if (seconds == 13) throw std::runtime_error("thirteen");
  co_return seconds;
}

template <class... Seconds>
std::vector<coro<int>> work(Seconds... seconds) {
  std::vector<coro<int>> made;
  (made.push_back(after(seconds)), ...);
  return made;
}

EDDY_TEST(as_completed, S10_first_finished_first) {
  std::vector<std::string> got;
  const auto begin = eddy::now();
  co_await eddy::for_each(eddy::as_completed(work(3, 13, 1, 2)), [&](eddy::outcome<int> each) {
    got.push_back(each ? std::to_string(*each) : eddy::detail::describe_exception(each.exception()));
  });
  EXPECT_EQ(got, (std::vector<std::string>{"1", "2", "3", "std::runtime_error: thirteen"}));
  EXPECT_EQ(eddy::now() - begin, 13s);  // all at once
}

EDDY_TEST(as_completed, S10_those_that_end_in_one_turn_come_in_the_order_of_the_range) {
  std::vector<int> got;
  std::vector<coro<int>> all;
  for (int i = 0; i < 4; ++i) all.push_back([](int x) -> coro<int> { co_return x; }(i));
  co_await eddy::for_each(eddy::as_completed(std::move(all)), [&](eddy::outcome<int> each) { got.push_back(*each); });
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3}));
}

EDDY_TEST(as_completed, S10_runs_while_the_consumer_is_busy_and_keeps_what_came_meanwhile) {
  std::vector<int> got;
  const auto begin = eddy::now();
  co_await eddy::with(eddy::as_completed(work(1, 3, 2)), [&](auto& ends) -> coro<> {
    while (auto end = co_await ends.next()) {
      got.push_back(end->value());
      co_await eddy::sleep(10s);
    }
    auto none = co_await ends.next();  // the end stays the end
    EXPECT_EQ(none.has_value(), false);
  });
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(eddy::now() - begin, 31s);
}

EDDY_TEST(as_completed, S10_of_nothing_is_over_at_once) {
  int calls = 0;
  co_await eddy::for_each(eddy::as_completed(std::vector<coro<int>>()), [&](eddy::outcome<int>) { ++calls; });
  EXPECT_EQ(calls, 0);
}

EDDY_TEST(as_completed, S10_void_move_only_values_references_and_leaf_operations) {
  int ends = 0;
  std::vector<eddy::detail::sleep_operation> sleeps;
  sleeps.push_back(eddy::sleep(1s));
  sleeps.push_back(eddy::sleep(2s));
  co_await eddy::for_each(eddy::as_completed(std::move(sleeps)), [&](eddy::outcome<> each) { ends += each ? 1 : 0; });
  EXPECT_EQ(ends, 2);

  std::vector<coro<std::unique_ptr<int>>> pointers;
  pointers.push_back([]() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(5); }());
  co_await eddy::for_each(eddy::as_completed(std::move(pointers)),
                          [&](eddy::outcome<std::unique_ptr<int>> each) { ends += **each; });
  EXPECT_EQ(ends, 7);

  std::vector<coro<int&>> references;
  references.push_back([](int& x) -> coro<int&> { co_return x; }(ends));
  co_await eddy::for_each(eddy::as_completed(std::move(references)), [](eddy::outcome<int&> each) { *each += 1; });
  EXPECT_EQ(ends, 8);
}

EDDY_TEST(as_completed, S10_task_handles_are_waited_for_and_neither_cancelled_nor_emptied) {
  std::vector<eddy::task<int>> tasks;
  for (const int s : {4, 1, 2}) tasks.push_back(eddy::create_task(after, s));
  tasks[2].cancel("by hand");
  std::vector<std::string> got;
  co_await eddy::with(eddy::as_completed(tasks), [&](auto& ends) -> coro<> {
    for (int i = 0; i < 2; ++i) {
      auto end = co_await ends.next();
      got.push_back(end->cancelled() ? end->reason() : std::to_string(end->value()));
    }
  });
  EXPECT_EQ(got, (std::vector<std::string>{"by hand", "1"}));
  EXPECT_EQ(tasks[1].result(), 1);
  EXPECT_FALSE(tasks[0].done());  // left early: the task goes on
  const int last = co_await tasks[0];
  EXPECT_EQ(last, 4);
}

// Program 9: with a plain generator the children would outlive the locals that they refer to.
EDDY_TEST(as_completed, L5_9_leaving_early_cancels_and_joins_the_rest) {
  int running = 0;
  auto child = [&running](int seconds) -> coro<int> {
    ++running;
    auto leave = eddy::on_exit([&] { --running; });
    co_await eddy::sleep(std::chrono::seconds(seconds));
    co_await eddy::shield(eddy::sleep(1s));
    co_return seconds;
  };
  std::vector<coro<int>> all;
  for (const int s : {1, 2, 100}) all.push_back(child(s));
  const auto begin = eddy::now();
  co_await eddy::with(eddy::as_completed(std::move(all)), [&](auto& ends) -> coro<> {
    while (auto end = co_await ends.next())
      if (end->has_value()) break;
  });
  EXPECT_EQ(running, 0);
  EXPECT_EQ(eddy::now() - begin, 3s);  // the second was in its shielded part
}

EDDY_TEST(as_completed, L5_9_used_bare_it_says_what_to_write) {
  auto ends = eddy::as_completed(work(1));
  std::string text;
  try {
    auto end = co_await ends.next();
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("co_await for_each(as_completed(...), f)"), std::string::npos) << text;
}

EDDY_TEST(as_completed, L6_a_failure_that_is_not_handed_over_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  co_await eddy::with(eddy::as_completed(work(1, 13)), [&](auto& ends) -> coro<> {
    auto first = co_await ends.next();
    EXPECT_EQ(first->value(), 1);
    co_await eddy::sleep(1h);
  });
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: thirteen"});
}

EDDY_TEST(as_completed, S76_an_exception_of_the_body_keeps_its_type) {
  std::string text;
  try {
    co_await eddy::with(eddy::as_completed(work(1, 2)), [&](auto& ends) -> coro<> {
      co_await ends.next();
      throw std::runtime_error("body");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "body");
}

EDDY_TEST(as_completed, L12_a_next_that_is_cancelled_leaves_every_outcome) {
  std::vector<int> got;
  int limits = 0;
  co_await eddy::with(eddy::as_completed(work(3, 1, 2, 2)), [&](auto& ends) -> coro<> {
    while (true) {
      try {
        auto end = co_await eddy::wait_for(ends.next(), 500ms);
        if (!end) co_return;
        got.push_back(end->value());
      } catch (const eddy::timeout_error&) {
        ++limits;
      }
    }
  });
  EXPECT_EQ(got, (std::vector<int>{1, 2, 2, 3}));
  EXPECT_GE(limits, 3);
}

EDDY_TEST(as_completed, L12_two_consumers_share_the_outcomes) {
  std::vector<int> got;
  co_await eddy::with(eddy::as_completed(work(1, 2, 3)), [&](auto& ends) -> coro<> {
    auto consume = [&]() -> coro<> {
      while (auto end = co_await ends.next()) got.push_back(end->value());
    };
    co_await eddy::gather(consume(), consume());
  });
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
}

TEST(as_completed, L5_nothing_outlives_it_and_nothing_is_lost_wherever_it_is_cancelled) {
  int sum = 0;
  bool through = false;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        sum = 0;
        through = false;
        auto child = [](int ms) -> coro<int> {
          co_await eddy::with(tracked("child"), [ms](tracked&) { return eddy::sleep(std::chrono::milliseconds(ms)); });
          co_return ms;
        };
        std::vector<coro<int>> all;
        for (const int ms : {2, 1, 2}) all.push_back(child(ms));
        co_await eddy::with(eddy::as_completed(std::move(all)), [&](auto& ends) -> coro<> {
          while (auto end = co_await ends.next()) sum += end->value();
          through = true;
        });
      },
      eddy::testing::explore_options().check(
          [&] { return !through || sum == 5 ? std::string() : "an outcome was lost or came twice"; }));
  EXPECT_GE(went.cancel_points, 25U);
}

coro<> tracked_sleep(std::chrono::milliseconds pause) {
  co_await eddy::with(tracked("child"), [pause](tracked&) { return eddy::sleep(pause); });
}

TEST(as_completed, L5_9_leaving_early_may_be_cancelled_anywhere) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
      std::vector<eddy::task<>> handles{group.create_task(tracked_sleep, 2ms), group.create_task(tracked_sleep, 5ms)};
      co_await eddy::with(eddy::as_completed(handles), [](auto& ends) -> coro<> { co_await ends.next(); });
      EXPECT_FALSE(handles[1].done());
    });
    std::vector<coro<>> all;
    for (const auto pause : {1ms, 3ms}) all.push_back(tracked_sleep(pause));
    co_await eddy::with(eddy::as_completed(std::move(all)), [](auto& ends) -> coro<> { co_await ends.next(); });
  });
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(as_completed, L5_shutdown_joins_what_runs) {
  int running = 0;
  eddy::testing::shut_down_during([&]() -> coro<> {
    std::vector<coro<>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back([](int& count) -> coro<> {
        ++count;
        auto leave = eddy::on_exit([&] { --count; });
        co_await eddy::sleep(1h);
      }(running));
    co_await eddy::for_each(eddy::as_completed(std::move(all)), [](eddy::outcome<>) {});
  });
  EXPECT_EQ(running, 0);
}

}  // namespace
