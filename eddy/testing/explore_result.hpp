// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace eddy::testing {

/// What `explore` or `explore_orders` went through, and what it found.
class explore_result {
 public:
  std::size_t runs = 0;             // of the body
  std::size_t cancel_points = 0;    // awaits times moments at which it was cancelled
  std::size_t task_cancels = 0;     // the same, the awaiting task alone
  std::size_t timeouts = 0;         // ... at which a limit around it was reached
  std::size_t closings = 0;         // ... at which the loop was shut down
  std::size_t second_cancels = 0;   // ... at which it was cancelled, and then again at every later one
  std::size_t lifted_shields = 0;   // ... at which it was cancelled, and its shields lifted later
  std::size_t faults = 0;           // errors and short counts of requests
  std::size_t clean_up_errors = 0;  // clean-ups of `tracked` that threw
  std::size_t pairs = 0;            // two of these in one run
  std::size_t orders = 0;           // schedules
  bool exhausted = false;           // explore_orders: there is no other order

  /// Whether an undisturbed run is the same every time; if not, `why_unrepeatable` says in a sentence how two differed.
  /// Such a body uses real descriptors, threads or the real clock: what was found may not show again.
  bool repeatable = true;
  std::string why_unrepeatable;

  /// What is wrong: the first run that failed, a sentence for each problem.
  std::vector<std::string> failures;
  /// What to set EDDY_SEED to so that explore_orders repeats the failure; empty when there is none.
  std::string seed;

  bool clean() const noexcept { return failures.empty(); }
};

}  // namespace eddy::testing
