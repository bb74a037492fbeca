// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/race.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  co_return x;
}
coro<int> fails_after(std::chrono::nanoseconds pause, std::string text) {
  co_await eddy::sleep(pause);
  throw std::runtime_error(text);
}

EDDY_TEST(race, S12_ends_with_the_first_value_and_cancels_the_others) {
  const auto begin = eddy::now();
  bool unwound = false;
  auto slow = [&]() -> coro<int> {
    auto note = eddy::on_cancel([&] { unwound = true; });
    co_await eddy::sleep(1h);
    co_return 0;
  };
  auto won = co_await eddy::race(slow(), after(1s, 7));
  EXPECT_EQ(won.index(), 1U);
  EXPECT_EQ(won.value(), 7);
  EXPECT_FALSE(won.get<0>().has_value());
  EXPECT_TRUE(unwound);
  EXPECT_EQ(eddy::now() - begin, 1s);
}

EDDY_TEST(race, S12_ends_with_the_first_exception) {
  std::string text;
  try {
    co_await eddy::race(after(1h, 1), fails_after(1s, "first"));
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "first");
}

EDDY_TEST(race, S12_joins_the_clean_up_of_the_losers) {
  const auto begin = eddy::now();
  auto loser = []() -> coro<int> {
    co_await eddy::with(tracked("loser"), [](tracked&) { return eddy::sleep(1h); });
    co_return 0;
  };
  auto won = co_await eddy::race(loser(), after(1s, 7));
  EXPECT_EQ(won.value(), 7);
  EXPECT_EQ(eddy::now() - begin, 1001ms);
  EXPECT_EQ(tracked::open(), 0);
}

EDDY_TEST(race, S12_of_different_types_and_void) {
  auto won = co_await eddy::race(eddy::sleep(1s), after(2s, 7));
  EXPECT_EQ(won.index(), 0U);
  EXPECT_TRUE(won.get<0>().has_value());
  EXPECT_FALSE(won.get<1>().has_value());
}

EDDY_TEST(race, L6_a_later_exception_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  auto stubborn = []() -> coro<int> {
    co_await eddy::shield(eddy::sleep(2s));
    throw std::runtime_error("late");
  };
  auto won = co_await eddy::race(after(1s, 7), stubborn());
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(won.value(), 7);
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: late"});
}

// Program 3: both queues are filled in one turn, before either getter has had its turn.
EDDY_TEST(race, S12_L1_3_hands_over_every_value_that_came) {
  eddy::queue<int> a;
  eddy::queue<int> b;
  eddy::event_loop::current().call_later(1s, [&] {
    a.try_put(1);
    b.try_put(2);
  });
  auto won = co_await eddy::race(a.get(), b.get());
  EXPECT_EQ(won.index(), 0U);
  EXPECT_EQ(won.get<0>(), 1);
  EXPECT_EQ(won.get<1>(), 2);
  EXPECT_TRUE(a.empty());
  EXPECT_TRUE(b.empty());
}

EDDY_TEST(race, L5_3_a_loser_is_withdrawn_in_the_call_in_which_the_winner_ends) {
  eddy::queue<int> a;
  eddy::queue<int> b;
  auto filler = eddy::create_task([&]() -> coro<> {
    co_await eddy::sleep(1s);
    a.try_put(1);
    co_await eddy::sleep(0s);  // after the winner's step
    b.try_put(2);
  });
  auto won = co_await eddy::race(a.get(), b.get());
  EXPECT_EQ(won.get<0>(), 1);
  EXPECT_FALSE(won.get<1>().has_value());
  co_await filler;
  EXPECT_EQ(b.size(), 1U);
}

EDDY_TEST(race, L1_3_a_ready_branch_wins_and_later_ones_take_nothing) {
  eddy::queue<int> a;
  eddy::queue<int> b;
  a.try_put(1);
  b.try_put(2);
  auto won = co_await eddy::race(a.get(), b.get());
  EXPECT_EQ(won.get<0>(), 1);
  EXPECT_FALSE(won.get<1>().has_value());
  EXPECT_EQ(b.size(), 1U);
}

TEST(race, L1_items_are_whole_wherever_it_is_cancelled) {
  std::optional<eddy::queue<int>> a;
  std::optional<eddy::queue<int>> b;
  int got = 0;
  int put = 0;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        a.emplace();
        b.emplace();
        got = put = 0;
        auto feeder = eddy::create_task([&]() -> coro<> {
          for (int i = 0; i < 4; ++i) {
            co_await eddy::sleep(1ms);
            put += a->try_put(i) + (i % 2 == 0 && b->try_put(i));
          }
        });
        auto stop = eddy::on_exit([&] { feeder.cancel(); });
        for (int i = 0; i < 3; ++i) {
          auto won = co_await eddy::race(a->get(), b->get());
          got += won.get<0>().has_value() + won.get<1>().has_value();
        }
      },
      eddy::testing::explore_options().check([&]() -> std::string {
        if (static_cast<std::size_t>(put - got) == a->size() + b->size()) return "";
        return std::to_string(put) + " put, " + std::to_string(got) + " got, " + std::to_string(a->size() + b->size()) +
               " left";
      }));
  EXPECT_GE(went.cancel_points, 20U);
}

TEST(race, L5_nothing_outlives_it_wherever_it_is_cancelled) {
  eddy::testing::explore([]() -> coro<> {
    co_await eddy::race(eddy::with(tracked("a"), [](tracked&) { return eddy::sleep(5ms); }),
                        eddy::with(tracked("b"), [](tracked&) { return eddy::sleep(1ms); }));
    try {
      co_await eddy::race(eddy::with(tracked("c"), [](tracked&) { return eddy::sleep(5ms); }), fails_after(3ms, "x"));
    } catch (const std::runtime_error&) {
    }
  });
}

TEST(race, L5_shutdown_ends_it) {
  int unwound = 0;
  auto part = [&]() -> coro<> {
    auto note = eddy::on_cancel([&] { ++unwound; });
    co_await eddy::sleep(1h);
  };
  eddy::testing::shut_down_during([&]() -> coro<> { co_await eddy::race(part(), part()); });
  EXPECT_EQ(unwound, 2);
}

}  // namespace
