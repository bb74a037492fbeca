// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

EDDY_TEST(channel, S16_first_in_first_out_and_bounded) {
  eddy::channel<int> c(2);
  co_await c.send(1);
  co_await c.send(2);
  EXPECT_FALSE(c.try_send(3));
  auto third = eddy::create_task([&]() -> coro<> { co_await c.send(3); });
  co_await eddy::sleep(1s);
  EXPECT_FALSE(third.done());
  EXPECT_EQ(c.statistics().senders, 1U);
  std::vector<int> got;
  for (int i = 0; i < 3; ++i) {
    const auto item = co_await c.receive();
    got.push_back(*item);
  }
  EXPECT_EQ(got, (std::vector{1, 2, 3}));
  co_await third;
  EXPECT_EQ(c.statistics().sent, 3U);
  EXPECT_EQ(c.statistics().received, 3U);
  EXPECT_EQ(c.statistics().capacity, 2U);
}

EDDY_TEST(channel, S16_receivers_wait_in_order) {
  eddy::channel<int> c(1);
  std::vector<int> got;
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 3; ++i)
    tasks.push_back(eddy::create_task([&, i]() -> coro<> {
      const auto item = co_await c.receive();
      got.push_back(10 * i + *item);
    }));
  co_await eddy::sleep(1s);
  EXPECT_EQ(c.statistics().receivers, 3U);
  for (int i = 0; i < 3; ++i) co_await c.send(i);
  for (auto& t : tasks) co_await t;
  EXPECT_EQ(got, (std::vector{0, 11, 22}));
}

EDDY_TEST(channel, S16_closed_it_can_be_emptied_and_then_gives_nothing) {
  eddy::channel<int> c(4);
  co_await c.send(1);
  co_await c.send(2);
  EXPECT_FALSE(c.closed());
  c.close();
  c.close();
  EXPECT_TRUE(c.closed());
  EXPECT_FALSE(c.try_send(3));
  const auto refused = co_await eddy::as_outcome(c.send(3));
  EXPECT_TRUE(refused.has_exception());
  EXPECT_THROW(refused.throw_if_failed(), eddy::closed_error);
  int sum = 0;
  co_await eddy::for_each(c, [&](int x) { sum += x; });
  EXPECT_EQ(sum, 3);
  const auto none = co_await c.receive();
  EXPECT_FALSE(none.has_value());
  EXPECT_FALSE(c.try_receive().has_value());
}

EDDY_TEST(channel, S16_close_ends_every_wait_and_a_sender_keeps_its_item) {
  eddy::channel<std::unique_ptr<int>> empty(1);
  auto receiver = eddy::create_task([&]() -> coro<bool> {
    const auto got = co_await empty.receive();
    co_return got.has_value();
  });
  eddy::channel<std::unique_ptr<int>> full(1);
  EXPECT_TRUE(full.try_send(std::make_unique<int>(1)));
  auto mine = std::make_unique<int>(2);
  auto sender = eddy::create_task([&]() -> coro<> { co_await full.send(std::move(mine)); });
  co_await eddy::sleep(1s);
  empty.close();
  full.close();
  const bool got = co_await receiver;
  EXPECT_FALSE(got);
  const auto end = co_await eddy::as_outcome(sender);
  EXPECT_THROW(end.throw_if_failed(), eddy::closed_error);
  EDDY_ASSERT_TRUE(mine != nullptr);
  EXPECT_EQ(*mine, 2);
}

EDDY_TEST(channel, S16_handles_share_the_channel) {
  eddy::channel<int> a(1);
  const eddy::channel<int> b = a;
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == eddy::channel<int>(1));
  eddy::channel<int> c = b;
  co_await c.send(5);
  const auto got = co_await a.receive();
  EXPECT_EQ(*got, 5);
}

EDDY_TEST(channel, L1_a_limit_takes_nothing_and_sends_nothing) {
  eddy::channel<std::unique_ptr<int>> c(1);
  const auto none = co_await eddy::as_outcome(eddy::wait_for(c.receive(), 1s));
  EXPECT_TRUE(none.has_exception());
  EXPECT_EQ(c.statistics().receivers, 0U);
  EXPECT_TRUE(c.try_send(std::make_unique<int>(1)));
  auto mine = std::make_unique<int>(2);
  const auto not_sent = co_await eddy::as_outcome(eddy::wait_for(c.send(std::move(mine)), 1s));
  EXPECT_TRUE(not_sent.has_exception());
  EXPECT_EQ(*mine, 2);  // NOLINT: the subject
  EXPECT_EQ(c.statistics().senders, 0U);
  EXPECT_EQ(c.statistics().size, 1U);
}

// The item is the cancelled receiver's already: it is delivered.
EDDY_TEST(channel, L1_a_receiver_that_is_cancelled_in_the_turn_of_its_item_gets_it) {
  eddy::channel<int> c(1);
  int got = 0;
  auto receiver = eddy::create_task([&]() -> coro<> {
    const auto item = co_await c.receive();
    got = *item;
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(c.try_send(7));
  co_await eddy::cancel_and_join(receiver);
  EXPECT_EQ(got, 7);
}

TEST(channel_misuse, L9_no_capacity_and_blocking_a_loop) {
  EXPECT_THROW(eddy::channel<int>(0), eddy::misuse_error);
  eddy::run([]() -> coro<> {
    eddy::channel<int> c(1);
    for (int i = 0; i < 2; ++i) {
      std::string text;
      try {
        if (i == 0)
          c.send_blocking(1);
        else
          c.receive_blocking(1s);
      } catch (const eddy::misuse_error& e) {
        text = e.what();
      }
      EXPECT_NE(text.find("co_await"), std::string::npos) << text;
    }
    co_return;
  });
}

TEST(channel_threads, S16_plain_threads_send_receive_and_wait_for_a_limit) {
  eddy::channel<int> c(1);
  EXPECT_THROW(c.receive_blocking(1ms), eddy::timeout_error);
  c.send_blocking(1);
  EXPECT_THROW(c.send_blocking(2, 1ms), eddy::timeout_error);
  EXPECT_EQ(c.statistics().senders + c.statistics().receivers, 0U);
  std::thread other([c]() mutable {
    c.send_blocking(2);
    c.send_blocking(3, 10s);
    c.close();
  });
  EXPECT_EQ(c.receive_blocking(), 1);
  EXPECT_EQ(c.receive_blocking(std::chrono::nanoseconds::max()), 2);
  EXPECT_EQ(c.receive_blocking(10s), 3);
  EXPECT_FALSE(c.receive_blocking().has_value());
  EXPECT_THROW(c.send_blocking(4), eddy::closed_error);
  other.join();
}

TEST(channel_threads, S16_close_wakes_threads_that_wait) {
  eddy::channel<int> empty(1);
  eddy::channel<int> full(1);
  EXPECT_TRUE(full.try_send(1));
  std::vector<std::thread> threads;
  threads.emplace_back([&] { EXPECT_FALSE(empty.receive_blocking().has_value()); });
  threads.emplace_back([&] { EXPECT_THROW(full.send_blocking(2), eddy::closed_error); });
  while (empty.statistics().receivers == 0 || full.statistics().senders == 0) std::this_thread::yield();
  empty.close();
  full.close();
  for (auto& t : threads) t.join();
}

// A limit that comes at the very moment at which the item does: one of the two, never both and never neither.
TEST(channel_threads, L1_a_blocking_limit_and_an_item_at_the_same_moment) {
  for (int round = 0; round < 200; ++round) {
    eddy::channel<int> c(1);
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(60 + round % 40));
      EXPECT_TRUE(c.try_send(1));
    });
    int got = 0;
    try {
      got = *c.receive_blocking(100us);
    } catch (const eddy::timeout_error&) {
      other.join();
      got = c.try_receive().value_or(0);
    }
    if (other.joinable()) other.join();
    EXPECT_EQ(got, 1);
  }
}

// Four loops and four threads, every item accounted for: none lost, none twice, each sender's in its order.
TEST(channel_threads, S16_L1_many_producers_and_consumers_on_loops_and_threads) {
  constexpr int each = 2000;
  constexpr int producers = 4;
  struct item {
    int from;
    int number;
  };
  eddy::channel<item> c(16);
  std::atomic<int> sending{producers};
  std::vector<std::vector<item>> got(4);
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p)
    threads.emplace_back([&, p] {
      if (p % 2 == 0) {
        for (int i = 0; i < each; ++i) c.send_blocking(item{p, i});
      } else {
        eddy::run(eddy::run_options().handle_interrupt(false), [&, p]() -> coro<> {
          for (int i = 0; i < each; ++i) {
            item one{p, i};
            co_await c.send(one);
          }
        });
      }
      if (--sending == 0) c.close();
    });
  for (std::size_t r = 0; r < got.size(); ++r)
    threads.emplace_back([&, r] {
      if (r % 2 == 0) {
        while (const auto one = c.receive_blocking()) got[r].push_back(*one);
      } else {
        eddy::run(eddy::run_options().handle_interrupt(false), [&, r]() -> coro<> {
          while (const auto one = co_await c.receive()) got[r].push_back(*one);
        });
      }
    });
  for (auto& t : threads) t.join();
  std::vector<std::vector<int>> seen(producers, std::vector<int>(each, 0));
  for (const auto& list : got) {
    std::vector<int> last(producers, -1);
    for (const item& one : list) {
      ++seen[static_cast<std::size_t>(one.from)][static_cast<std::size_t>(one.number)];
      EXPECT_LT(last[static_cast<std::size_t>(one.from)], one.number);
      last[static_cast<std::size_t>(one.from)] = one.number;
    }
  }
  for (const auto& of : seen) EXPECT_EQ(std::count(of.begin(), of.end(), 1), each);
}

// Program 26: receivers that are cancelled, and loops that stop, while another thread sends.
TEST(channel_threads, S16_L1_cancelled_receivers_and_ending_loops_lose_nothing) {
  constexpr int items = 3000;
  eddy::channel<int> c(4);
  std::vector<std::atomic<int>> seen(items);
  std::thread sender([c, &seen]() mutable {
    for (int i = 0; i < static_cast<int>(seen.size()); ++i) c.send_blocking(i);
    c.close();
  });
  bool open = true;
  while (open) {
    eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> coro<> {
      const auto receive = [&]() -> coro<> {
        while (const auto got = co_await c.receive()) ++seen[static_cast<std::size_t>(*got)];
        open = false;
      };
      std::vector<eddy::task<>> receivers;
      for (int i = 0; i < 3; ++i) receivers.push_back(eddy::create_task(receive));
      for (int round = 0; round < 20 && open; ++round) {
        co_await eddy::sleep(20us);
        auto& victim = receivers[static_cast<std::size_t>(round % 3)];
        co_await eddy::cancel_and_join(victim);
        victim = eddy::create_task(receive);
      }
    });  // the loop ends with receivers that wait, or were claimed just now
  }
  sender.join();
  for (const auto& count : seen) EXPECT_EQ(count.load(), 1);
}

TEST(channel_moments, S16_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    eddy::channel<int> c(1);
    const eddy::testing::counted local("local");
    int sent = 0;
    int got = 0;
    const auto send = [&]() -> coro<> {
      for (int i = 0; i < 4; ++i) {
        co_await c.send(i);
        ++sent;
      }
      c.close();
    };
    const auto receive = [&]() -> coro<> {
      while (co_await c.receive()) ++got;
    };
    co_await eddy::gather(send(), receive());
    EXPECT_EQ(sent, 4);
    EXPECT_EQ(got, 4);
  });
  EXPECT_GE(went.cancel_points, 12U);
}

// Sends three items from a thread of its own; at its end nothing is inside any more and `balance` says what was lost.
class foreign_sender {
 public:
  foreign_sender(eddy::channel<int> to, std::atomic<int>& balance)
      : to_(to), balance_(balance), thread_([to, &balance]() mutable {
          try {
            for (int i = 0; i < 3; ++i) {
              to.send_blocking(1);
              ++balance;
            }
          } catch (const eddy::closed_error&) {
          }
          to.close();
        }) {}
  foreign_sender(const foreign_sender&) = delete;
  ~foreign_sender() {
    to_.close();
    thread_.join();
    while (to_.try_receive()) --balance_;
  }

 private:
  eddy::channel<int> to_;
  std::atomic<int>& balance_;
  std::thread thread_;
};

// The same with the other side on another thread: nothing is lost wherever the receiver is cancelled.
TEST(channel_moments, S16_L1_between_threads_it_can_be_cancelled_at_every_await) {
  std::atomic<int> balance{0};
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        eddy::channel<int> c(1);
        const foreign_sender sender(c, balance);
        while (const auto got = co_await c.receive()) balance -= *got;
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time).check([&]() -> std::string {
        return balance == 0 ? "" : "items were sent that are neither received nor inside";
      }));
  EXPECT_GE(went.cancel_points, 4U);
}

TEST(channel_moments, S16_the_loop_shuts_down_while_it_waits) {
  eddy::channel<int> empty(1);
  eddy::testing::shut_down_during([&]() -> coro<> { co_await empty.receive(); });
  EXPECT_EQ(empty.statistics().receivers, 0U);
  eddy::channel<int> full(1);
  EXPECT_TRUE(full.try_send(1));
  eddy::testing::shut_down_during([&]() -> coro<> { co_await full.send(2); });
  EXPECT_EQ(full.statistics().senders, 0U);
  EXPECT_EQ(full.statistics().size, 1U);
}

EDDY_IO_TEST(channel_moments, S16_it_is_woken_from_another_thread) {
  eddy::channel<int> c(1);
  std::thread other([c]() mutable {
    std::this_thread::sleep_for(1ms);
    c.send_blocking(3);
  });
  const auto got = co_await c.receive();
  other.join();
  EXPECT_EQ(*got, 3);
}

}  // namespace
