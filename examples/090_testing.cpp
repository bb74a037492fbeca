// SPDX-License-Identifier: BSL-1.0
// Tests of coroutines with GoogleTest: an hour takes no time, leaks are failures, and explore() cancels everywhere.
// Run: `example_090_testing`.
#include <eddy/eddy.hpp>
#include <eddy/testing/explore.hpp>
#include <eddy/testing/test.hpp>

#include <chrono>
#include <functional>
#include <string>

using namespace std::chrono_literals;
using eddy::coro;

// [code]
coro<std::string> fetch(std::chrono::seconds takes) {
  co_await eddy::sleep(takes);
  co_return "page";
}
// [code]

// [eddy_test]
EDDY_TEST(fetch, gives_up_after_a_minute) {
  auto start = eddy::now();
  auto end = co_await eddy::as_outcome(eddy::wait_for(fetch(1h), 1min));
  EXPECT_TRUE(end.has_exception());
  EXPECT_EQ(eddy::now() - start, 1min);
}  // fails too when a task, timer, descriptor or child is left
// [eddy_test]

// [explore]
coro<> produce(eddy::queue<int>& numbers) {
  for (int i = 0; i < 3; ++i) co_await numbers.put(i);
}

coro<> use_a_queue() {
  eddy::queue<int> numbers(1);
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.create_task(produce, std::ref(numbers));
    co_await eddy::with(eddy::testing::tracked("connection"), [&](eddy::testing::tracked&) -> coro<> {
      for (int i = 0; i < 3; ++i) co_await numbers.get();
    });
  });
}

TEST(use_a_queue, can_be_cancelled_at_every_await) {
  auto explored = eddy::testing::explore(use_a_queue);
  EXPECT_GT(explored.cancel_points, 10u);
}
// [explore]
