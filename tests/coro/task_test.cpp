// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/future.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

static_assert(std::is_nothrow_move_constructible_v<eddy::task<int>> && std::is_copy_constructible_v<eddy::task<int>>);
static_assert(!std::is_copy_constructible_v<eddy::coro<int>>);

eddy::coro<int> answer(int x) {
  co_await eddy::sleep(1s);
  co_return x;
}

eddy::coro<> fail(std::string text) {
  co_await eddy::sleep(1s);
  throw std::runtime_error(text);
}

struct only_moved {
  explicit only_moved(int v) : value(v) {}
  only_moved(only_moved&& other) noexcept : value(std::exchange(other.value, 0)) {}
  int value;
};

template <class Error, class F>
std::string sentence(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  } catch (...) {
    return "another exception";
  }
  return "nothing was thrown";
}

void expect_part(const std::string& text, const char* part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

// What the loop's handler was told while the guard lived.
class told {
 public:
  told() {
    before_ = eddy::event_loop::current().set_exception_handler([this](const eddy::unhandled_error& what) {
      all_.push_back(what.message + ": " + eddy::detail::describe_exception(what.error));
    });
  }
  ~told() { eddy::event_loop::current().set_exception_handler(std::move(before_)); }
  told(const told&) = delete;
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
  eddy::exception_handler before_;
};

EDDY_TEST(task, S06_starts_early_and_is_awaited_later_by_many) {
  auto task = eddy::create_task(answer, 7);
  EXPECT_FALSE(task.done());
  const auto start = eddy::now();
  const auto waits = [](eddy::task<int> t) -> eddy::coro<int> {
    const int got = co_await t;
    co_return got;
  };
  auto first = eddy::create_task(waits, task);
  auto second = eddy::create_task(waits, task);
  const int a = co_await first;
  const int b = co_await second;
  EXPECT_EQ(a + b, 14);
  EXPECT_EQ(eddy::now() - start, 1s);
  EXPECT_TRUE(task.done() && !task.cancelled() && task.exception() == nullptr);
  EXPECT_EQ(task.result(), 7);
}

EDDY_TEST(task, S06_says_how_it_ended) {
  auto value = eddy::create_task(answer, 7);
  auto failed = eddy::create_task(fail, "no luck");
  auto stopped = eddy::create_task(answer, 1);
  co_await eddy::sleep(1ms);
  EXPECT_FALSE(value.done() || failed.done() || stopped.done());
  EXPECT_TRUE(stopped.cancel("enough"));
  EXPECT_FALSE(stopped.cancelled()) << "asked to, but its step has not come";
  co_await eddy::sleep(2s);
  EXPECT_TRUE(value.done() && failed.done() && stopped.done());
  EXPECT_EQ(value.result(), 7);
  EXPECT_EQ(value.exception(), nullptr);
  EXPECT_FALSE(value.cancelled() || failed.cancelled());
  EXPECT_TRUE(stopped.cancelled());
  EXPECT_EQ(stopped.exception(), nullptr);
  EXPECT_NE(failed.exception(), nullptr);
  expect_part(sentence<std::runtime_error>([&] { (void)failed.result(); }), "no luck");
  expect_part(sentence<eddy::cancelled_error>([&] { (void)stopped.result(); }), "enough");
  EXPECT_FALSE(value.cancel()) << "it has ended";
}

// asyncio keeps its tasks weakly (python/cpython#117379): one that nobody refers to may vanish while it runs.
EDDY_TEST(task, S06_S07_wound_a_task_whose_handle_was_dropped_runs_to_its_end) {
  int ended = 0;
  for (int i = 0; i < 100; ++i)
    eddy::create_task([&ended]() -> eddy::coro<> {
      eddy::promise<> never_set_from_outside;
      auto set = eddy::create_task([&never_set_from_outside]() -> eddy::coro<> {
        co_await eddy::sleep(1s);
        never_set_from_outside.set_value();
      });
      co_await never_set_from_outside.get_future();  // kept by nobody but the task itself
      ++ended;
    });
  co_await eddy::sleep(2s);
  EXPECT_EQ(ended, 100);
}

EDDY_TEST(task, S06_keeps_callable_and_arguments_until_the_end) {
  auto text = std::make_unique<std::string>("long enough to be allocated, so that a dead one shows");
  const std::string expected = *text + "3";
  auto callable =
      [own = std::make_shared<int>(3)](const std::unique_ptr<std::string>& borrowed) -> eddy::coro<std::string> {
    co_await eddy::sleep(1s);
    co_return *borrowed + std::to_string(*own);
  };
  auto task = eddy::create_task(std::move(callable), std::move(text));
  const std::string got = co_await task;
  EXPECT_EQ(got, expected);
}

EDDY_TEST(task, S06_a_reference_is_asked_for_with_ref) {
  int x = 1;
  auto task = eddy::create_task(
      [](int& r) -> eddy::coro<> {
        r = 2;
        co_return;
      },
      std::ref(x));
  co_await task;
  EXPECT_EQ(x, 2);
}

EDDY_TEST(task, S06_results_may_be_references_and_void) {
  static int x = 1;
  auto by_reference = eddy::create_task([]() -> eddy::coro<int&> { co_return x; });
  int& got = co_await by_reference;
  EXPECT_EQ(&got, &x);
  EXPECT_EQ(&by_reference.result(), &x);
  auto nothing = eddy::create_task([]() -> eddy::coro<> { co_return; });
  co_await std::move(nothing);
}

// Program 22.
EDDY_TEST(task, L9_a_move_only_result_is_moved_once_and_read_often) {
  auto task = eddy::create_task([]() -> eddy::coro<only_moved> { co_return only_moved(4); });
  const auto& seen = co_await task;
  EXPECT_EQ(seen.value, 4);
  auto copy = task;
  const auto moved = co_await std::move(task);
  EXPECT_EQ(moved.value, 4);
  const auto other = copy;
  const auto again = co_await eddy::as_outcome(std::move(copy));
  expect_part(sentence<eddy::misuse_error>([&] { again.throw_if_failed(); }),
              "moved out by an earlier co_await std::move");
  expect_part(sentence<eddy::misuse_error>([&] { other.result(); }), "await it as an lvalue");
}

EDDY_TEST(task, L9_awaiting_oneself_is_misuse) {
  eddy::task<> task;
  task = eddy::create_task([&]() -> eddy::coro<> { co_await task; });
  const auto end = co_await eddy::as_outcome(task);
  expect_part(sentence<eddy::misuse_error>([&] { end.throw_if_failed(); }), "awaits itself");
}

EDDY_TEST(task, L9_awaiting_oneself_from_ones_own_scope_is_misuse) {
  eddy::task<> task;
  task = eddy::create_task([&]() -> eddy::coro<> { co_await eddy::wait_for(task, 1h); });
  const auto end = co_await eddy::as_outcome(task);
  expect_part(sentence<eddy::misuse_error>([&] { end.throw_if_failed(); }), "awaits itself");
}

EDDY_TEST(task, L9_asking_too_early_and_empty_handles_are_misuse) {
  auto task = eddy::create_task(answer, 1);
  expect_part(sentence<eddy::misuse_error>([&] { task.result(); }), "has not ended");
  EXPECT_EQ(task.exception(), nullptr);
  auto moved = std::move(task);
  expect_part(sentence<eddy::misuse_error>([&] { task.done(); }), "empty or was moved from");  // NOLINT: the subject
  expect_part(sentence<eddy::misuse_error>([&] { task.cancel(); }), "empty or was moved from");
  expect_part(sentence<eddy::misuse_error>([] { eddy::task<int>().name(); }), "empty or was moved from");
  expect_part(sentence<eddy::misuse_error>([] { eddy::task<int>().cancel_threadsafe(); }), "empty or was moved from");
  std::string text;
  try {
    co_await task;
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  expect_part(text, "empty or was moved from");
  co_await moved;
}

EDDY_TEST(task, L9_a_coroutine_runs_once) {
  auto c = answer(1);
  co_await std::move(c);
  std::string text;
  try {
    co_await std::move(c);  // NOLINT: the subject
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  expect_part(text, "was awaited before; it runs once");
  expect_part(sentence<eddy::misuse_error>([&] { eddy::create_task(std::move(c)); }),  // NOLINT: the subject
              "it runs once");
}

TEST(task_outside, L9_create_task_outside_of_run_is_misuse) {
  expect_part(sentence<eddy::misuse_error>([] { eddy::create_task(answer, 1); }), "eddy::run");
}

EDDY_IO_TEST(task, L9_other_threads_are_told_what_to_use_instead) {
  auto task = eddy::create_task([]() -> eddy::coro<> { co_return; });
  std::vector<std::string> texts;
  std::thread([&] {
    texts.push_back(sentence<eddy::wrong_thread>([&] { task.cancel(); }));
    texts.push_back(sentence<eddy::wrong_thread>([&] { task.done(); }));
    texts.push_back(sentence<eddy::wrong_thread>([&] { task.result(); }));
    texts.push_back(sentence<eddy::wrong_thread>([&] { task.add_done_callback([](const auto&) {}); }));
    texts.push_back(sentence<eddy::misuse_error>([&] { eddy::create_task(answer, 1); }));
  }).join();
  expect_part(texts[0], "task::cancel_threadsafe");
  for (std::size_t i = 1; i < 4; ++i) expect_part(texts[i], "call_soon_threadsafe");
  co_await task;
}

EDDY_IO_TEST(task, S22_cancel_threadsafe_reaches_it) {
  auto task = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
  std::thread other([&] { task.cancel_threadsafe("from afar"); });
  const auto end = co_await eddy::as_outcome(task);
  other.join();
  expect_part(sentence<eddy::cancelled_error>([&] { end.throw_if_failed(); }), "from afar");
}

EDDY_TEST(task, S22_awaiting_a_cancelled_task_is_an_ordinary_error_with_the_reason) {
  auto task = eddy::create_task(answer, 1);
  task.name("slow").cancel("not needed");
  std::string text;
  try {
    co_await task;
  } catch (const eddy::cancelled_error& e) {
    text = e.what();
  }
  expect_part(text, "slow");
  expect_part(text, "not needed");
}

EDDY_TEST(task, L5_a_cancelled_waiter_leaves_the_task_alone) {
  auto task = eddy::create_task(answer, 6);
  const auto end = co_await eddy::as_outcome(eddy::wait_for(task, 1ms));
  EXPECT_TRUE(end.has_exception());
  EXPECT_FALSE(task.done());
  const int got = co_await task;
  EXPECT_EQ(got, 6);
}

EDDY_TEST(task, L7_waiters_go_on_in_the_order_of_their_coming_and_may_leave) {
  auto task = eddy::create_task(answer, 1);
  std::vector<int> order;
  std::vector<eddy::task<>> waiters;
  for (int i = 0; i < 6; ++i)
    waiters.push_back(eddy::create_task([&, i]() -> eddy::coro<> {
      co_await task;
      order.push_back(i);
    }));
  co_await eddy::sleep(1ms);
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}, std::size_t{5}}) waiters[i].cancel();
  co_await eddy::sleep(2s);
  EXPECT_EQ(order, (std::vector{1, 2, 4}));
}

// -- L6
// ------------------------------------------------------------------------------------------------------------------

EDDY_TEST(task, S07_L6_an_exception_nobody_looked_at_reaches_the_handler_with_name_and_place) {
  const told what;
  eddy::create_task(fail, "lost").name("uploader");
  co_await eddy::sleep(2s);
  EDDY_ASSERT_EQ(what.all().size(), 1U);
  for (const char* part : {"uploader", "never looked at", "fail", "task_test.cpp:", "lost"})
    expect_part(what.all()[0], part);
}

EDDY_TEST(task, S07_L6_a_handle_that_is_held_and_dropped_later_tells_then) {
  const told what;
  {
    auto task = eddy::create_task(fail, "late");
    co_await eddy::sleep(2s);
    EXPECT_TRUE(task.done());
    EXPECT_TRUE(what.all().empty());
  }
  EXPECT_EQ(what.all().size(), 1U);
}

EDDY_TEST(task, S07_L6_one_that_was_looked_at_is_not_told_again) {
  const told what;
  {
    auto awaited = eddy::create_task(fail, "a");
    const auto end = co_await eddy::as_outcome(awaited);
    EXPECT_TRUE(end.has_exception());
    auto asked = eddy::create_task(fail, "b");
    co_await eddy::sleep(2s);
    EXPECT_NE(asked.exception(), nullptr);
  }
  EXPECT_TRUE(what.all().empty());
}

EDDY_TEST(task, S07_L6_a_waiter_that_gave_up_has_not_looked) {
  const told what;
  {
    auto task = eddy::create_task(fail, "after the limit");
    const auto end = co_await eddy::as_outcome(eddy::wait_for(task, 1ms));
    EXPECT_TRUE(end.has_exception());
  }
  co_await eddy::sleep(2s);
  EXPECT_EQ(what.all().size(), 1U);
}

EDDY_TEST(task, S07_L6_a_done_callback_that_throws_reaches_the_handler) {
  const told what;
  auto task = eddy::create_task(answer, 1);
  task.name("with a callback");
  task.add_done_callback([](const eddy::task<int>&) { throw std::runtime_error("callback"); });
  co_await task;
  co_await eddy::sleep(0s);
  EDDY_ASSERT_EQ(what.all().size(), 1U);
  expect_part(what.all()[0], "callback");
  expect_part(what.all()[0], "a done callback of task \"with a callback\"");
}

EDDY_TEST(task, S06_done_callbacks_run_later_in_order_with_the_task) {
  std::vector<int> order;
  auto task = eddy::create_task(answer, 3);
  task.add_done_callback([&](const eddy::task<int>& t) { order.push_back(t.result()); });
  task.add_done_callback([&](const eddy::task<int>&) { order.push_back(4); });
  co_await task;
  co_await eddy::sleep(0s);
  task.add_done_callback([&](const eddy::task<int>&) { order.push_back(5); });
  EXPECT_EQ(order, (std::vector{3, 4}));
  co_await eddy::sleep(0s);
  EXPECT_EQ(order, (std::vector{3, 4, 5}));
}

EDDY_TEST(task, S06_a_callable_that_throws_before_it_is_a_coroutine_throws_at_once) {
  const auto make = []() -> eddy::coro<> { return throw std::runtime_error("no coroutine"), eddy::coro<>(); };
  EXPECT_THROW(eddy::create_task(make), std::runtime_error);
  co_return;
}

EDDY_TEST(task, a_result_whose_move_throws_is_an_exception) {
  struct heavy {
    heavy() = default;
    heavy(const heavy&) { throw std::runtime_error("copy"); }
  };
  auto task = eddy::create_task([]() -> eddy::coro<heavy> { co_return heavy(); });
  const auto end = co_await eddy::as_outcome(eddy::detail::join_only(task.state()));
  EXPECT_TRUE(end.has_value());
  EXPECT_TRUE(task.exception() != nullptr);
}

EDDY_TEST(task, S06_numbers_are_unique_and_names_default_to_them) {
  auto a = eddy::create_task(answer, 1);
  auto b = eddy::create_task(answer, 2);
  EXPECT_EQ(b.number(), a.number() + 1);
  EXPECT_EQ(a.name(), "task " + std::to_string(a.number()));
  a.name("first");
  EXPECT_EQ(a.name(), "first");
  EXPECT_FALSE(a == b);
  co_await a;
  co_await b;
}

TEST(task_explore, L1_tasks_can_be_cancelled_anywhere) {
  const auto went = eddy::testing::explore([]() -> eddy::coro<> {
    const eddy::testing::counted local("local");
    auto task = eddy::create_task([](eddy::testing::counted) -> eddy::coro<> { co_await eddy::sleep(1s); },
                                  eddy::testing::counted("argument"));
    const auto join = eddy::on_exit([&] { task.cancel(); });
    co_await eddy::sleep(500ms);
    co_await eddy::cancel_and_join(task);
    auto ready = eddy::create_task(answer, 1);
    const auto stop = eddy::on_exit([&] { ready.cancel(); });
    const int got = co_await ready;
    EXPECT_EQ(got, 1);
  });
  EXPECT_GE(went.cancel_points, 12U);
}

}  // namespace
