// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/loop_by_hand.md.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "eddy/coro/runner.hpp"
#include "eddy/flow/sleep.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<int> answer() {
  co_await eddy::sleep(1us);
  co_return 42;
}

coro<> set_up() { co_return; }

TEST(loop_by_hand, S71_runner) {
  // [runner]
  eddy::runner r;
  r.run(set_up);
  int x = r.run(answer);  // on the same loop: what set_up has started goes on here
  r.close();              // or its destructor: cancels and joins what is left
  // [runner]
  EXPECT_EQ(x, 42);
}

TEST(loop_by_hand, S71_event_loop) {
  // [loop]
  eddy::event_loop loop;
  auto task = loop.create_task(answer);
  loop.call_later(1ms, [&] { loop.stop(); });
  loop.run_forever();                     // until somebody calls stop()
  int x = loop.run_until_complete(task);  // it has ended already
  loop.close();
  // [loop]
  EXPECT_EQ(x, 42);
}

TEST(loop_by_hand, S14_callbacks) {
  std::vector<std::string> order;
  eddy::run([&]() -> coro<> {
    // [callbacks]
    eddy::event_loop& loop = eddy::event_loop::current();
    loop.call_soon([&] { order.push_back("soon"); });  // in the next turn, in the order of submission
    eddy::callback_handle later = loop.call_later(1h, [&] { order.push_back("later"); });
    loop.call_at(loop.now() + 1ms, [&] { order.push_back("at"); });
    later.cancel();
    // [callbacks]
    co_await eddy::sleep(2ms);
  });
  EXPECT_EQ(order, (std::vector<std::string>{"soon", "at"}));
}

TEST(loop_by_hand, S03_twice_and_inside) {
  // [twice]
  int a = eddy::run(answer);
  int b = eddy::run(answer);  // a loop of its own each time
  // [twice]
  EXPECT_EQ(a + b, 84);
}

}  // namespace
