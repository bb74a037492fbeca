// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/coming_from_asyncio.md.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<std::string> fetch(std::string name) {
  co_await eddy::sleep(10ms);
  if (name.empty()) throw std::runtime_error("no name");
  co_return "page of " + std::move(name);
}

// [return_exceptions]
coro<int> count_failures() {
  auto ends = co_await eddy::gather(eddy::return_exceptions, fetch("one"), fetch(""), fetch("two"));
  int failures = 0;
  std::apply([&](auto&... each) { ((failures += each.has_exception() ? 1 : 0), ...); }, ends);
  co_return failures;
}
// [return_exceptions]

EDDY_TEST(coming_from_asyncio, gather_with_outcomes) {
  int failures = co_await count_failures();
  EXPECT_EQ(failures, 1);
}

// [stop_waiting]
coro<std::string> impatient(eddy::task<std::string> fetching) {
  try {
    co_return co_await eddy::wait_for(fetching, 1ms);
  } catch (const eddy::timeout_error&) {
    co_return "not yet";  // only the waiting has ended; the task goes on
  }
}
// [stop_waiting]

EDDY_TEST(coming_from_asyncio, stop_waiting_and_leave_the_task) {
  auto fetching = eddy::create_task(fetch, "one");
  auto early = co_await impatient(fetching);
  auto late = co_await fetching;
  EXPECT_EQ(early, "not yet");
  EXPECT_EQ(late, "page of one");
}

// [race]
coro<std::string> first_of_two() {
  auto first = co_await eddy::race(fetch("near"), fetch("far"));  // the other one is cancelled
  co_return first.value();
}
// [race]

EDDY_TEST(coming_from_asyncio, race_takes_the_first) {
  auto page = co_await first_of_two();
  EXPECT_EQ(page, "page of near");
}

// [try_except]
coro<> send_twice(int& sent) {
  auto undo = eddy::on_cancel([&] { sent = 0; });  // runs when this is cancelled
  try {
    ++sent;
    co_await eddy::sleep(1s);
    ++sent;
    throw std::runtime_error("the line is down");
  } catch (const std::exception&) {  // runs when it throws; never when it is cancelled
    sent = -1;
  }
}
// [try_except]

EDDY_TEST(coming_from_asyncio, a_catch_and_a_guard) {
  int failed = 0;
  co_await send_twice(failed);
  int cancelled = 0;
  auto end = co_await eddy::as_outcome(eddy::wait_for(send_twice(cancelled), 1ms));
  EXPECT_TRUE(end.has_exception());
  EXPECT_EQ(failed, -1);
  EXPECT_EQ(cancelled, 0);
}

}  // namespace
