// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/timeout.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::explore;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  co_return x;
}

EDDY_TEST(timeout, S21_a_value_in_time_is_the_value) {
  const int waited = co_await eddy::wait_for(after(1s, 3), 2s);
  EXPECT_EQ(waited, 3);
  const int body = co_await eddy::timeout(2s, []() -> coro<int> {
    const int x = co_await after(1s, 4);
    co_return x;
  });
  EXPECT_EQ(body, 4);
}

EDDY_TEST(timeout, S21_is_exact_and_says_which_limit_where_and_what_was_waited_for) {
  const auto begin = eddy::now();
  std::optional<eddy::timeout_error> error;
  unsigned line = 0;
  try {
    line = __LINE__ + 1;
    co_await eddy::wait_for(after(1h, 3), 1500ms);
  } catch (const eddy::timeout_error& e) {
    error = e;
  }
  EXPECT_EQ(eddy::now() - begin, 1500ms);
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit(), 1500ms);
  EXPECT_EQ(error->where().line(), line);
  EXPECT_EQ(std::string(error->what()), "limit of 1.5 s reached, set at timeout_test.cpp:" + std::to_string(line) +
                                            ", while waiting for sleep(1 h)");
}

EDDY_TEST(timeout, S21_names_the_innermost_wait_through_scopes) {
  eddy::queue<int> q;
  std::string text;
  try {
    co_await eddy::timeout(250ms, [&]() -> coro<> {
      co_await eddy::with(tracked("outer"), [&](tracked&) -> coro<> {
        co_await eddy::shield(eddy::sleep(1ms));
        co_await q.get();
      });
    });
  } catch (const eddy::timeout_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("limit of 250 ms reached"), std::string::npos) << text;
  EXPECT_NE(text.find("while waiting for queue::get"), std::string::npos) << text;
}

EDDY_TEST(timeout, S21_an_exception_of_the_body_is_the_exception) {
  std::string text;
  try {
    co_await eddy::timeout(1s, []() -> coro<> {
      co_await eddy::sleep(1ms);
      throw std::runtime_error("body");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "body");
}

EDDY_TEST(timeout, L3_12_a_body_that_throws_before_it_is_a_coroutine_disarms_the_limit) {
  std::string text;
  try {
    co_await eddy::timeout(1s, []() -> coro<> { throw std::runtime_error("no coroutine"); });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "no coroutine");
  co_await eddy::sleep(2s);
}

EDDY_TEST(timeout, Ends_a_value_that_comes_although_the_limit_has_passed_is_delivered) {
  const auto begin = eddy::now();
  const int x = co_await eddy::wait_for(eddy::shield(after(3s, 5)), 1s);
  EXPECT_EQ(x, 5);
  EXPECT_EQ(eddy::now() - begin, 3s);
}

EDDY_TEST(timeout, Ends_an_exception_that_comes_although_the_limit_has_passed_is_delivered) {
  std::string text;
  try {
    co_await eddy::timeout(1s, []() -> coro<> {
      co_await eddy::shield(eddy::sleep(3s));
      throw std::runtime_error("late");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "late");
}

EDDY_TEST(timeout, S21_a_limit_of_nothing_lets_pass_what_is_ready) {
  eddy::queue<int> q;
  q.try_put(1);
  const int x = co_await eddy::wait_for(q.get(), 0s);
  EXPECT_EQ(x, 1);
  bool expired = false;
  try {
    co_await eddy::wait_for(q.get(), -1s);
  } catch (const eddy::timeout_error&) {
    expired = true;
  }
  EXPECT_TRUE(expired);
}

EDDY_TEST(timeout, S21_the_longest_limit_there_is_never_comes) {
  const int x = co_await eddy::wait_for(after(1h, 1), std::chrono::nanoseconds::max());
  EXPECT_EQ(x, 1);
}

EDDY_TEST(timeout, S21_of_nested_limits_the_outer_one_wins_when_it_is_first) {
  const auto begin = eddy::now();
  std::string inner;
  std::string outer;
  try {
    co_await eddy::timeout(1s, [&]() -> coro<> {
      try {
        co_await eddy::timeout(2s, [] { return eddy::sleep(1h); });
      } catch (const eddy::timeout_error& e) {
        inner = e.what();
      }
    });
  } catch (const eddy::timeout_error& e) {
    outer = e.what();
    EXPECT_EQ(e.limit(), 1s);
  }
  EXPECT_EQ(inner, "");
  EXPECT_NE(outer, "");
  EXPECT_EQ(eddy::now() - begin, 1s);
}

EDDY_TEST(timeout, S21_of_nested_limits_the_inner_one_is_an_error_that_can_be_handled) {
  int tries = 0;
  try {
    co_await eddy::timeout(10s, [&]() -> coro<> {
      while (true) {
        try {
          co_await eddy::timeout(3s, [&]() -> coro<> {
            ++tries;
            co_await eddy::sleep(1h);
          });
        } catch (const eddy::timeout_error& e) {
          EXPECT_EQ(e.limit(), 3s);
        }
      }
    });
  } catch (const eddy::timeout_error& e) {
    EXPECT_EQ(e.limit(), 10s);
  }
  EXPECT_EQ(tries, 4);
}

// Program 20: no matter which of the two timers fires first, the outer one is the answer.
coro<> both_due_at_once(std::chrono::nanoseconds limit, bool inner_armed_first) {
  bool inner_caught = false;
  bool outer_caught = false;
  try {
    co_await eddy::timeout(limit, [&]() -> coro<> {
      if (inner_armed_first) co_await eddy::sleep(0s);
      try {
        co_await eddy::timeout(limit, [] { return eddy::sleep(1h); });
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

EDDY_TEST(timeout, Ends_20_inner_and_outer_limit_due_in_one_turn) {
  co_await both_due_at_once(1s, false);
  co_await both_due_at_once(1s, true);
  co_await both_due_at_once(0s, false);
}

EDDY_TEST(timeout, Ends_20_a_limit_and_a_cancellation_in_one_turn) {
  bool caught = false;
  eddy::task<> job = eddy::create_task([&]() -> coro<> {
    try {
      co_await eddy::timeout(1s, [] { return eddy::sleep(1h); });
    } catch (const eddy::timeout_error&) {
      caught = true;
    }
    co_await eddy::sleep(0s);
  });
  // Armed before the limit, due with it: it runs when the limit has fired and its branch has not yet ended.
  eddy::event_loop::current().call_later(1s, [&] { job.cancel(); });
  co_await eddy::sleep(2s);
  EXPECT_FALSE(caught) << "the news of the limit went before its own cancellation";
  EXPECT_TRUE(job.cancelled());
}

// Program 20: what has come is not refused because the loop was blocked until after the limit.
EDDY_IO_TEST(timeout, L7_20_a_deadline_never_beats_what_completed_before_it_fires) {
  eddy::event e;
  auto job = eddy::create_task([&]() -> coro<> { co_await eddy::wait_for(e.wait(), 5ms); });
  co_await eddy::sleep(0s);
  e.set();
  std::this_thread::sleep_for(10ms);  // the whole loop stands still
  co_await job;
  EXPECT_EQ(job.exception(), nullptr);
}

// -- program 8: a stream survives the limit on its next()
// -----------------------------------------------------------------------

/// Like lines of a socket: next() gives the oldest.
class lines {
 public:
  explicit lines(eddy::queue<int>& source) : source_(&source) {}
  auto next() { return source_->get(); }

 private:
  eddy::queue<int>* source_;
};

TEST(timeout, L12_8_a_stream_goes_on_after_every_limit_on_its_next) {
  std::vector<int> got;
  int pings = 0;
  eddy::testing::explore(
      [&]() -> coro<> {
        got.clear();
        pings = 0;
        eddy::queue<int> source;
        lines stream(source);
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          group.create_task([&]() -> coro<> {
            for (int i = 0; i < 4; ++i) {
              co_await eddy::sleep(30s);  // now and then just when the limit is due
              source.try_put(i);
            }
          });
          while (got.size() < 4) {
            try {
              const int line = co_await eddy::wait_for(stream.next(), 20s);
              got.push_back(line);
            } catch (const eddy::timeout_error&) {
              ++pings;
            }
          }
        });
      },
      eddy::testing::explore_options().check([&]() -> std::string {
        for (std::size_t i = 0; i < got.size(); ++i)
          if (got[i] != static_cast<int>(i)) return "a line is missing or came twice";
        return "";
      }));
  EXPECT_LE(pings, 7);
}

TEST(timeout, L3_ends_clean_wherever_it_is_cancelled) {
  const auto went = explore([]() -> coro<> {
    try {
      co_await eddy::timeout(
          2ms, []() -> coro<> { co_await eddy::with(tracked("a"), [](tracked&) { return eddy::sleep(1h); }); });
      ADD_FAILURE() << "no timeout";
    } catch (const eddy::timeout_error&) {
    }
    co_await eddy::wait_for(eddy::sleep(1ms), 1s);
    co_await eddy::sleep(2s);
  });
  EXPECT_GE(went.cancel_points, 10U);
}

TEST(timeout, L3_shutdown_ends_it) {
  bool unwound = false;
  eddy::testing::shut_down_during([&]() -> coro<> {
    auto note = eddy::on_cancel([&] { unwound = true; });
    co_await eddy::timeout(1h, [] { return eddy::sleep(1h); });
  });
  EXPECT_TRUE(unwound);
}

// asyncio's wait_for once swallowed a cancellation that came while the inner task completed (bpo-37658 and relatives).
EDDY_TEST(timeout, S21_S22_wound_wait_for_does_not_swallow_a_cancellation_that_comes_with_the_result) {
  eddy::event e;
  bool after_it = false;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::wait_for(e.wait(), 1h);
    co_await eddy::sleep(0s);
    after_it = true;
  });
  co_await eddy::sleep(0s);
  e.set();
  job.cancel();
  co_await eddy::sleep(1s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_FALSE(after_it);
}

}  // namespace
