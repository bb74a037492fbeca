// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/map_concurrent.hpp"

#include <algorithm>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/for_each.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

/// Sleeps so many seconds, counts how many do so at once.
struct worker {
  int running = 0;
  int most = 0;
  int begun = 0;
  coro<int> work(int seconds) {
    ++begun;
    most = std::max(most, ++running);
    auto leave = eddy::on_exit([this] { --running; });
    co_await eddy::sleep(std::chrono::seconds(seconds));
    if (seconds == 13) throw std::runtime_error("thirteen");
    co_return seconds;
  }
};

EDDY_TEST(map_concurrent, S25_gives_outcomes_in_order_at_most_so_many_at_once) {
  worker w;
  const std::vector<int> input{3, 1, 2, 13, 1};
  std::vector<std::string> got;
  co_await eddy::for_each(
      eddy::map_concurrent(input, 2, [&](int s) { return w.work(s); }),
      [&](eddy::outcome<int> each) { got.push_back(each.has_value() ? std::to_string(each.value()) : "failed"); });
  EXPECT_EQ(got, (std::vector<std::string>{"3", "1", "2", "failed", "1"}));
  EXPECT_EQ(w.most, 2);
}

EDDY_TEST(map_concurrent, S25_unordered_gives_them_as_they_come) {
  worker w;
  std::vector<int> got;
  const std::vector<int> input{3, 1, 2};
  co_await eddy::for_each(eddy::map_concurrent(input, 3, [&](int s) { return w.work(s); }).unordered(),
                          [&](eddy::outcome<int> each) { got.push_back(each.value()); });
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
}

EDDY_TEST(map_concurrent, S25_memory_is_in_proportion_to_the_limit) {
  worker w;
  int handed_over = 0;
  co_await eddy::with(eddy::map_concurrent(std::views::iota(0, 1'000'000), 4, [&](int) { return w.work(1); }),
                      [&](auto& results) -> coro<> {
                        for (; handed_over < 8; ++handed_over) {
                          auto each = co_await results.next();
                          EXPECT_TRUE(each && each->has_value());
                          EXPECT_LE(w.begun, handed_over + 1 + 4);
                        }
                      });
  EXPECT_EQ(w.running, 0);  // leaving early cancelled and joined what ran
  EXPECT_LE(w.begun, 12);
}

EDDY_TEST(map_concurrent, S25_an_empty_range_and_a_limit_of_nothing) {
  worker w;
  int calls = 0;
  co_await eddy::for_each(eddy::map_concurrent(std::vector<int>(), 2, [&](int s) { return w.work(s); }),
                          [&](eddy::outcome<int>) { ++calls; });
  EXPECT_EQ(calls, 0);
  EXPECT_THROW((void)eddy::map_concurrent(std::vector<int>{1}, 0, [&](int s) { return w.work(s); }),
               eddy::misuse_error);
}

EDDY_TEST(map_concurrent, L3_12_a_call_that_throws_before_it_is_a_coroutine_is_that_elements_outcome) {
  std::vector<std::string> got;
  std::vector<int> input{1, 2, 3};
  co_await eddy::for_each(eddy::map_concurrent(std::move(input), 2,
                                               [](int x) -> coro<int> {
                                                 if (x == 2) throw std::runtime_error("two");
                                                 return [](int y) -> coro<int> { co_return y; }(x);
                                               }),
                          [&](eddy::outcome<int> each) { got.push_back(each ? std::to_string(*each) : "failed"); });
  EXPECT_EQ(got, (std::vector<std::string>{"1", "failed", "3"}));
}

EDDY_TEST(map_concurrent, L12_a_next_that_is_cancelled_leaves_every_outcome) {
  for (const bool ordered : {true, false}) {
    worker w;
    std::vector<int> got;
    auto use = [&](auto& results) -> coro<> {
      while (true) {
        try {
          auto each = co_await eddy::wait_for(results.next(), 1s);
          if (!each) co_return;
          got.push_back(each->value());
        } catch (const eddy::timeout_error&) {
        }
      }
    };
    auto input = std::vector<int>{3, 1, 2, 1};
    auto f = [&](int s) { return w.work(s); };
    if (ordered)
      co_await eddy::with(eddy::map_concurrent(input, 2, f), use);
    else
      co_await eddy::with(eddy::map_concurrent(input, 2, f).unordered(), use);
    if (!ordered) std::ranges::sort(got);
    EXPECT_EQ(got, ordered ? input : (std::vector<int>{1, 1, 2, 3}));
  }
}

EDDY_TEST(map_concurrent, L6_a_failure_that_is_not_handed_over_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  worker w;
  const std::vector<int> input{1, 13, 1};
  co_await eddy::with(eddy::map_concurrent(input, 2, [&](int s) { return w.work(s); }), [&](auto& results) -> coro<> {
    auto first = co_await results.next();
    EXPECT_EQ(first->value(), 1);
    co_await eddy::sleep(1h);  // 13 fails meanwhile, and is never asked for
  });
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: thirteen"});
}

TEST(map_concurrent, L5_nothing_outlives_it_wherever_it_is_cancelled) {
  for (const bool ordered : {true, false}) {
    const auto went = eddy::testing::explore([&]() -> coro<> {
      auto f = [](int ms) -> coro<int> {
        co_await eddy::with(tracked("element"), [ms](tracked&) { return eddy::sleep(std::chrono::milliseconds(ms)); });
        co_return ms;
      };
      int sum = 0;
      const std::vector<int> input{2, 1, 3};
      auto use = [&](auto& results) -> coro<> {
        while (true) {
          auto each = co_await results.next();
          if (!each) co_return;
          sum += each->value();
        }
      };
      if (ordered)
        co_await eddy::with(eddy::map_concurrent(input, 2, f), use);
      else
        co_await eddy::with(eddy::map_concurrent(input, 2, f).unordered(), use);
      EXPECT_EQ(sum, 6);
    });
    EXPECT_GE(went.cancel_points, 25U);
  }
}

TEST(map_concurrent, L5_shutdown_joins_what_runs) {
  worker w;
  const std::vector<int> input{100, 100, 100};
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::for_each(eddy::map_concurrent(input, 2, [&](int s) { return w.work(s); }),
                            [](eddy::outcome<int>) {});
  });
  EXPECT_EQ(w.begun, 2);
  EXPECT_EQ(w.running, 0);
}

}  // namespace
