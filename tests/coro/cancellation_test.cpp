// SPDX-License-Identifier: BSL-1.0
// Laws L1, L2, L3, L11 and "Ends" as far as tasks and coroutines go.
#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "eddy/coro/context.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

// Commits unless an exception (or a cancellation) is on its way: what database guards and SCOPE_FAIL do.
class transaction {
 public:
  explicit transaction(std::string& end) noexcept : end_(&end) {}
  transaction(transaction&& other) noexcept : end_(std::exchange(other.end_, nullptr)), before_(other.before_) {}
  ~transaction() {
    if (end_ != nullptr) *end_ = std::uncaught_exceptions() > before_ ? "rolled back" : "committed";
  }

 private:
  std::string* end_;
  int before_ = std::uncaught_exceptions();
};

// Program 2.
EDDY_TEST(cancellation, L2_guards_that_count_exceptions_roll_back) {
  std::string end;
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    const transaction tx(end);
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_EQ(end, "rolled back");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

EDDY_TEST(cancellation, L2_guards_commit_when_nothing_is_cancelled) {
  std::string end;
  const auto body = [&]() -> eddy::coro<> {
    const transaction tx(end);
    co_await eddy::sleep(1s);
  };
  co_await body();
  EXPECT_EQ(end, "committed");
}

eddy::coro<> keeps(transaction) { co_await eddy::sleep(1h); }
eddy::coro<> borrows(const transaction&) { co_await eddy::sleep(1h); }

EDDY_TEST(cancellation, L2_parameters_and_arguments_of_a_task_roll_back_too) {
  std::string parameter;
  std::string argument;
  std::string never_begun;
  auto a = eddy::create_task(keeps, transaction(parameter));
  auto b = eddy::create_task(borrows, transaction(argument));
  co_await eddy::sleep(1s);
  a.cancel();
  b.cancel();
  auto c = eddy::create_task(keeps, transaction(never_begun));
  c.cancel();
  co_await eddy::sleep(1s);
  EXPECT_EQ(parameter, "rolled back");
  EXPECT_EQ(argument, "rolled back");
  EXPECT_EQ(never_begun, "rolled back");
}

EDDY_TEST(cancellation, L2_no_catch_sees_it_and_frames_go_innermost_first) {
  std::vector<std::string> order;
  const auto note = [&order](const char* what) { order.emplace_back(what); };
  const auto inner = [&]() -> eddy::coro<> {
    const auto first = eddy::on_exit([&] { note("inner first"); });
    const auto second = eddy::on_exit([&] { note("inner second"); });
    try {
      co_await eddy::sleep(1h);
    } catch (...) {
      note("caught");
    }
  };
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    const auto guard = eddy::on_exit([&] { note("outer"); });
    try {
      co_await inner();
    } catch (...) {
      note("caught");
    }
    note("went on");
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_EQ(order, (std::vector<std::string>{"inner second", "inner first", "outer"}));
}

EDDY_TEST(cancellation, S70_on_cancel_acts_upon_cancellation_alone) {
  int undone = 0;
  const auto body = [&](std::chrono::nanoseconds time, bool fails) -> eddy::coro<> {
    const auto undo = eddy::on_cancel([&] { ++undone; });
    co_await eddy::sleep(time);
    if (fails) throw 1;
  };
  co_await body(1s, false);
  const auto failed = co_await eddy::as_outcome(body(1s, true));
  EXPECT_TRUE(failed.has_exception());
  EXPECT_EQ(undone, 0);
  auto task = eddy::create_task(body(1h, false));
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_EQ(undone, 1);
}

// Program 29.
EDDY_TEST(cancellation, S70_as_outcome_lets_error_handling_await) {
  const auto failing = []() -> eddy::coro<int> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("broken");
  };
  bool rolled_back = false;
  auto end = co_await eddy::as_outcome(failing());
  if (!end) {
    co_await eddy::sleep(1s);
    rolled_back = true;
  }
  EXPECT_TRUE(rolled_back);
  EXPECT_THROW(end.value(), std::runtime_error);
}

EDDY_TEST(cancellation, unwinding_is_said_to_destructors_alone) {
  bool in_destructor = false;
  EXPECT_FALSE(eddy::unwinding());
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    const auto guard = eddy::on_exit([&] { in_destructor = eddy::unwinding(); });
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(task);
  EXPECT_TRUE(in_destructor);
  EXPECT_FALSE(eddy::unwinding());
}

EDDY_TEST(cancellation, L11_it_stays_pending_until_the_next_leaf_ready_or_not) {
  eddy::event set;
  set.set();
  std::vector<int> reached;
  const auto nothing = []() -> eddy::coro<> { co_return; };
  eddy::task<> task;
  task = eddy::create_task([&]() -> eddy::coro<> {
    reached.push_back(1);
    task.cancel("now");
    EXPECT_TRUE(eddy::context::current().cancel_requested());
    EXPECT_EQ(eddy::context::current().cancel_reason(), "now");
    reached.push_back(2);
    co_await nothing();  // awaiting a coroutine is no cancellation point
    reached.push_back(3);
    co_await set.wait();
    reached.push_back(4);
  });
  co_await eddy::sleep(1s);
  EXPECT_EQ(reached, (std::vector{1, 2, 3}));
  EXPECT_TRUE(task.cancelled());
}

EDDY_TEST(cancellation, L11_a_value_is_delivered_although_a_cancellation_is_pending) {
  eddy::task<int> task;
  task = eddy::create_task([&]() -> eddy::coro<int> {
    co_await eddy::sleep(1s);
    task.cancel();
    co_return 5;
  });
  const int got = co_await task;
  EXPECT_EQ(got, 5);
  EXPECT_FALSE(task.cancelled());
}

EDDY_TEST(cancellation, L1_what_has_completed_is_resumed_although_it_is_cancelled_in_the_same_turn) {
  eddy::event e;
  bool resumed = false;
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    co_await e.wait();
    resumed = true;
    co_await eddy::sleep(0s);
    ADD_FAILURE() << "the next await is a cancellation point";
  });
  co_await eddy::sleep(1s);
  e.set();
  task.cancel();
  co_await eddy::sleep(1s);
  EXPECT_TRUE(resumed);
  EXPECT_TRUE(task.cancelled());
}

// Program 22.
EDDY_TEST(cancellation, L5_a_task_cancelled_before_it_began_never_runs_and_its_arguments_go) {
  auto kept = std::make_shared<int>(1);
  bool ran = false;
  auto task = eddy::create_task(
      [&ran](std::shared_ptr<int>) -> eddy::coro<> {
        ran = true;
        co_return;
      },
      kept);
  EXPECT_GE(kept.use_count(), 2);
  task.cancel("too late");
  EXPECT_FALSE(task.done()) << "cancel only marks";
  co_await eddy::sleep(0s);
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(ran);
  EXPECT_EQ(kept.use_count(), 1);
}

EDDY_TEST(cancellation, L3_cancel_is_idempotent_and_does_not_break_clean_up) {
  int cleaned = 0;
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                           [&]() -> eddy::coro<> {
                             co_await eddy::sleep(1s);
                             ++cleaned;
                           });
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(task.cancel());
  EXPECT_TRUE(task.cancel());
  co_await eddy::sleep(500ms);
  EXPECT_TRUE(task.cancel());
  co_await eddy::sleep(1min);
  EXPECT_EQ(cleaned, 1);
  EXPECT_FALSE(task.cancel()) << "it has ended";
}

// Program 21: destructors that do things, while their frame is unwound and hundreds of others are.
EDDY_TEST(cancellation, L8_destructors_may_set_cancel_and_create) {
  eddy::event woken;
  int waited = 0;
  int born = 0;
  auto waiter = eddy::create_task([&]() -> eddy::coro<> {
    co_await woken.wait();
    ++waited;
  });
  auto victim = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 200; ++i)
    tasks.push_back(eddy::create_task([&, i]() -> eddy::coro<> {
      const auto guard = eddy::on_exit([&, i] {
        woken.set();
        victim.cancel();
        for (auto& t : tasks) t.cancel("by another");
        eddy::create_task([&born]() -> eddy::coro<> {
          ++born;
          co_return;
        });
        (void)i;
      });
      co_await eddy::sleep(1h);
    }));
  co_await eddy::sleep(1s);
  tasks[50].cancel();
  co_await eddy::sleep(1s);
  EXPECT_EQ(waited, 1);
  EXPECT_EQ(born, 200);
  EXPECT_TRUE(victim.cancelled());
  for (auto& t : tasks) EXPECT_TRUE(t.cancelled());
}

EDDY_TEST(cancellation, L3_after_the_grace_shields_are_lifted_and_that_is_told) {
  std::vector<std::string> told;
  auto& loop = eddy::event_loop::current();
  auto before = loop.set_exception_handler([&](const eddy::unhandled_error& what) {
    told.push_back(what.message + ": " + eddy::detail::describe_exception(what.error));
  });
  bool went_on = false;
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    co_await eddy::shield(eddy::sleep(1h));
    went_on = true;
  });
  task.name("stubborn");
  co_await eddy::sleep(1s);
  const auto start = eddy::now();
  co_await eddy::cancel_and_join(task, "enough");
  EXPECT_EQ(eddy::now() - start, 10s);
  loop.set_exception_handler(std::move(before));
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(went_on);
  EDDY_ASSERT_EQ(told.size(), 1U);
  for (const char* part : {"grace of 10 s", "stubborn", "enough", "cancellation_test.cpp:"})
    EXPECT_NE(told[0].find(part), std::string::npos) << told[0];
}

// -- program 1
// -----------------------------------------------------------------------------------------------------------

class loud {
 public:
  explicit loud(bool armed) noexcept : armed_(armed) {}
  loud(loud&& other) noexcept : armed_(std::exchange(other.armed_, false)) {}
  ~loud() noexcept(false) {
    if (armed_) throw std::runtime_error("destructor");
  }

 private:
  bool armed_;
};

eddy::coro<> holds_a_local() {
  const loud local(true);
  co_await eddy::sleep(1h);
}

eddy::coro<> holds_a_parameter(loud) { co_await eddy::sleep(1h); }

eddy::coro<> catches(bool parameter) {
  try {
    if (parameter)
      co_await holds_a_parameter(loud(true));
    else
      co_await holds_a_local();
  } catch (...) {
    std::fputs("went on\n", stderr);
    std::_Exit(0);
  }
}

void cancel_one_that_throws(bool parameter) {
  eddy::run([parameter]() -> eddy::coro<> {
    auto task = eddy::create_task(catches, parameter);
    task.name("noisy");
    co_await eddy::sleep(1ms);
    co_await eddy::cancel_and_join(task);
  });
}

TEST(cancellation_death, L2_a_local_whose_destructor_throws_ends_the_program_with_task_and_place) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(cancel_one_that_throws(false), "noisy.*cancellation_test.cpp:[0-9]+ in .*holds_a_local.*destructor");
}

TEST(cancellation_death, L2_a_parameter_whose_destructor_throws_does_so_too) {
#if defined(__clang__) && !defined(__OPTIMIZE__) && EDDY_ASAN
  GTEST_SKIP() << "clang's own code for it at -O0 looks into the frame that it has just freed";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(cancel_one_that_throws(true), "noisy.*cancellation_test.cpp:[0-9]+ in .*holds_a_parameter.*destructor");
}

}  // namespace
