// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include "eddy/base/reports.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/process_pool.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/leak_check.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_functions.hpp"
#include "tests/support/moments.hpp"

namespace {

using namespace eddy;
using namespace eddy::testing;
using namespace eddy::testing::processes;
using namespace std::chrono_literals;

EDDY_IO_TEST(process_pool_cancel, S37_a_job_that_waits_is_withdrawn) {
  gate opened;
  listener_of_workers heard;
  co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
    auto running = create_task([&] { return pool.submit(pass, opened.path(), 7); });
    auto waiting = create_task([&] { return pool.submit(say, "it ran\n"); });
    co_await heard.begun();
    EXPECT_EQ(pool.statistics().queued, 1u);
    co_await cancel_and_join(waiting);
    EXPECT_TRUE(waiting.cancelled());
    EXPECT_EQ(pool.statistics().queued, 0u);
    opened.open();
    const int value = co_await running;
    EXPECT_EQ(value, 7);
  });
  EXPECT_EQ(heard.text(), "begun\n");
}

EDDY_IO_TEST(process_pool_cancel, L1_a_job_that_has_begun_is_waited_for_and_its_value_delivered) {
  gate opened;
  listener_of_workers heard;
  co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
    int got = 0;
    auto job = create_task([&]() -> coro<> { got = co_await pool.submit(pass, opened.path(), 7); });
    co_await heard.begun();
    job.cancel();
    opened.open();
    const auto end = co_await as_outcome(job);
    EXPECT_TRUE(end.has_value());
    EXPECT_EQ(got, 7);
  });
}

EDDY_IO_TEST(process_pool_cancel, S37_cancelling_kills_the_running_job_when_asked_to) {
  listener_of_workers heard;
  co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
    auto job = create_task([&] { return pool.submit(hang).kill_on_cancel(); });
    co_await heard.begun();
    const std::vector<int> before = pool.pids();
    co_await cancel_and_join(job);
    EXPECT_TRUE(job.cancelled());
    EXPECT_NE(::kill(before.at(0), 0), 0);  // it has been reaped
    const int after = co_await pool.submit(pid);
    EXPECT_NE(after, before.at(0));
  });
}

EDDY_IO_TEST(process_pool_cancel, S37_a_limit_ends_an_endless_loop) {
  co_await with(process_pool(1).kill_on_cancel().on_stderr(ignore), [&](process_pool& pool) -> coro<> {
    const int ready = co_await pool.submit(add, 0, 1);
    auto end = co_await as_outcome(wait_for(pool.submit(hang), 1ms));
    EXPECT_THROW(end.value(), timeout_error);
    const int sum = co_await pool.submit(add, 1, ready);
    EXPECT_EQ(sum, 2);
  });
}

// Clean-up that takes longer than its grace is reported; that is what these tests are about.
class reports {
 public:
  reports() : before_(set_report_handler([this](const std::string& text) { text_ += text + "\n"; })) {}
  reports(const reports&) = delete;
  reports& operator=(const reports&) = delete;
  ~reports() { set_report_handler(before_); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  report_handler before_;
};

TEST(process_pool_cancel, S37_after_the_grace_the_worker_is_killed) {
  const reports told;
  listener_of_workers heard;
  bool left = false;
  run(run_options().grace(20ms).handle_interrupt(false), [&]() -> coro<> {
    co_await with(process_pool(1).on_stderr(heard.handler()), [&](process_pool& pool) -> coro<> {
      auto job = create_task([&] { return pool.submit(hang); });
      co_await heard.begun();
      co_await cancel_and_join(job);
      left = job.cancelled();
    });
  });
  EXPECT_TRUE(left);
  EXPECT_NE(told.text().find("a job in process_pool eddy-worker (process "), std::string::npos) << told.text();
}

TEST(process_pool_cancel, S37_a_loop_that_shuts_down_takes_its_workers_along) {
  const reports told;
  const leak_check before;
  for (const int turns : {1, 3, 20, 100}) {
    shut_down_during(
        []() -> coro<> {
          co_await with(process_pool(1).on_stderr(ignore),
                        [](process_pool& pool) -> coro<> { co_await pool.submit(hang); });
        },
        turns);
  }
  EXPECT_EQ(before.compare(), "");
  EXPECT_EQ(told.text(), "");  // it does not wait for the grace
}

// The body leaves before its worker is there, and the clean-up is not given the time to wait for it.
TEST(process_pool_cancel, S37_destroyed_without_leaving_it_kills_and_reaps) {
  const reports told;
  const leak_check before;
  run(run_options().grace(1ms).handle_interrupt(false), []() -> coro<> {
    auto opened = create_task([]() -> coro<> {
      co_await with(process_pool(2).on_stderr(ignore),
                    [](process_pool& pool) -> coro<> { co_await shield(pool.submit(hang)); });
    });
    co_await sleep(0ns);
    co_await cancel_and_join(opened);
  });
  EXPECT_EQ(before.compare(), "");
}

coro<> use_a_pool() {
  co_await with(process_pool(1), [](process_pool& pool) -> coro<> {
    const int sum = co_await pool.submit(add, 1, 2);
    EXPECT_EQ(sum, 3);
  });
}

TEST(process_pool_slow, S37_it_can_be_cancelled_at_every_await) {
  const auto explored = explore(use_a_pool, explore_options().clock(test_clock::real_time));
  EXPECT_GT(explored.cancel_points, 20u);
}

coro<> use_a_pool_and_kill() {
  co_await with(process_pool(1).kill_on_cancel().eager(),
                [](process_pool& pool) -> coro<> { co_await pool.submit(add, 1, 2); });
}

TEST(process_pool_slow, S37_it_can_be_cancelled_and_its_workers_killed_at_every_await) {
  const auto explored = explore(use_a_pool_and_kill, explore_options().clock(test_clock::real_time));
  EXPECT_GT(explored.cancel_points, 20u);
}

}  // namespace
