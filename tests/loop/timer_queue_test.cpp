// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/timer_heap.hpp"

#include <gtest/gtest.h>
#include <algorithm>

#include <functional>
#include <map>
#include <memory>
#include <random>

using namespace std::chrono_literals;

namespace {

using eddy::time_point;

class alarm_clock final : public eddy::detail::timer {
 public:
  std::function<void()> on_due;
  void due() noexcept override { on_due(); }
};

constexpr time_point start{1000h};

TEST(timer_heap, fires_in_order_of_deadlines_and_nothing_early) {
  eddy::detail::timer_heap heap;
  std::vector<int> fired;
  std::vector<std::unique_ptr<alarm_clock>> alarms;
  for (const int ms : {5, 1, 4, 2, 3}) {
    alarms.push_back(std::make_unique<alarm_clock>());
    alarms.back()->on_due = [&fired, ms] { fired.push_back(ms); };
    heap.arm(*alarms.back(), start + std::chrono::milliseconds(ms));
  }
  EXPECT_EQ(heap.next(), start + 1ms);
  heap.fire(start + 3ms - 1ns);
  EXPECT_EQ(fired, (std::vector{1, 2}));
  heap.fire(start + 3ms);
  EXPECT_EQ(fired, (std::vector{1, 2, 3}));
  heap.fire(start + 1h);
  EXPECT_EQ(fired, (std::vector{1, 2, 3, 4, 5}));
  EXPECT_TRUE(heap.empty());
  for (const auto& a : alarms) EXPECT_FALSE(a->armed());
}

TEST(timer_heap, L7_equal_deadlines_fire_in_order_of_arming) {
  eddy::detail::timer_heap heap;
  std::vector<int> fired;
  std::vector<std::unique_ptr<alarm_clock>> alarms;
  for (int i = 0; i < 500; ++i) {
    alarms.push_back(std::make_unique<alarm_clock>());
    alarms.back()->on_due = [&fired, i] { fired.push_back(i); };
    heap.arm(*alarms.back(), start + std::chrono::milliseconds(i % 3));
  }
  for (std::size_t i = 0; i < 500; i += 7) heap.cancel(*alarms[i]);
  heap.fire(start + 1s);
  std::vector<int> expected;
  for (int ms = 0; ms < 3; ++ms)
    for (int i = 0; i < 500; ++i)
      if (i % 3 == ms && i % 7 != 0) expected.push_back(i);
  EXPECT_EQ(fired, expected);
}

TEST(timer_heap, what_is_armed_while_firing_waits_for_the_next_call) {
  eddy::detail::timer_heap heap;
  alarm_clock a;
  int fired = 0;
  a.on_due = [&] {
    ++fired;
    heap.arm(a, start);
  };
  heap.arm(a, start);
  heap.fire(start);
  EXPECT_EQ(fired, 1);
  heap.fire(start);
  EXPECT_EQ(fired, 2);
  heap.cancel(a);
}

TEST(timer_heap, one_that_fires_may_cancel_the_others) {
  eddy::detail::timer_heap heap;
  alarm_clock first;
  alarm_clock second;
  first.on_due = [&] { heap.cancel(second); };
  second.on_due = [] { FAIL() << "it was cancelled"; };
  heap.arm(first, start);
  heap.arm(second, start);
  heap.fire(start);
  EXPECT_TRUE(heap.empty());
}

TEST(timer_heap, cancelling_what_is_not_armed_does_nothing) {
  eddy::detail::timer_heap heap;
  alarm_clock a;
  heap.cancel(a);
  EXPECT_FALSE(a.armed());
}

// So many that the graves are cleared away, while one is left behind and another comes.
TEST(timer_heap, what_is_left_of_many_that_were_cancelled_fires_in_order) {
  eddy::detail::timer_heap heap;
  std::vector<alarm_clock> alarms(10'000);
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    heap.arm(alarms[i], start + std::chrono::nanoseconds(i * 7919 % alarms.size()));
  }
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    if (i % 97 == 0)
      expected.push_back(i);
    else
      heap.cancel(alarms[i]);
  }
  std::sort(expected.begin(), expected.end(),
            [&](std::size_t a, std::size_t b) { return a * 7919 % alarms.size() < b * 7919 % alarms.size(); });
  EXPECT_EQ(heap.size(), expected.size());
  EXPECT_EQ(&heap.first(), &alarms[expected.front()]);
  heap.fire(start + 1s);
  EXPECT_EQ(fired, expected);
  EXPECT_TRUE(heap.empty());
}

TEST(timer_heap, one_that_is_moved_fires_at_its_new_time_and_after_its_equals) {
  eddy::detail::timer_heap heap;
  std::vector<alarm_clock> alarms(3);
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    heap.arm(alarms[i], start + std::chrono::nanoseconds(i));
  }
  heap.move(alarms[0], start + 2ns);
  heap.fire(start + 1ns);
  EXPECT_EQ(fired, std::vector<std::size_t>{1});
  heap.move(alarms[1], start + 2ns);  // not armed any more: armed
  heap.fire(start + 2ns);
  EXPECT_EQ(fired, (std::vector<std::size_t>{1, 2, 0, 1}));
}

// The numbers that tell which of two equal deadlines came first run out after 70 thousand million.
TEST(timer_heap, L7_equal_deadlines_keep_their_order_when_numbers_run_out) {
  eddy::detail::timer_heap heap(eddy::detail::timer_heap::sequence_end - 5);
  std::vector<alarm_clock> alarms(10);
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    heap.arm(alarms[i], start + (i == 2 ? 0ns : 1ns));
  }
  heap.fire(start + 1ns);
  EXPECT_EQ(fired, (std::vector<std::size_t>{2, 0, 1, 3, 4, 5, 6, 7, 8, 9}));
}

// A multimap keeps equal keys in the order of insertion: it is the specification.
TEST(timer_heap, L7_agrees_with_a_multimap_on_seeded_work) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    eddy::detail::timer_heap heap;
    std::vector<alarm_clock> alarms(200);
    std::vector<std::size_t> fired;
    for (std::size_t i = 0; i < alarms.size(); ++i) alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    std::multimap<time_point, std::size_t> oracle;
    time_point now = start;
    for (int step = 0; step < 5'000; ++step) {
      const std::size_t i = random() % alarms.size();
      if (random() % 20 == 0) {
        now += std::chrono::nanoseconds(random() % 50);
        fired.clear();
        heap.fire(now);
        std::vector<std::size_t> expected;
        while (!oracle.empty() && oracle.begin()->first <= now) {
          expected.push_back(oracle.begin()->second);
          oracle.erase(oracle.begin());
        }
        ASSERT_EQ(fired, expected) << "seed " << seed << " step " << step;
      } else if (alarms[i].armed() && random() % 4 == 0) {
        const time_point deadline = now + std::chrono::nanoseconds(random() % 100) - 10ns;
        heap.move(alarms[i], deadline);
        std::erase_if(oracle, [&](const auto& entry) { return entry.second == i; });
        oracle.emplace(deadline, i);
      } else if (alarms[i].armed()) {
        heap.cancel(alarms[i]);
        std::erase_if(oracle, [&](const auto& entry) { return entry.second == i; });
      } else {
        const time_point deadline = now + std::chrono::nanoseconds(random() % 100) - 10ns;
        heap.arm(alarms[i], deadline);
        oracle.emplace(deadline, i);
      }
      ASSERT_EQ(heap.size(), oracle.size());
      if (!oracle.empty()) {
        ASSERT_EQ(heap.next(), oracle.begin()->first);
      }
    }
  }
}

}  // namespace
