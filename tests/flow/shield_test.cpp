// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/shield.hpp"

#include <stdexcept>
#include <string>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<int> work(bool fails = false) {
  co_await eddy::sleep(1s);
  if (fails) throw std::runtime_error("work");
  co_return 7;
}

EDDY_TEST(shield, S23_gives_value_and_exception) {
  const int x = co_await eddy::shield(work());
  EXPECT_EQ(x, 7);
  std::string text;
  try {
    co_await eddy::shield([] { return work(true); });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "work");
}

EDDY_TEST(shield, S23_completes_before_the_cancellation_is_delivered_at_the_next_await) {
  int got = 0;
  bool went_on = false;
  auto job = eddy::create_task([&]() -> coro<> {
    got = co_await eddy::shield(work());
    co_await eddy::checkpoint();
    went_on = true;
  });
  co_await eddy::sleep(500ms);
  job.cancel();
  co_await eddy::sleep(1s);
  EXPECT_EQ(got, 7);
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(job.cancelled());
}

EDDY_TEST(shield, S23_beside_it_stop_waiting_and_leave_the_task) {
  auto task = eddy::create_task(work, false);
  bool expired = false;
  try {
    co_await eddy::wait_for(task, 500ms);
  } catch (const eddy::timeout_error&) {
    expired = true;
  }
  EXPECT_TRUE(expired);
  const int x = co_await task;
  EXPECT_EQ(x, 7);
}

EDDY_TEST(shield, S23_protects_everything_inside) {
  bool whole = false;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::shield([&]() -> coro<> {
      co_await eddy::timeout(5s, [] { return eddy::sleep(1s); });
      co_await eddy::sleep(1s);
      whole = true;
    });
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_TRUE(whole);
}

EDDY_TEST(shield, S23_limits_inside_it_still_count) {
  bool expired = false;
  co_await eddy::shield([&]() -> coro<> {
    try {
      co_await eddy::timeout(1s, [] { return eddy::sleep(1h); });
    } catch (const eddy::timeout_error&) {
      expired = true;
    }
  });
  EXPECT_TRUE(expired);
}

TEST(shield, S23_the_part_is_done_wholly_or_not_begun_wherever_it_is_cancelled) {
  int begun = 0;
  int ended = 0;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        begun = ended = 0;
        co_await eddy::sleep(1ms);
        co_await eddy::shield([&]() -> coro<> {
          ++begun;
          co_await eddy::sleep(1ms);
          co_await eddy::checkpoint();
          ++ended;
        });
        co_await eddy::sleep(1ms);
      },
      eddy::testing::explore_options().check([&] { return begun == ended ? "" : "it was torn"; }));
  EXPECT_GE(went.cancel_points, 10U);
}

TEST(shield, S23_shutdown_waits_for_it) {
  bool whole = false;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::shield(eddy::sleep(2ms));
    whole = true;
  });
  EXPECT_TRUE(whole);
}

}  // namespace
