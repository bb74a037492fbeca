// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/testing.md that stands in no example.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "eddy/coro/coro.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/check_stream.hpp"
#include "eddy/testing/expect_at_end.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/explore_orders.hpp"
#include "eddy/testing/ledger.hpp"
#include "eddy/testing/relay.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

// [virtual_clock]
EDDY_TEST(virtual_clock, S66_a_day_of_heartbeats_takes_a_millisecond) {
  auto start = eddy::now();
  int beats = 0;
  auto heart = [&]() -> coro<> {
    while (true) {
      co_await eddy::sleep(1min);
      ++beats;
    }
  };
  auto end = co_await eddy::as_outcome(eddy::wait_for(heart(), 24h + 1s));
  EXPECT_TRUE(end.has_exception());
  EXPECT_EQ(beats, 24 * 60);
  EXPECT_EQ(eddy::now() - start, 24h + 1s);  // exactly
}
// [virtual_clock]

// [books]
coro<> hand_over() {
  eddy::testing::ledger books("orders");  // first, so that it goes last
  eddy::queue<int> orders(2);
  eddy::semaphore permits(1);
  eddy::testing::whole_at_end whole(permits, 1);
  eddy::testing::expect_at_end counted("what is left is counted", [&] {
    while (auto rest = orders.try_get()) books.left(*rest);
    return true;
  });
  auto produce = [&]() -> coro<> {
    for (int i = 0; i < 3; ++i) {
      int order = books.next_item();
      co_await orders.put(order);
      books.put(order);
    }
  };
  auto consume = [&]() -> coro<> {
    for (int i = 0; i < 3; ++i) {
      auto permit = co_await permits.acquire();
      int order = co_await orders.get();
      books.took(order);
    }
  };
  co_await eddy::gather(produce(), consume());
}

TEST(hand_over, S65_loses_no_order_whatever_happens) {
  auto explored = eddy::testing::explore(hand_over, eddy::testing::explore_options().everything().pairs());
  EXPECT_GT(explored.cancel_points, 10u);
  EXPECT_GT(explored.timeouts, 1u);  // the other awaits do not wait
}
// [books]

// [faults]
coro<> say_hello() {
  auto [near, far] = eddy::memory_pipe();
  auto hear = [&far]() -> coro<> {
    auto line = co_await far.reader().readline();
    EXPECT_EQ(line, "hello");
  };
  co_await eddy::gather(near.writer().write("hello\n"), hear());
}

TEST(say_hello, S65_bears_errors_and_short_counts) {
  auto explored = eddy::testing::explore(say_hello, eddy::testing::explore_options().faults());
  EXPECT_GT(explored.faults, 4u);
}
// [faults]

// [orders]
class account {
 public:
  coro<> pay_in(int sum) {
    auto held = co_await door_.lock();  // without this line an order is found in which a payment is lost
    int before = balance_;
    co_await eddy::sleep(1ms);  // asks the bank
    balance_ = before + sum;
  }
  int balance() const { return balance_; }

 private:
  eddy::mutex door_;
  int balance_ = 0;
};

coro<> two_payments() {
  account a;
  co_await eddy::gather(a.pay_in(10), a.pay_in(20));
  EXPECT_EQ(a.balance(), 30);
}

TEST(account, S68_no_payment_is_lost_in_any_order) {
  eddy::testing::explore_orders(two_payments);                                               // 2,000 seeds
  eddy::testing::explore_orders(two_payments, eddy::testing::order_options().cancelling());  // and cancelled
  auto all = eddy::testing::explore_orders(two_payments, eddy::testing::order_options().exhaustive());
  EXPECT_TRUE(all.exhausted);
}
// [orders]

// [relay]
coro<std::string> ask(eddy::endpoint server, std::string question) {
  auto connection = co_await eddy::open_connection(server);
  co_await connection.writer().write(question + "\n");
  auto answer = co_await connection.reader().readline();
  co_return answer.value_or("no answer");
}

EDDY_IO_TEST(ask, S44_says_that_the_answer_was_cut) {
  auto answer = [](eddy::stream client) -> coro<> {
    auto question = co_await client.reader().readline();
    co_await client.writer().write(*question + "? Yes.\n");
  };
  auto body = [](eddy::server& server) -> coro<> {
    auto network = eddy::testing::relay(server.endpoints().front())
                       .delay(5ms)
                       .chunk(1)
                       .end_after(eddy::testing::relay_direction::to_client, 6, eddy::testing::relay_end::orderly);
    co_await eddy::with(std::move(network), [](eddy::testing::relay& relay) -> coro<> {
      auto got = co_await ask(relay.local_endpoint(), "Rain");
      EXPECT_EQ(got, "Rain? ");  // a line without its end: ask() should look for it
    });
  };
  co_await eddy::with(eddy::start_server(answer, "127.0.0.1", 0), body);
}
// [relay]

// [check_stream]
coro<std::pair<eddy::stream, eddy::stream>> two_ends() {
  eddy::listener door(eddy::endpoint(eddy::ip_address::loopback_v4(), 0));
  auto near = co_await eddy::open_connection(door.local_endpoint());
  auto far = co_await door.accept();
  co_return std::pair(std::move(near), std::move(far));
}

TEST(my_stream, S44_is_as_good_as_any) { eddy::testing::check_stream(two_ends); }
// [check_stream]

}  // namespace
