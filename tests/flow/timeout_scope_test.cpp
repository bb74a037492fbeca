// SPDX-License-Identifier: BSL-1.0
// Limits that are deadlines, and limits that their body sets anew.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::now;
using eddy::timeout_scope;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  co_return x;
}

EDDY_TEST(timeout_at, S21_ends_at_its_deadline_and_says_where_it_was_set) {
  const auto begin = now();
  std::string text;
  unsigned line = 0;
  try {
    line = __LINE__ + 1;
    co_await eddy::timeout_at(begin + 3s, [] { return eddy::sleep(1h); });
  } catch (const eddy::timeout_error& e) {
    text = e.what();
    EXPECT_EQ(e.limit(), 0s);
    EXPECT_EQ(e.where().line(), line);
  }
  EXPECT_EQ(now() - begin, 3s);
  EXPECT_EQ(text, "deadline reached, set at timeout_scope_test.cpp:" + std::to_string(line) +
                      ", while waiting for sleep(1 h)");
}

EDDY_TEST(timeout_at, S21_several_steps_share_a_deadline) {
  const auto deadline = now() + 5s;
  const int first = co_await eddy::timeout_at(deadline, after(3s, 1));
  EXPECT_EQ(first, 1);
  bool late = false;
  try {
    co_await eddy::timeout_at(deadline, after(3s, 2));
  } catch (const eddy::timeout_error&) {
    late = true;
  }
  EXPECT_TRUE(late);
  EXPECT_EQ(now(), deadline);
  const int ready = co_await eddy::timeout_at(deadline, []() -> coro<int> { co_return 3; });  // it is past
  EXPECT_EQ(ready, 3);
}

EDDY_TEST(timeout_at, S21_without_a_deadline_there_is_no_limit) {
  const int x = co_await eddy::timeout_at(std::nullopt, after(1000h, 1));
  EXPECT_EQ(x, 1);
}

EDDY_TEST(timeout, S21_takes_an_awaitable_and_wait_for_a_callable_too) {
  const int awaited = co_await eddy::timeout(2s, after(1s, 1));
  EXPECT_EQ(awaited, 1);
  const int called = co_await eddy::wait_for([] { return after(1s, 2); }, 2s);
  EXPECT_EQ(called, 2);
  eddy::queue<int> q;
  q.try_put(3);
  const int got = co_await eddy::wait_for([&] { return q.get(); }, 2s);
  EXPECT_EQ(got, 3);
  auto job = eddy::create_task(after, 1s, 4);
  const int joined = co_await eddy::timeout(2s, job);
  EXPECT_EQ(joined, 4);
}

EDDY_TEST(timeout_scope, S21_the_body_sets_the_limit_anew) {
  const auto begin = now();
  std::optional<eddy::timeout_error> error;
  unsigned line = 0;
  try {
    co_await eddy::timeout(5s, [&](timeout_scope& limit) -> coro<> {
      EXPECT_EQ(limit.when(), begin + 5s);
      co_await eddy::sleep(4s);
      line = __LINE__ + 1;
      EXPECT_TRUE(limit.reschedule(now() + 4s));
      EXPECT_EQ(limit.when(), begin + 8s);
      co_await eddy::sleep(2s);  // past the first limit
      EXPECT_FALSE(limit.expired());
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::timeout_error& e) {
    error = e;
  }
  EXPECT_EQ(now() - begin, 8s);
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->where().line(), line);
  EXPECT_EQ(error->limit(), 0s);
}

EDDY_TEST(timeout_scope, S21_a_limit_can_be_lifted_set_later_and_brought_forward) {
  const int lifted = co_await eddy::timeout(1s, [](timeout_scope& limit) -> coro<int> {
    limit.reschedule(std::nullopt);
    EXPECT_EQ(limit.when(), std::nullopt);
    co_await eddy::sleep(1h);
    co_return 1;
  });
  EXPECT_EQ(lifted, 1);

  const auto begin = now();
  bool late = false;
  try {
    co_await eddy::timeout_at(std::nullopt, [](timeout_scope& limit) -> coro<> {
      EXPECT_EQ(limit.when(), std::nullopt);
      co_await eddy::sleep(10s);
      limit.reschedule(now() + 2s);
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::timeout_error&) {
    late = true;
  }
  EXPECT_TRUE(late);
  EXPECT_EQ(now() - begin, 12s);

  late = false;
  try {
    co_await eddy::timeout(1h, [](timeout_scope& limit) -> coro<> {
      limit.reschedule(now() - 1s);  // in the past: in the next turn
      co_await eddy::sleep(10s);
    });
  } catch (const eddy::timeout_error&) {
    late = true;
  }
  EXPECT_TRUE(late);
  EXPECT_EQ(now() - begin, 12s);
}

// An idle limit: silence of two seconds ends it, however long the whole takes.
EDDY_TEST(timeout_scope, S21_every_sign_of_life_sets_it_anew) {
  const auto begin = now();
  eddy::queue<int> signs;
  auto giver = eddy::create_task([&]() -> coro<> {
    for (int i = 0; i < 5; ++i) {
      co_await eddy::sleep(1500ms);
      signs.try_put(i);
    }
  });
  int seen = 0;
  try {
    co_await eddy::timeout(2s, [&](timeout_scope& limit) -> coro<> {
      while (true) {
        co_await signs.get();
        ++seen;
        limit.reschedule(now() + 2s);
      }
    });
  } catch (const eddy::timeout_error&) {
  }
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(now() - begin, 9500ms);
  co_await giver;
}

EDDY_TEST(timeout_scope, S21_a_limit_that_was_reached_stays_reached) {
  timeout_scope* kept = nullptr;
  bool late = false;
  try {
    co_await eddy::timeout(1s, [&](timeout_scope& limit) -> coro<> {
      co_await eddy::shield([&]() -> coro<> {
        co_await eddy::sleep(2s);
        EXPECT_TRUE(limit.expired());
        EXPECT_FALSE(limit.reschedule(now() + 1h));
      });
      kept = &limit;
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::timeout_error& e) {
    late = true;
    EXPECT_EQ(e.limit(), 1s);
  }
  EXPECT_TRUE(late);
  EXPECT_NE(kept, nullptr);
}

// Program 20: whatever the order of arming, of two limits that are due in one turn the outer one is the answer.
coro<> both_due_at_once(bool inner_armed_first, std::chrono::nanoseconds standstill) {
  bool inner_caught = false;
  bool outer_caught = false;
  const auto deadline = now() + 1s;
  try {
    co_await eddy::timeout(inner_armed_first ? 1h : 1s, [&](timeout_scope& outer) -> coro<> {
      try {
        co_await eddy::timeout_at(deadline, [&]() -> coro<> {
          if (inner_armed_first) outer.reschedule(deadline + standstill / 2);
          if (standstill > 0s) {  // the loop is blocked until both are long due
            auto& scheduler = eddy::context::current().scheduler();
            scheduler.virtual_now = *scheduler.virtual_now + standstill;
          }
          co_await eddy::sleep(1h);
        });
      } catch (const eddy::timeout_error&) {
        inner_caught = true;
      }
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::timeout_error&) {
    outer_caught = true;
  }
  EXPECT_FALSE(inner_caught);
  EXPECT_TRUE(outer_caught);
}

EDDY_TEST(timeout_scope, Ends_20_inner_and_rescheduled_outer_limit_due_in_one_turn) {
  co_await both_due_at_once(false, 0s);
  co_await both_due_at_once(true, 0s);
  co_await both_due_at_once(false, 10s);
  co_await both_due_at_once(true, 10s);
}

TEST(timeout_scope, L3_ends_clean_wherever_it_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    try {
      co_await eddy::timeout(5ms, [](timeout_scope& limit) -> coro<> {
        co_await eddy::with(tracked("a"), [&](tracked&) -> coro<> {
          co_await eddy::sleep(1ms);
          limit.reschedule(now() + 1ms);
          co_await eddy::sleep(1h);
        });
      });
      ADD_FAILURE() << "no timeout";
    } catch (const eddy::timeout_error&) {
    }
    co_await eddy::timeout_at(std::nullopt, [] { return eddy::sleep(1ms); });
  });
  EXPECT_GE(went.cancel_points, 10U);
}

TEST(timeout_scope, L3_shutdown_ends_it) {
  bool unwound = false;
  eddy::testing::shut_down_during([&]() -> coro<> {
    auto note = eddy::on_cancel([&] { unwound = true; });
    co_await eddy::timeout_at(now() + 1h, [](timeout_scope& limit) -> coro<> {
      limit.reschedule(std::nullopt);
      co_await eddy::sleep(1h);
    });
  });
  EXPECT_TRUE(unwound);
}

}  // namespace
