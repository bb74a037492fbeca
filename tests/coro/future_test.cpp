// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/future.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

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

EDDY_TEST(future, S13_is_awaited_by_many_before_and_after) {
  eddy::promise<std::string> p;
  const auto f = p.get_future();
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i)
    eddy::create_task([&got, f]() -> eddy::coro<> {
      const std::string& text = co_await f;
      got.push_back(text);
    });
  co_await eddy::sleep(1s);
  EXPECT_FALSE(f.done());
  p.set_value("text");
  EXPECT_TRUE(f.done() && got.empty()) << "waiters go on in their own turn";
  const std::string& again = co_await f;
  EXPECT_EQ(again, "text");
  co_await eddy::sleep(0s);
  EXPECT_EQ(got.size(), 3U);
  EXPECT_EQ(f.result(), "text");
}

EDDY_TEST(future, S13_a_dropped_promise_is_broken_and_never_hangs) {
  std::optional<eddy::promise<int>> p(std::in_place);
  const auto f = p->get_future();
  auto waiter = eddy::create_task([f]() -> eddy::coro<int> {
    const int got = co_await f;
    co_return got;
  });
  co_await eddy::sleep(1s);
  p.reset();
  const auto end = co_await eddy::as_outcome(waiter);
  EXPECT_THROW(end.throw_if_failed(), eddy::broken_promise);
  EXPECT_THROW(f.result(), eddy::broken_promise);
}

EDDY_TEST(future, S13_carries_an_exception_and_a_reference_and_nothing) {
  eddy::promise<int> failing;
  failing.set_exception(std::make_exception_ptr(std::out_of_range("x")));
  const auto end = co_await eddy::as_outcome(failing.get_future());
  EXPECT_THROW(end.throw_if_failed(), std::out_of_range);
  int x = 1;
  eddy::promise<int&> reference;
  reference.set_value(x);
  int& got = co_await reference.get_future();
  EXPECT_EQ(&got, &x);
  eddy::promise<> nothing;
  nothing.set_value();
  co_await nothing.get_future();
}

EDDY_TEST(future, S13_callbacks_run_later_in_order) {
  eddy::promise<int> p;
  auto f = p.get_future();
  std::vector<int> order;
  f.add_done_callback([&](const eddy::future<int>& done) { order.push_back(done.result()); });
  f.add_done_callback([&](const eddy::future<int>&) { order.push_back(2); });
  p.set_value(1);
  EXPECT_TRUE(order.empty());
  co_await eddy::sleep(0s);
  EXPECT_EQ(order, (std::vector{1, 2}));
}

EDDY_TEST(future, L9_misuse_says_what_to_do) {
  eddy::promise<int> p;
  auto f = p.get_future();
  expect_part(sentence<eddy::misuse_error>([&] { f.result(); }), "await the future, or ask done() first");
  p.set_value(1);
  expect_part(sentence<eddy::misuse_error>([&] { p.set_value(2); }), "a promise is set once");
  expect_part(sentence<eddy::misuse_error>([&] { p.set_exception(std::make_exception_ptr(1)); }),
              "a promise is set once");
  EXPECT_EQ(f.result(), 1);
  expect_part(sentence<eddy::misuse_error>([&] { eddy::future<int>().done(); }), "get_future");
  auto moved = std::move(p);
  expect_part(sentence<eddy::misuse_error>([&] { p.set_value(3); }), "moved from");  // NOLINT: the subject
  expect_part(sentence<eddy::misuse_error>([&] { p.get_future(); }), "moved from");
  expect_part(sentence<eddy::misuse_error>([&] { std::move(p).set_value_threadsafe(3); }), "moved from");
  co_return;
}

TEST(future_outside, L9_a_promise_outside_of_run_is_misuse) { EXPECT_THROW(eddy::promise<int>(), eddy::misuse_error); }

// Program 25.
EDDY_IO_TEST(future, L9_a_promise_set_on_another_thread_is_refused_and_stays_whole) {
  eddy::promise<int> p;
  const auto f = p.get_future();
  std::string value;
  std::string error;
  std::string asked;
  std::thread([&] {
    value = sentence<eddy::wrong_thread>([&] { p.set_value(1); });
    error = sentence<eddy::wrong_thread>([&] { p.set_exception(std::make_exception_ptr(1)); });
    asked = sentence<eddy::wrong_thread>([&] { (void)f.done(); });
  }).join();
  for (const std::string& text : {value, error, asked}) expect_part(text, "threadsafe");
  p.set_value(2);
  const int got = co_await f;
  EXPECT_EQ(got, 2);
}

EDDY_IO_TEST(future, S15_another_thread_sets_it_through_the_threadsafe_form) {
  eddy::promise<std::string> p;
  const auto f = p.get_future();
  std::thread other([p = std::move(p)]() mutable { std::move(p).set_value_threadsafe("from afar"); });
  const std::string& got = co_await f;
  EXPECT_EQ(got, "from afar");
  other.join();
}

EDDY_IO_TEST(future, S15_another_thread_that_fails_or_forgets_ends_the_wait_too) {
  eddy::promise<> failing;
  eddy::promise<> forgotten;
  const auto failed = failing.get_future();
  const auto broken = forgotten.get_future();
  std::thread other([failing = std::move(failing), forgotten = std::move(forgotten)]() mutable {
    std::move(failing).set_exception_threadsafe(std::make_exception_ptr(7));
  });
  const auto first = co_await eddy::as_outcome(failed);
  const auto second = co_await eddy::as_outcome(broken);
  EXPECT_THROW(first.throw_if_failed(), int);
  EXPECT_THROW(second.throw_if_failed(), eddy::broken_promise);
  other.join();
}

EDDY_TEST(future, L1_a_cancelled_waiter_loses_nothing) {
  eddy::promise<std::unique_ptr<int>> p;
  const auto f = p.get_future();
  const auto waits = [](eddy::future<std::unique_ptr<int>> waited) -> eddy::coro<int> {
    const auto& got = co_await waited;
    co_return *got;
  };
  const auto limited = co_await eddy::as_outcome(eddy::wait_for(waits(f), 1s));
  EXPECT_TRUE(limited.has_exception());
  p.set_value(std::make_unique<int>(9));
  const int got = co_await waits(f);
  EXPECT_EQ(got, 9);
}

// Not a type of the coroutine's own: as a template argument such a one crashes g++ 12 at -O0.
struct picky {
  explicit picky(int x) {
    if (x < 0) throw std::invalid_argument("negative");
  }
  std::string text = "so that it is not trivial to move";
};

EDDY_TEST(future, a_value_whose_construction_throws_leaves_the_promise_open) {
  eddy::promise<picky> p;
  const auto f = p.get_future();
  EXPECT_THROW(p.set_value(-1), std::invalid_argument);
  EXPECT_FALSE(f.done());
  p.set_value(1);
  EXPECT_TRUE(f.done());
  EXPECT_NO_THROW((void)f.result());
  co_return;
}

EDDY_TEST(future, L6_an_exception_of_a_future_that_nobody_looked_at_reaches_the_handler) {
  std::vector<std::string> told;
  auto& loop = eddy::event_loop::current();
  auto before = loop.set_exception_handler(
      [&](const eddy::unhandled_error& what) { told.push_back(eddy::detail::describe_exception(what.error)); });
  {
    eddy::promise<int> p;
    const auto f = p.get_future();
    p.set_exception(std::make_exception_ptr(std::runtime_error("lost")));
  }
  {
    eddy::promise<int> broken;  // nobody waits, and nothing has failed
    const auto f = broken.get_future();
  }
  loop.set_exception_handler(std::move(before));
  EXPECT_EQ(told, std::vector<std::string>{"std::runtime_error: lost"});
  co_return;
}

TEST(future_explore, L1_waits_can_be_cancelled_anywhere) {
  const auto went = eddy::testing::explore([]() -> eddy::coro<> {
    auto p = std::make_shared<eddy::promise<int>>();
    const auto f = p->get_future();
    auto setter = eddy::create_task([p]() -> eddy::coro<> {
      co_await eddy::sleep(1s);
      p->set_value(1);
    });
    const auto stop = eddy::on_exit([&] { setter.cancel(); });
    const int got = co_await f;
    EXPECT_EQ(got, 1);
    co_await eddy::sleep(1s);
  });
  EXPECT_GE(went.cancel_points, 6U);
}

}  // namespace
