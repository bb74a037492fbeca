// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/every.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::every;
using eddy::missed_ticks;
using eddy::now;
using times = std::vector<std::chrono::nanoseconds>;

namespace {

/// A tick: its number, when it was due and when it came, since the beginning, and how many it stands for.
struct seen {
  std::uint64_t number;
  std::chrono::nanoseconds due;
  std::chrono::nanoseconds came;
  std::uint64_t missed;
  friend bool operator==(const seen&, const seen&) = default;
};
std::ostream& operator<<(std::ostream& out, const seen& s) {
  return out << '#' << s.number << " due " << s.due.count() << " came " << s.came.count() << " missed " << s.missed;
}

/// Deals with a tick for each of `pauses`, for so long.
template <class... Pauses>
coro<std::vector<seen>> follow(eddy::ticker ticks, Pauses... pauses) {
  const times work{pauses...};
  const auto begin = now();
  std::vector<seen> all;
  for (const auto pause : work) {
    auto tick = co_await ticks.next();
    all.push_back({tick->number(), tick->when() - begin, now() - begin, tick->missed()});
    co_await eddy::sleep(pause);
  }
  co_return all;
}

EDDY_TEST(every, S74_does_not_drift_and_never_runs_two_at_once) {
  const auto begin = now();
  int running = 0;
  std::vector<std::chrono::nanoseconds> came;
  try {
    co_await eddy::timeout(9500ms, [&]() -> coro<> {
      co_await eddy::for_each(every(1s), [&](eddy::tick tick) -> coro<> {
        EXPECT_EQ(++running, 1);
        EXPECT_EQ(tick.number(), came.size());
        came.push_back(now() - begin);
        co_await eddy::sleep(300ms);
        --running;
      });
    });
  } catch (const eddy::timeout_error& e) {
    EXPECT_NE(std::string(e.what()).find("while waiting for every(1 s)"), std::string::npos) << e.what();
  }
  EXPECT_EQ(came, (times{0s, 1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s, 9s}));
}

EDDY_TEST(every, S74_missed_ticks_are_skipped) {
  const auto all = co_await follow(every(1s), 2500ms, 100ms, 0s, 3s, 0s, 0s);
  EXPECT_EQ(all,
            (std::vector<seen>{
                {0, 0s, 0s, 0}, {2, 2s, 2500ms, 1}, {3, 3s, 3s, 0}, {4, 4s, 4s, 0}, {7, 7s, 7s, 2}, {8, 8s, 8s, 0}}));
}

EDDY_TEST(every, S74_missed_ticks_come_in_a_burst) {
  const auto all = co_await follow(every(1s).missed(missed_ticks::burst), 2500ms, 100ms, 0s, 0s, 0s);
  EXPECT_EQ(
      all, (std::vector<seen>{{0, 0s, 0s, 0}, {1, 1s, 2500ms, 0}, {2, 2s, 2600ms, 0}, {3, 3s, 3s, 0}, {4, 4s, 4s, 0}}));
}

EDDY_TEST(every, S74_a_missed_tick_delays_the_others) {
  const auto all = co_await follow(every(1s).missed(missed_ticks::delay), 2500ms, 100ms, 0s, 0s);
  EXPECT_EQ(all,
            (std::vector<seen>{{0, 0s, 0s, 0}, {1, 1s, 2500ms, 0}, {2, 3500ms, 3500ms, 0}, {3, 4500ms, 4500ms, 0}}));
}

EDDY_TEST(every, S74_begins_when_it_is_told_to) {
  const auto later = co_await follow(every(1s).starting_in(250ms), 0s, 0s);
  EXPECT_EQ(later, (std::vector<seen>{{0, 250ms, 250ms, 0}, {1, 1250ms, 1250ms, 0}}));
  const auto at = co_await follow(every(10s).starting_at(now() - 25s), 0s, 0s);  // the rhythm of before
  EXPECT_EQ(at, (std::vector<seen>{{2, -5s, 0s, 2}, {3, 5s, 5s, 0}}));
}

EDDY_TEST(every, L12_a_next_that_is_cancelled_loses_no_tick) {
  auto ticks = every(1s);
  std::vector<std::uint64_t> numbers;
  while (numbers.size() < 4) {
    try {
      auto tick = co_await eddy::wait_for(ticks.next(), 300ms);
      numbers.push_back(tick->number());
    } catch (const eddy::timeout_error&) {
    }
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{0, 1, 2, 3}));
}

EDDY_TEST(every, S74_the_longest_interval_and_a_very_short_one) {
  auto rare = every(std::chrono::nanoseconds::max());
  auto first = co_await rare.next();
  EXPECT_EQ(first->number(), 0U);
  auto fast = every(1ns);
  co_await fast.next();
  co_await eddy::sleep(1h);
  auto latest = co_await fast.next();
  EXPECT_EQ(latest->missed(), 3'600'000'000'000U - 1);
}

EDDY_TEST(every, L9_misuse_says_what_to_do) {
  EXPECT_THROW((void)every(0s), eddy::misuse_error);
  auto ticks = every(1s);
  co_await ticks.next();
  auto first = eddy::create_task([&]() -> coro<> { co_await ticks.next(); });
  co_await eddy::sleep(0s);
  std::string text;
  try {
    co_await ticks.next();
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("make a stream for each of them"), std::string::npos) << text;
  co_await first;
}

TEST(every, L12_no_tick_is_lost_or_doubled_wherever_it_is_cancelled) {
  std::vector<std::uint64_t> numbers;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        numbers.clear();
        auto ticks = every(2ms);
        while (numbers.size() < 4) {
          try {
            auto tick = co_await eddy::wait_for(ticks.next(), 1ms);  // now and then due in the same turn
            numbers.push_back(tick->number());
          } catch (const eddy::timeout_error&) {
          }
        }
      },
      eddy::testing::explore_options().check([&] {
        for (std::size_t i = 0; i < numbers.size(); ++i)
          if (numbers[i] != i) return "a tick is missing or came twice";
        return "";
      }));
  EXPECT_GE(went.cancel_points, 12U);
}

TEST(every, L3_shutdown_ends_it) {
  int ticks = 0;
  eddy::testing::shut_down_during(
      [&]() -> coro<> { co_await eddy::for_each(every(1h), [&](eddy::tick) { ++ticks; }); });
  EXPECT_EQ(ticks, 1);
}

TEST(every_death, L9_destroyed_with_a_waiter_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto ticks = std::make_unique<eddy::ticker>(1h);
                 co_await ticks->next();
                 eddy::create_task([&ticks]() -> coro<> { co_await ticks->next(); });
                 co_await eddy::sleep(0s);
                 ticks.reset();
               }),
               "stream of ticks was destroyed while a task waits for its next one");
}

}  // namespace
