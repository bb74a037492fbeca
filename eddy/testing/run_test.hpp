// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/run.hpp"

namespace eddy::testing {

/// Which clock a test's loop has: one that jumps to the next deadline when nothing can run, or the real one.
enum class test_clock { virtual_time, real_time };

/// How one run of a test body went.
class test_result {
 public:
  bool cancelled = false;             // the body ended cancelled
  std::string exception;              // what the body threw; empty when it threw nothing
  std::vector<std::string> problems;  // leaks, deadlocks, errors that reached nobody else: a sentence each
  std::vector<std::string> handled;   // errors that reached the loop's handler, where the settings allow it

  bool clean() const noexcept { return exception.empty() && problems.empty(); }
};

/// How a body is run; the defaults are those of EDDY_TEST.
class body_settings {
 public:
  test_clock clock = test_clock::virtual_time;
  /// Called on the loop's thread with the runner and the main task before anything runs.
  std::function<void(runner_base&, detail::task_state&)> prepare;
  bool may_leave_tasks = false;         // the loop is closed while tasks run: that they are left is no problem
  bool may_use_handler = false;         // errors are made on purpose: that they reach the handler is no problem
  bool may_interrupt_clean_up = false;  // shields are lifted: clean-up that has begun need not come to its end
};

/// Runs `body` as a program of its own and looks what is left: the engine of EDDY_TEST and `explore`.
test_result run_body(const std::function<coro<>()>& body, const body_settings& settings);
/// The same with the settings of EDDY_TEST.
test_result run_body(const std::function<coro<>()>& body, test_clock clock);

/// The same, every problem reported to GoogleTest.
void run_test(const std::function<coro<>()>& body, test_clock clock);

}  // namespace eddy::testing
