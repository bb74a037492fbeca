// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/streams.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/coro/async_generator.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::async_generator;
using eddy::coro;
using eddy::testing::explore;
using eddy::testing::tracked;
namespace streams = eddy::streams;

namespace {

using numbers = std::vector<int>;

static_assert(streams::source<async_generator<int>> && streams::source<async_generator<int&>>);
static_assert(!streams::source<std::vector<int>>);

/// 1, 2, 3, ... with a pause before each; says how many it has made.
async_generator<int> count_up(int to, std::chrono::nanoseconds pause = 1ms, int* made = nullptr) {
  for (int i = 1; i <= to; ++i) {
    if (pause.count() > 0) co_await eddy::sleep(pause);
    if (made != nullptr) *made = i;
    co_yield i;
  }
}

/// A source of one's own whose next() is atomic; owes nothing.
class countdown {
 public:
  explicit countdown(int from) : left_(from) {}
  coro<std::optional<int>> next() {
    co_await eddy::sleep(1ms);
    if (left_ == 0) co_return std::nullopt;
    co_return left_--;
  }

 private:
  int left_;
};

/// Opened and closed, as `tracked` counts.
async_generator<int> owing(int to) {
  co_await eddy::enter(tracked("generator"));
  for (int i = 1; i <= to; ++i) {
    co_await eddy::sleep(1ms);
    co_yield i;
  }
}

async_generator<int> failing(int after) {
  for (int i = 1; i <= after; ++i) co_yield i;
  throw std::runtime_error("source");
}

template <class S>
coro<numbers> all_of(S s) {
  numbers got;
  co_await eddy::for_each(std::move(s), [&](int x) { got.push_back(x); });
  co_return got;
}

EDDY_TEST(streams, S75_map_filter_and_take) {
  int made = 0;
  auto shaped = count_up(100, 1ms, &made) | streams::filter([](int x) { return x % 2 == 0; }) |
                streams::map([](int x) { return x * 10; }) | streams::take(3);
  const numbers got = co_await all_of(std::move(shaped));
  EXPECT_EQ(got, (numbers{20, 40, 60}));
  EXPECT_EQ(made, 6);  // asked for no more than it needed
}

EDDY_TEST(streams, S75_shapers_may_await) {
  auto shaped = countdown(4) | streams::filter([](int x) -> coro<bool> {
                  co_await eddy::sleep(1ms);
                  co_return x != 3;
                }) |
                streams::map([](int x) -> coro<int> {
                  co_await eddy::sleep(1ms);
                  co_return -x;
                });
  const numbers got = co_await all_of(std::move(shaped));
  EXPECT_EQ(got, (numbers{-4, -2, -1}));
}

EDDY_TEST(streams, S75_a_range_and_a_kept_source) {
  const numbers three{1, 2, 3};
  const numbers got = co_await all_of(streams::from(three) | streams::map([](int x) { return x + 1; }));
  EXPECT_EQ(got, (numbers{2, 3, 4}));

  auto kept = streams::from(std::views::iota(1));
  const numbers first = co_await all_of(kept | streams::take(2));
  const numbers second = co_await all_of(kept | streams::take(2));  // goes on where the other stopped
  EXPECT_EQ(first, (numbers{1, 2}));
  EXPECT_EQ(second, (numbers{3, 4}));
}

struct heavy {
  explicit heavy(int v) : value(v) {}
  heavy(heavy&&) = default;
  int value;
};
async_generator<heavy> heavies() {
  for (int i = 1; i <= 3; ++i) co_yield heavy(i);
}

EDDY_TEST(streams, S75_items_that_can_only_be_moved) {
  numbers got;
  auto shaped = heavies() | streams::filter([](const heavy& h) { return h.value != 2; }) |
                streams::map([](heavy& h) -> coro<std::unique_ptr<int>> {
                  co_await eddy::sleep(1ms);
                  co_return std::make_unique<int>(h.value);
                }) |
                streams::buffer(2) | streams::batch(2);
  co_await eddy::for_each(std::move(shaped), [&](std::vector<std::unique_ptr<int>> batch) {
    for (const auto& each : batch) got.push_back(*each);
  });
  EXPECT_EQ(got, (numbers{1, 3}));
}

EDDY_TEST(streams, S75_batch_bundles_so_many_the_last_may_be_shorter) {
  std::vector<numbers> got;
  auto shaped = count_up(5) | streams::batch(2);
  co_await eddy::for_each(std::move(shaped), [&](numbers batch) { got.push_back(std::move(batch)); });
  EXPECT_EQ(got, (std::vector<numbers>{{1, 2}, {3, 4}, {5}}));
  EXPECT_THROW(static_cast<void>(countdown(1) | streams::batch(0)), eddy::misuse_error);
}

EDDY_TEST(streams, S75_batch_hands_over_within_its_time) {
  // 1 and 2 come at once, then nothing for 10 s, then 3.
  const auto bursts = []() -> async_generator<int> {
    co_yield 1;
    co_yield 2;
    co_await eddy::sleep(10s);
    co_yield 3;
  };
  const auto start = eddy::now();
  std::vector<numbers> got;
  std::vector<std::chrono::nanoseconds> when;
  co_await eddy::for_each(bursts() | streams::batch(10, 2s), [&](numbers batch) {
    got.push_back(std::move(batch));
    when.push_back(eddy::now() - start);
  });
  EXPECT_EQ(got, (std::vector<numbers>{{1, 2}, {3}}));
  EXPECT_EQ(when, (std::vector<std::chrono::nanoseconds>{2s, 10s}));  // the end does not wait for the time
}

EDDY_TEST(streams, S75_batch_with_a_time_hands_over_when_it_is_full) {
  const auto start = eddy::now();
  std::vector<numbers> got;
  co_await eddy::for_each(count_up(4, 1s) | streams::batch(2, 1h),
                          [&](numbers batch) { got.push_back(std::move(batch)); });
  EXPECT_EQ(got, (std::vector<numbers>{{1, 2}, {3, 4}}));
  EXPECT_EQ(eddy::now() - start, 4s);
}

EDDY_TEST(streams, S75_L6_a_batch_that_was_begun_goes_before_the_error) {
  for (const bool timed : {false, true}) {
    numbers got;
    std::string text;
    const auto use = [&](auto& batches) -> coro<> {
      try {
        while (auto batch = co_await batches.next()) got.insert(got.end(), batch->begin(), batch->end());
      } catch (const std::runtime_error& e) {
        text = e.what();
      }
    };
    if (timed)
      co_await eddy::with(failing(3) | streams::batch(2, 1h), use);
    else
      co_await eddy::with(failing(3) | streams::batch(2), use);
    EXPECT_EQ(got, (numbers{1, 2, 3}));
    EXPECT_EQ(text, "source");
  }
}

EDDY_TEST(streams, S75_buffer_asks_ahead_as_far_as_it_has_room) {
  int made = 0;
  co_await eddy::with(count_up(100, 1ms, &made) | streams::buffer(3), [&](auto& s) -> coro<> {
    const auto first = co_await s.next();
    EXPECT_EQ(first, 1);
    co_await eddy::sleep(1s);
    EXPECT_EQ(made, 4);  // back-pressure: one was taken, three wait
    const auto second = co_await s.next();
    EXPECT_EQ(second, 2);
    co_await eddy::sleep(1s);
    EXPECT_EQ(made, 5);
  });
}

EDDY_TEST(streams, S75_buffer_lets_making_and_using_overlap) {
  const auto start = eddy::now();
  co_await eddy::for_each(count_up(4, 1s) | streams::buffer(1), [](int) -> coro<> { co_await eddy::sleep(1s); });
  EXPECT_EQ(eddy::now() - start, 5s);
}

EDDY_TEST(streams, S75_merge_gives_items_as_they_come_and_ends_with_the_last) {
  const auto every = [](int count, std::chrono::nanoseconds pause, int sign) -> async_generator<int> {
    for (int i = 1; i <= count; ++i) {
      co_await eddy::sleep(pause);
      co_yield sign* i;
    }
  };
  auto both = streams::merge(every(3, 10ms, 1), every(2, 14ms, -1));
  const numbers got = co_await all_of(std::move(both));
  EXPECT_EQ(got, (numbers{1, -1, 2, -2, 3}));
}

EDDY_TEST(streams, S75_merge_lets_no_source_crowd_out_the_others) {
  auto quick = streams::from(std::views::iota(0, 1000));
  numbers got;
  co_await eddy::with(streams::merge(quick, countdown(3)), [&](auto& s) -> coro<> {
    for (int i = 0; i < 20; ++i) {
      const auto x = co_await s.next();
      got.push_back(*x);
      co_await eddy::sleep(1ms);
    }
  });
  EXPECT_EQ(std::ranges::count_if(got, [](int x) { return x <= 17; }), 20);  // no source ran ahead by more than one
  EXPECT_EQ(std::ranges::count(got, 3) + std::ranges::count(got, 2) + std::ranges::count(got, 1), 6);
}

EDDY_TEST(streams, S75_L6_an_error_of_one_source_comes_out_and_the_others_may_go_on) {
  numbers got;
  std::string text;
  co_await eddy::with(streams::merge(failing(1), countdown(3)), [&](auto& s) -> coro<> {
    while (true) {
      try {
        const auto x = co_await s.next();
        if (!x) co_return;
        got.push_back(*x);
      } catch (const std::runtime_error& e) {
        text += e.what();
      }
    }
  });
  EXPECT_EQ(got, (numbers{1, 3, 2, 1}));
  EXPECT_EQ(text, "source");
}

EDDY_TEST(streams, S75_L6_an_error_that_nobody_stayed_for_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  co_await eddy::with(failing(1) | streams::buffer(5), [](auto& s) -> coro<> {
    const auto x = co_await s.next();
    EXPECT_EQ(x, 1);
    co_await eddy::sleep(1ms);
  });
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: source"});
}

// -- L12: what is cancelled loses nothing
// ---------------------------------------------------------------------------------------

// Takes everything by next() under a limit that is too short for most of them.
template <class S>
coro<numbers> all_under_a_limit(S& s, std::chrono::nanoseconds limit) {
  numbers got;
  for (int round = 0; round < 1000; ++round) {
    try {
      auto x = co_await eddy::wait_for(s.next(), limit);
      if (!x) break;
      got.push_back(*std::move(x));
    } catch (const eddy::timeout_error&) {
    }
  }
  co_return got;
}

EDDY_TEST(streams, L12_S75_a_buffer_keeps_a_generator_from_the_limits_of_its_consumer) {
  co_await eddy::with(count_up(5, 10ms) | streams::buffer(1), [](auto& s) -> coro<> {
    const numbers got = co_await all_under_a_limit(s, 3ms);
    EXPECT_EQ(got, (numbers{1, 2, 3, 4, 5}));
  });
}

EDDY_TEST(streams, L12_S75_an_item_stays_in_map_and_filter_until_their_functions_are_done_with_it) {
  std::chrono::nanoseconds pause = 10ms;
  int calls = 0;
  auto shaped = countdown(3) | streams::filter([&](int) -> coro<bool> {
                  ++calls;
                  co_await eddy::sleep(pause);
                  co_return true;
                }) |
                streams::map([&](int x) -> coro<int> {
                  ++calls;
                  co_await eddy::sleep(pause);
                  pause = calls % 3 == 0 ? 1ms : 10ms;
                  co_return x;
                });
  auto quicker = eddy::create_task([&]() -> coro<> {
    while (true) {
      co_await eddy::sleep(25ms);
      pause = 1ms;
    }
  });
  const numbers got = co_await all_under_a_limit(shaped, 5ms);
  co_await eddy::cancel_and_join(quicker);
  EXPECT_EQ(got, (numbers{3, 2, 1}));
  EXPECT_GT(calls, 6);  // some were called again
}

EDDY_TEST(streams, L12_S75_a_cancelled_batch_keeps_what_it_has_collected) {
  auto plain = countdown(5) | streams::batch(2);
  std::vector<numbers> got;
  for (int round = 0; round < 100; ++round) {
    try {
      auto batch = co_await eddy::wait_for(plain.next(), 1500us);
      if (!batch) break;
      got.push_back(*std::move(batch));
    } catch (const eddy::timeout_error&) {
    }
  }
  EXPECT_EQ(got, (std::vector<numbers>{{5, 4}, {3, 2}, {1}}));
}

EDDY_TEST(streams, L12_S75_a_cancelled_batch_with_a_time_keeps_items_and_its_time) {
  const auto start = eddy::now();
  co_await eddy::with(count_up(3, 1s) | streams::batch(10, 5s), [&](auto& s) -> coro<> {
    for (int i = 0; i < 3; ++i) {
      const auto none = co_await eddy::as_outcome(eddy::wait_for(s.next(), 500ms));
      EXPECT_TRUE(none.has_exception());
    }
    const auto batch = co_await s.next();
    EXPECT_EQ(batch, (numbers{1, 2, 3}));
    EXPECT_EQ(eddy::now() - start, 3s);  // all came, the source is at its end
  });
}

// -- back-pressure, clean-up, every await cancelled
// ------------------------------------------------------------------------------

TEST(streams, S75_L3_plain_shapers_close_their_source_wherever_they_are_cancelled) {
  const auto went = explore([]() -> coro<> {
    auto shaped = owing(3) | streams::map([](int x) { return x; }) | streams::filter([](int x) -> coro<bool> {
                    co_await eddy::sleep(1ms);
                    co_return x > 1;
                  }) |
                  streams::take(2) | streams::batch(2);
    co_await eddy::for_each(std::move(shaped), [](const numbers& batch) { EXPECT_EQ(batch, (numbers{2, 3})); });
  });
  EXPECT_GE(went.cancel_points, 20U);
}

TEST(streams, S75_L3_buffers_close_their_source_wherever_they_are_cancelled) {
  const auto went = explore([]() -> coro<> {
    numbers got;
    co_await eddy::for_each(owing(3) | streams::buffer(2) | streams::map([](int x) { return x; }),
                            [&](int x) -> coro<> {
                              got.push_back(x);
                              co_await eddy::sleep(1ms);
                            });
    EXPECT_EQ(got, (numbers{1, 2, 3}));
  });
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(streams, S75_L3_merges_and_batches_too_also_when_they_are_left) {
  const auto went = explore([]() -> coro<> {
    co_await eddy::with(streams::merge(owing(2), owing(3)) | streams::batch(3, 10ms), [](auto& s) -> coro<> {
      const auto batch = co_await s.next();
      EXPECT_EQ(batch->size(), 3U);
    });
  });
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(streams, L1_S75_no_item_of_a_buffer_is_lost_or_doubled_wherever_next_is_cancelled) {
  numbers given;
  numbers got;
  const auto source = [&]() -> async_generator<int> {
    for (int i = 1; i <= 4; ++i) {
      co_await eddy::sleep(1ms);
      given.push_back(i);
      co_yield i;
    }
  };
  explore(
      [&]() -> coro<> {
        given.clear();
        got.clear();
        co_await eddy::with(source() | streams::buffer(1), [&](auto& s) -> coro<> {
          while (auto x = co_await s.next()) {
            got.push_back(*x);
            co_await eddy::checkpoint();
          }
        });
      },
      eddy::testing::explore_options().check([&] {
        // What is missing is at most what waited in the buffer and what was on its way to it.
        const bool prefix = got.size() <= given.size() && std::equal(got.begin(), got.end(), given.begin());
        return prefix && given.size() - got.size() <= 2 ? "" : "not what was given, in order";
      }));
}

TEST(streams, S75_shutdown_closes_their_sources) {
  tracked::reset();
  eddy::testing::shut_down_during([]() -> coro<> {
    co_await eddy::for_each(streams::merge(owing(3), owing(3)), [](int) -> coro<> { co_await eddy::sleep(1h); });
  });
  EXPECT_EQ(tracked::open(), 0);
}

EDDY_TEST(streams, L9_one_that_owns_a_task_is_used_in_with_only) {
  auto s = countdown(2) | streams::buffer(1);
  const auto end = co_await eddy::as_outcome([&]() -> coro<> { co_await s.next(); });
  EXPECT_TRUE(end.has_exception());
  EXPECT_NE(eddy::detail::describe_exception(end.exception()).find("with("), std::string::npos);
}

}  // namespace
