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

  bool clean() const noexcept { return exception.empty() && problems.empty(); }
};

/// Runs `body` as a program of its own and looks what is left: the engine of EDDY_TEST and `explore`.
///
/// @param prepare  Called on the loop's thread with the runner and the main task before anything runs.
test_result run_body(const std::function<coro<>()>& body, test_clock clock,
                     const std::function<void(runner_base&, detail::task_state&)>& prepare = {});

/// The same, every problem reported to GoogleTest.
void run_test(const std::function<coro<>()>& body, test_clock clock);

}  // namespace eddy::testing
