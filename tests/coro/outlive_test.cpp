// SPDX-License-Identifier: BSL-1.0
// Handles that outlive their loop: dropping and reading them is harmless, everything else says why it cannot be.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/future.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/leak_check.hpp"
#include "tests/support/reports.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::testing::expect_part;
using eddy::testing::reports;

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

class outlive : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(before_.compare(), ""); }

 private:
  eddy::testing::leak_check before_;
};

TEST_F(outlive, S13_L9_a_promise_may_be_dropped_after_run_and_nothing_else) {
  std::optional<eddy::promise<int>> p;
  std::optional<eddy::future<int>> f;
  eddy::run([&]() -> eddy::coro<> {
    p.emplace();
    f.emplace(p->get_future());
    f->add_done_callback([](const eddy::future<int>&) { ADD_FAILURE() << "no loop is there to call it"; });
    co_return;
  });
  EXPECT_TRUE(f->done());
  EXPECT_THROW(f->result(), eddy::broken_promise);
  expect_part(sentence<eddy::misuse_error>([&] { p->set_value(1); }), "the loop of this promise has ended");
  expect_part(sentence<eddy::misuse_error>([&] { p->set_exception(std::make_exception_ptr(1)); }), "has ended");
  expect_part(sentence<eddy::misuse_error>([&] { f->add_done_callback([](const eddy::future<int>&) {}); }),
              "has ended");
  expect_part(sentence<eddy::misuse_error>([&] { std::move(*p).set_value_threadsafe(1); }), "has ended");
  p.reset();
  const eddy::future<int> copy = *f;
  f.reset();
  EXPECT_TRUE(copy.done());
}

TEST_F(outlive, S13_a_future_keeps_its_value_and_can_be_awaited_by_a_later_loop) {
  std::optional<eddy::future<std::string>> f;
  eddy::run([&]() -> eddy::coro<> {
    eddy::promise<std::string> p;
    p.set_value("kept");
    f.emplace(p.get_future());
    co_return;
  });
  EXPECT_EQ(f->result(), "kept");
  const auto again = eddy::run([&]() -> eddy::coro<std::string> {
    const std::string& text = co_await *f;
    co_return text;
  });
  EXPECT_EQ(again, "kept");
}

TEST_F(outlive, S13_another_thread_may_hold_a_promise_longer_than_the_loop_lives) {
  std::vector<std::thread> threads;
  for (int round = 0; round < 20; ++round) {
    std::optional<eddy::future<int>> f;
    std::thread other;
    eddy::run([&]() -> eddy::coro<> {
      eddy::promise<int> p;
      f.emplace(p.get_future());
      other = std::thread([p = std::move(p), round]() mutable {
        if (round % 4 == 0) std::this_thread::sleep_for(1ms);
        if (round % 2 == 0) return;  // dropped: while the loop lives, ends, or has ended
        try {
          std::move(p).set_value_threadsafe(round);
        } catch (const eddy::misuse_error&) {  // the loop has ended
        }
      });
      co_return;
    });
    EXPECT_TRUE(f->done());
    f.reset();  // while the other thread may drop its side
    other.join();
  }
}

TEST_F(outlive, L6_an_exception_in_a_future_nobody_looked_at_is_told_when_the_loop_ends) {
  const reports told;
  std::optional<eddy::future<>> f;
  eddy::run([&]() -> eddy::coro<> {
    eddy::promise<> p;
    p.set_exception(std::make_exception_ptr(std::runtime_error("unseen")));
    f.emplace(p.get_future());
    co_return;
  });
  expect_part(told.all(), "unseen");
  expect_part(told.all(), "never looked at");
  f.reset();
  EXPECT_EQ(told.all().find("unseen"), told.all().rfind("unseen"));
}

TEST_F(outlive, S06_a_task_handle_tells_how_it_ended_after_run) {
  eddy::task<int> value;
  eddy::task<int> failed;
  eddy::task<> cancelled;
  eddy::run([&]() -> eddy::coro<> {
    value = eddy::create_task([]() -> eddy::coro<int> { co_return 7; });
    value.name("seven");
    failed = eddy::create_task([]() -> eddy::coro<int> {
      throw std::runtime_error("broken");
      co_return 0;
    });
    cancelled = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
    co_await eddy::sleep(0s);
    (void)failed.exception();
  });
  EXPECT_TRUE(value.done() && failed.done() && cancelled.cancelled());
  EXPECT_EQ(value.result(), 7);
  EXPECT_EQ(value.name(), "seven");
  EXPECT_FALSE(value.cancel());
  EXPECT_THROW(failed.result(), std::runtime_error);
  expect_part(sentence<eddy::cancelled_error>([&] { cancelled.result(); }), "shutting down");
  expect_part(sentence<eddy::misuse_error>([&] { value.add_done_callback([](const eddy::task<int>&) {}); }),
              "has ended");
  value.cancel_threadsafe();
  const int again = eddy::run([&]() -> eddy::coro<int> {
    const int got = co_await value;
    co_return got;
  });
  EXPECT_EQ(again, 7);
}

TEST_F(outlive, L6_an_exception_of_a_task_nobody_looked_at_is_told_when_the_loop_ends) {
  const reports told;
  eddy::task<> failed;
  eddy::run([&]() -> eddy::coro<> {
    failed = eddy::create_task([]() -> eddy::coro<> {
      throw std::runtime_error("unseen");
      co_return;
    });
    co_await eddy::sleep(0s);
  });
  expect_part(told.all(), "unseen");
  failed = {};
  EXPECT_EQ(told.all().find("unseen"), told.all().rfind("unseen"));
}

TEST_F(outlive, S13_callbacks_that_hold_the_last_handles_go_with_the_loop) {
  eddy::run([]() -> eddy::coro<> {
    auto p = std::make_shared<eddy::promise<int>>();
    auto f = p->get_future();
    f.add_done_callback([p, f](const eddy::future<int>&) {});  // a ring: the promise keeps itself
    co_return;
  });
}

}  // namespace
