// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/time.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/base/reports.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using testing::HasSubstr;

namespace {

// [sleep]
coro<> knock_three_times(std::vector<std::chrono::nanoseconds>& knocks) {
  auto start = eddy::now();
  for (int i = 1; i <= 3; ++i) {
    co_await eddy::sleep_until(start + i * 1s);  // deadlines add up exactly, whatever the work between them takes
    knocks.push_back(eddy::now() - start);
  }
  co_await eddy::sleep(500ms);  // other tasks run meanwhile
  knocks.push_back(eddy::now() - start);
}
// [sleep]

EDDY_TEST(guide_time, S20_sleep_and_sleep_until) {
  std::vector<std::chrono::nanoseconds> knocks;
  co_await knock_three_times(knocks);
  EXPECT_THAT(knocks, testing::ElementsAre(1s, 2s, 3s, 3500ms));
}

// [slow]
coro<> write_report() {
  co_await eddy::sleep(1ms);
  std::this_thread::sleep_for(20ms);  // wrong: every other task stands still
  co_await eddy::sleep(1ms);
}

coro<> main_coro() {
  eddy::event_loop::current().set_slow_callback_duration(10ms);  // asyncio's word; 100 ms unless it is set
  co_await eddy::create_task(write_report).name("report");
}

void run_in_debug_mode() { eddy::run(main_coro, eddy::debug); }
// [slow]

TEST(guide_time, S20_S38_a_slow_step_is_reported) {
  std::string reports;
  auto before = eddy::set_report_handler([&reports](const std::string& text) { reports += text; });
  run_in_debug_mode();
  (void)eddy::set_report_handler(std::move(before));
  EXPECT_THAT(reports, HasSubstr("task \"report\""));
  EXPECT_THAT(reports, HasSubstr("held up the loop for "));
  EXPECT_THAT(reports, HasSubstr("going on from write_report (time_test.cpp:"));
}

}  // namespace
