// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/timer_queue.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include "eddy/base/config.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::time_point;

class alarm_clock final : public eddy::detail::timer {
 public:
  std::function<void()> on_due;
  void due() noexcept override { on_due(); }
};

constexpr time_point start{1000h};

TEST(timer_queue, fires_in_order_of_deadlines_and_nothing_early) {
  eddy::detail::timer_queue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<alarm_clock>> alarms;
  for (const int ms : {5, 1, 4, 2, 3}) {
    alarms.push_back(std::make_unique<alarm_clock>());
    alarms.back()->on_due = [&fired, ms] { fired.push_back(ms); };
    queue.arm(*alarms.back(), start + std::chrono::milliseconds(ms));
  }
  EXPECT_EQ(queue.next(), start + 1ms);
  queue.fire(start + 3ms - 1ns);
  EXPECT_EQ(fired, (std::vector{1, 2}));
  queue.fire(start + 3ms);
  EXPECT_EQ(fired, (std::vector{1, 2, 3}));
  queue.fire(start + 1h);
  EXPECT_EQ(fired, (std::vector{1, 2, 3, 4, 5}));
  EXPECT_TRUE(queue.empty());
  for (const auto& a : alarms) EXPECT_FALSE(a->armed());
}

TEST(timer_queue, L7_equal_deadlines_fire_in_order_of_arming) {
  eddy::detail::timer_queue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<alarm_clock>> alarms;
  for (int i = 0; i < 500; ++i) {
    alarms.push_back(std::make_unique<alarm_clock>());
    alarms.back()->on_due = [&fired, i] { fired.push_back(i); };
    queue.arm(*alarms.back(), start + std::chrono::milliseconds(i % 3));
  }
  for (std::size_t i = 0; i < 500; i += 7) queue.cancel(*alarms[i]);
  queue.fire(start + 1s);
  std::vector<int> expected;
  for (int ms = 0; ms < 3; ++ms)
    for (int i = 0; i < 500; ++i)
      if (i % 3 == ms && i % 7 != 0) expected.push_back(i);
  EXPECT_EQ(fired, expected);
}

TEST(timer_queue, what_is_armed_while_firing_waits_for_the_next_call) {
  eddy::detail::timer_queue queue;
  alarm_clock a;
  int fired = 0;
  a.on_due = [&] {
    ++fired;
    queue.arm(a, start);
  };
  queue.arm(a, start);
  queue.fire(start);
  EXPECT_EQ(fired, 1);
  queue.fire(start);
  EXPECT_EQ(fired, 2);
  queue.cancel(a);
}

TEST(timer_queue, one_that_fires_may_cancel_the_others) {
  eddy::detail::timer_queue queue;
  alarm_clock first;
  alarm_clock second;
  first.on_due = [&] { queue.cancel(second); };
  second.on_due = [] { FAIL() << "it was cancelled"; };
  queue.arm(first, start);
  queue.arm(second, start);
  queue.fire(start);
  EXPECT_TRUE(queue.empty());
}

TEST(timer_queue, cancelling_what_is_not_armed_does_nothing) {
  eddy::detail::timer_queue queue;
  alarm_clock a;
  queue.cancel(a);
  EXPECT_FALSE(a.armed());
}

// So many that the graves are cleared away, while one is left behind and another comes.
TEST(timer_queue, what_is_left_of_many_that_were_cancelled_fires_in_order) {
  eddy::detail::timer_queue queue;
  std::vector<alarm_clock> alarms(10'000);
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    queue.arm(alarms[i], start + std::chrono::nanoseconds(i * 7919 % alarms.size()));
  }
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    if (i % 97 == 0)
      expected.push_back(i);
    else
      queue.cancel(alarms[i]);
  }
  std::sort(expected.begin(), expected.end(),
            [&](std::size_t a, std::size_t b) { return a * 7919 % alarms.size() < b * 7919 % alarms.size(); });
  EXPECT_EQ(queue.size(), expected.size());
  EXPECT_EQ(&queue.first(), &alarms[expected.front()]);
  queue.fire(start + 1s);
  EXPECT_EQ(fired, expected);
  EXPECT_TRUE(queue.empty());
}

TEST(timer_queue, one_that_is_moved_fires_at_its_new_time_and_after_its_equals) {
  eddy::detail::timer_queue queue;
  std::vector<alarm_clock> alarms(3);
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    queue.arm(alarms[i], start + std::chrono::nanoseconds(i));
  }
  queue.move(alarms[0], start + 2ns);
  queue.fire(start + 1ns);
  EXPECT_EQ(fired, std::vector<std::size_t>{1});
  queue.move(alarms[1], start + 2ns);  // not armed any more: armed
  queue.fire(start + 2ns);
  EXPECT_EQ(fired, (std::vector<std::size_t>{1, 2, 0, 1}));
}

// The numbers that tell which of two equal deadlines came first run out after 70 thousand million.
TEST(timer_queue, L7_equal_deadlines_keep_their_order_when_numbers_run_out) {
  eddy::detail::timer_queue queue(eddy::detail::timer_queue::sequence_end - 5);
  std::vector<alarm_clock> alarms(10);
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    alarms[i].on_due = [&fired, i] { fired.push_back(i); };
    queue.arm(alarms[i], start + (i == 2 ? 0ns : 1ns));
  }
  queue.fire(start + 1ns);
  EXPECT_EQ(fired, (std::vector<std::size_t>{2, 0, 1, 3, 4, 5, 6, 7, 8, 9}));
}

// A multimap keeps equal keys in the order of insertion: it is the specification.
TEST(timer_queue, L7_agrees_with_a_multimap_on_seeded_work) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    eddy::detail::timer_queue queue;
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
        queue.fire(now);
        std::vector<std::size_t> expected;
        while (!oracle.empty() && oracle.begin()->first <= now) {
          expected.push_back(oracle.begin()->second);
          oracle.erase(oracle.begin());
        }
        ASSERT_EQ(fired, expected) << "seed " << seed << " step " << step;
      } else if (alarms[i].armed() && random() % 4 == 0) {
        const time_point deadline = now + std::chrono::nanoseconds(random() % 100) - 10ns;
        queue.move(alarms[i], deadline);
        std::erase_if(oracle, [&](const auto& entry) { return entry.second == i; });
        oracle.emplace(deadline, i);
      } else if (alarms[i].armed()) {
        queue.cancel(alarms[i]);
        std::erase_if(oracle, [&](const auto& entry) { return entry.second == i; });
      } else {
        const time_point deadline = now + std::chrono::nanoseconds(random() % 100) - 10ns;
        queue.arm(alarms[i], deadline);
        oracle.emplace(deadline, i);
      }
      ASSERT_EQ(queue.size(), oracle.size());
      if (!oracle.empty()) {
        ASSERT_EQ(queue.next(), oracle.begin()->first);
      }
    }
  }
}

/// How the deadlines of many timers lie, counted from now.
struct pattern {
  const char* name;
  std::function<std::chrono::nanoseconds(std::mt19937&, std::size_t)> deadline;
};

/// Arms, moves, cancels and fires twenty thousand timers beside a multimap, and fires what is left at the end.
class many_timers {
 public:
  many_timers(const pattern& how, unsigned seed) : how_(how), random_(seed) {
    for (std::size_t i = 0; i < alarms_.size(); ++i) {
      alarms_[i].on_due = [this, i] {
        fired_.push_back(i);
        if (again_ && random_() % 4 == 0) arm(i);
      };
    }
  }

  void run() {
    for (std::size_t i = 0; i < alarms_.size(); ++i) arm(i);
    for (int step = 0; step < 60 && !testing::Test::HasFatalFailure(); ++step) {
      for (int change = 0; change < 500; ++change) change_one(random_() % alarms_.size());
      fire(std::chrono::microseconds(random_() % 2'000));
    }
    again_ = false;
    while (!oracle_.empty() && !testing::Test::HasFatalFailure()) fire(oracle_.rbegin()->first - now_);
    EXPECT_TRUE(queue_.empty());
  }

 private:
  void arm(std::size_t i) {
    const time_point deadline = now_ + how_.deadline(random_, i);
    queue_.arm(alarms_[i], deadline);
    places_[i] = oracle_.emplace(deadline, i);
  }

  void change_one(std::size_t i) {
    if (!alarms_[i].armed()) {
      arm(i);
    } else if (random_() % 3 == 0) {
      const time_point deadline = now_ + how_.deadline(random_, i);
      queue_.move(alarms_[i], deadline);
      oracle_.erase(places_[i]);
      places_[i] = oracle_.emplace(deadline, i);
    } else {
      queue_.cancel(alarms_[i]);
      oracle_.erase(places_[i]);
    }
  }

  void fire(std::chrono::nanoseconds later) {
    now_ += later;
    std::vector<std::size_t> expected;
    while (!oracle_.empty() && oracle_.begin()->first <= now_) {
      expected.push_back(oracle_.begin()->second);
      oracle_.erase(oracle_.begin());
    }
    fired_.clear();
    queue_.fire(now_);
    ASSERT_EQ(fired_, expected) << how_.name;
    ASSERT_EQ(queue_.size(), oracle_.size()) << how_.name;
    if (!oracle_.empty()) {
      ASSERT_EQ(queue_.next(), oracle_.begin()->first) << how_.name;
    }
  }

  const pattern& how_;
  std::mt19937 random_;
  eddy::detail::timer_queue queue_;
  time_point now_ = start;
  bool again_ = true;
  std::vector<alarm_clock> alarms_{20'000};
  std::vector<std::size_t> fired_;
  std::multimap<time_point, std::size_t> oracle_;
  std::vector<std::multimap<time_point, std::size_t>::iterator> places_{20'000};
};

TEST(timer_queue, L7_agrees_with_a_multimap_however_the_deadlines_of_many_timers_lie) {
  const pattern patterns[] = {
      {"anywhere in a second", [](std::mt19937& random, std::size_t) { return 1us * (1 + random() % 1'000'000); }},
      {"few of them", [](std::mt19937& random, std::size_t) { return 10ms * (1 + random() % 5); }},
      {"one", [](std::mt19937&, std::size_t) { return 1ms * 30; }},
      {"each later than the last", [](std::mt19937&, std::size_t i) { return 1us * (1 + 3 * i); }},
      {"each earlier than the last", [](std::mt19937&, std::size_t i) { return 1us * (60'001 - 3 * i); }},
      {"some days away", [](std::mt19937& random,
                            std::size_t i) { return 1us * (1 + random() % (i % 100 == 0 ? 4'000'000'000 : 50'000)); }},
      {"short ones at last",
       [](std::mt19937& random, std::size_t i) { return 1ns * (1 + random() % (40'000'000 / (1 + i))); }},
  };
  for (const pattern& each : patterns)
    for (unsigned seed = 0; seed < 3; ++seed) many_timers(each, seed).run();
}

/// 300,000 timers, anywhere in a second.
struct a_second_full {
  explicit a_second_full(std::uint64_t sequence = 0) : queue(sequence) {
    std::mt19937 random(1);
    fired.reserve(alarms.size());
    for (std::size_t i = 0; i < alarms.size(); ++i) {
      alarms[i].on_due = [this, i] { fired.push_back(i); };
      deadlines.push_back(start + std::chrono::microseconds(random() % 1'000'000));
      queue.arm(alarms[i], deadlines[i]);
    }
  }

  void check_order() const {
    EXPECT_EQ(fired.size(), alarms.size());
    EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(deadlines[a], a) < std::pair(deadlines[b], b);
    }));
  }

  eddy::detail::timer_queue queue;
  std::vector<alarm_clock> alarms{300'000};
  std::vector<time_point> deadlines;
  std::vector<std::size_t> fired;
};

TEST(timer_queue, L7_the_first_timer_may_be_the_one_for_which_numbers_run_out) {
  eddy::detail::timer_queue queue(eddy::detail::timer_queue::sequence_end);
  std::vector<int> fired;
  alarm_clock first;
  alarm_clock second;
  first.on_due = [&] { fired.push_back(1); };
  second.on_due = [&] { fired.push_back(2); };
  queue.arm(first, start);
  queue.arm(second, start);
  queue.fire(start);
  EXPECT_EQ(fired, (std::vector{1, 2}));
}

TEST(timer_queue, L7_many_timers_keep_their_order_when_numbers_run_out) {
  a_second_full timers(eddy::detail::timer_queue::sequence_end - 250'000);
  timers.queue.fire(start + 1s);
  timers.check_order();
}

/// No memory in pieces of a page or more while it lives: none from the system, and what the heap has left is taken.
class no_memory {
 public:
  no_memory() {
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit none{1, before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &none);
    for (const std::size_t size : {std::size_t{256 * 1024}, std::size_t{4096}})
      while (void* piece = std::malloc(size)) taken_ = new (piece) link{taken_};
  }
  no_memory(const no_memory&) = delete;
  no_memory& operator=(const no_memory&) = delete;
  ~no_memory() {
    ::setrlimit(RLIMIT_AS, &before_);
    while (taken_ != nullptr) std::free(std::exchange(taken_, taken_->next));
  }

 private:
  struct link {
    link* next;
  };

  link* taken_ = nullptr;
  rlimit before_{};
};

[[gnu::noinline]] std::vector<char> a_page() { return std::vector<char>(4096); }

TEST(timer_queue, L7_fires_in_order_where_there_is_no_memory_to_split_what_is_far) {
#if EDDY_ASAN || EDDY_TSAN
  GTEST_SKIP() << "a sanitizer ends the program where memory ends";
#endif
  a_second_full timers;
  {
    const no_memory now;
    EXPECT_THROW(a_page(), std::bad_alloc);
    timers.queue.fire(start + 1s);
  }
  timers.check_order();
}

}  // namespace
