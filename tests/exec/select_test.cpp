// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/select.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

EDDY_TEST(select, S16_takes_the_first_in_the_order_of_the_arguments_when_several_are_ready) {
  eddy::channel<int> a(1);
  eddy::channel<std::string> b(1);
  EXPECT_TRUE(a.try_send(1) && b.try_send("x"));
  auto first = co_await eddy::select(a.receive(), b.receive());
  EXPECT_EQ(first.index(), 0U);
  EXPECT_EQ(*first.get<0>(), 1);
  EXPECT_THROW(first.get<1>(), eddy::misuse_error);
  EXPECT_EQ(b.statistics().size, 1U) << "exactly one was taken";
  auto second = co_await eddy::select(a.receive(), b.receive());
  EXPECT_EQ(second.index(), 1U);
  EXPECT_EQ(*second.get<1>(), "x");
}

EDDY_TEST(select, S16_waits_for_the_first_and_leaves_the_others) {
  eddy::channel<int> a(1);
  eddy::channel<int> b(1);
  auto waits = eddy::create_task([&]() -> coro<std::size_t> {
    auto got = co_await eddy::select(a.receive(), b.receive());
    EXPECT_EQ(got.get<1>(), 5);
    co_return got.index();
  });
  co_await eddy::sleep(1s);
  EXPECT_EQ(a.statistics().receivers, 1U);
  EXPECT_TRUE(b.try_send(5));
  EXPECT_TRUE(a.try_send(6)) << "who was taken elsewhere is passed over";
  const auto index = co_await waits;
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(a.statistics().receivers, 0U);
  EXPECT_EQ(a.statistics().size, 1U);
}

EDDY_TEST(select, S16_sends_too_and_only_one_of_them) {
  eddy::channel<std::unique_ptr<int>> out(1);
  eddy::channel<int> stop(1);
  auto first = co_await eddy::select(stop.receive(), out.send(std::make_unique<int>(1)));
  EXPECT_EQ(first.index(), 1U);
  auto mine = std::make_unique<int>(2);
  auto waits = eddy::create_task([&]() -> coro<std::size_t> {
    auto got = co_await eddy::select(stop.receive(), out.send(std::move(mine)));
    co_return got.index();
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(stop.try_send(1));
  const auto index = co_await waits;
  EXPECT_EQ(index, 0U);
  EDDY_ASSERT_TRUE(mine != nullptr);
  EXPECT_EQ(out.statistics().senders, 0U);
}

EDDY_TEST(select, S16_a_closed_channel_is_always_ready) {
  eddy::channel<int> a(1);
  eddy::channel<int> b(1);
  b.close();
  auto got = co_await eddy::select(a.receive(), b.receive());
  EXPECT_EQ(got.index(), 1U);
  EXPECT_FALSE(got.get<1>().has_value());
  const auto refused = co_await eddy::as_outcome(eddy::select(a.receive(), b.send(1)));
  EXPECT_THROW(refused.throw_if_failed(), eddy::closed_error);
}

EDDY_TEST(select, S16_both_ends_of_one_channel_do_not_meet_themselves) {
  eddy::channel<int> a(1);
  auto sent = co_await eddy::select(a.receive(), a.send(1));
  EXPECT_EQ(sent.index(), 1U);
  auto received = co_await eddy::select(a.receive(), a.send(2));
  EXPECT_EQ(received.index(), 0U);
  EXPECT_EQ(received.get<0>(), 1);
  EXPECT_EQ(a.statistics().size, 0U);
}

EDDY_TEST(select, L1_a_limit_leaves_every_line) {
  eddy::channel<int> a(1);
  eddy::channel<int> b(1);
  const auto end = co_await eddy::as_outcome(eddy::wait_for(eddy::select(a.receive(), b.receive()), 1s));
  EXPECT_TRUE(end.has_exception());
  EXPECT_EQ(a.statistics().receivers + b.statistics().receivers, 0U);
  EXPECT_TRUE(a.try_send(1));
  EXPECT_EQ(a.statistics().size, 1U);
}

TEST(select_moments, S16_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    eddy::channel<int> a(1);
    eddy::channel<int> b(1);
    int got = 0;
    const auto receive = [&]() -> coro<> {
      while (got < 4) {
        auto one = co_await eddy::select(a.receive(), b.receive());
        (void)one;
        ++got;
      }
    };
    const auto send = [&]() -> coro<> {
      for (int i = 0; i < 2; ++i) {
        co_await a.send(i);
        co_await b.send(i);
      }
    };
    co_await eddy::gather(receive(), send());
    EXPECT_EQ(a.statistics().receivers + b.statistics().receivers, 0U);
  });
  EXPECT_GE(went.cancel_points, 10U);
}

TEST(select_moments, S16_the_loop_shuts_down_while_it_waits) {
  eddy::channel<int> a(1);
  eddy::channel<int> b(1);
  eddy::testing::shut_down_during([&]() -> coro<> { co_await eddy::select(a.receive(), b.receive()); });
  EXPECT_EQ(a.statistics().receivers + b.statistics().receivers, 0U);
}

// Two threads send into two channels, selects on two loops take, some of them cancelled: each item exactly once.
TEST(select_threads, S16_L1_each_item_is_taken_exactly_once) {
  constexpr int items = 1500;
  eddy::channel<int> a(2);
  eddy::channel<int> b(2);
  std::vector<std::atomic<int>> seen(2 * items);
  std::vector<std::thread> threads;
  for (int s = 0; s < 2; ++s)
    threads.emplace_back([&, s, c = s == 0 ? a : b]() mutable {
      for (int i = 0; i < items; ++i) c.send_blocking(s * items + i);
    });
  std::atomic<int> left{2 * items};
  eddy::channel<int> done(8);
  for (int r = 0; r < 2; ++r)
    threads.emplace_back([&] {
      eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> coro<> {
        const auto take = [&]() -> coro<> {
          while (true) {
            auto got = co_await eddy::select(done.receive(), b.receive(), a.receive());
            if (got.index() == 0) co_return;
            const auto item = got.index() == 1 ? got.get<1>() : got.get<2>();
            ++seen[static_cast<std::size_t>(*item)];
            if (--left == 0) done.close();
          }
        };
        auto victim = eddy::create_task(take);
        while (left > 0) {
          co_await eddy::sleep(30us);
          co_await eddy::cancel_and_join(victim);
          victim = eddy::create_task(take);
        }
        co_await eddy::cancel_and_join(victim);
      });
    });
  for (auto& t : threads) t.join();
  for (const auto& count : seen) EXPECT_EQ(count.load(), 1);
}

}  // namespace
