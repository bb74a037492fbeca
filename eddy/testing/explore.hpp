// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "eddy/testing/explore_result.hpp"
#include "eddy/testing/moment.hpp"
#include "eddy/testing/run_test.hpp"

namespace eddy::testing {

/// What `explore` is told; the defaults are right for in-memory bodies.
///
/// Each kind of disturbance costs about three runs for each await of the body.
class explore_options {
 public:
  /// The clock of every run. Default: virtual.
  explore_options& clock(test_clock which) {
    clock_ = which;
    return *this;
  }
  /// Called after each run; a text that is not empty is a failure: for what the body's own objects must be like.
  explore_options& check(std::function<std::string()> check) {
    check_ = std::move(check);
    return *this;
  }
  /// Stops after so many runs. Default 20,000.
  explore_options& limit(std::size_t runs) {
    limit_ = runs;
    return *this;
  }
  /// Whether failures fail the GoogleTest case. Default: yes. If not, look at explore_result::failures.
  explore_options& report(bool on) {
    report_ = on;
    return *this;
  }

  /// Also lets a limit around the body run out at each await: as wait_for would, so its task is not cancelled.
  explore_options& timeouts(bool on = true) {
    timeouts_ = on;
    return *this;
  }
  /// Also cancels the task that awaits alone, at each await. The body has to bear `cancelled_error` from its tasks.
  explore_options& single_tasks(bool on = true) {
    single_tasks_ = on;
    return *this;
  }
  /// Also shuts the loop down at each await: all tasks are cancelled, and new ones are born cancelled.
  explore_options& closing(bool on = true) {
    closing_ = on;
    return *this;
  }
  /// Also cancels at each await and then again at every later one.
  explore_options& second_cancel(bool on = true) {
    second_cancel_ = on;
    return *this;
  }
  /// Also cancels at each await and lifts the shields at the next: clean-up is cut short at its first wait. What
  /// `tracked` began to close counts as closed then; whatever must hold even so belongs into destructors.
  explore_options& lifted_shields(bool on = true) {
    lifted_shields_ = on;
    return *this;
  }
  /// Also lets each request to the system, and to a memory_pipe, fail with each of its declared_faults(), or move one
  /// byte only. The body may throw then, or bear it.
  explore_options& faults(bool on = true) {
    faults_ = on;
    return *this;
  }
  /// Also lets each clean-up of a `tracked` throw. The error has to come out of the body or reach the loop's handler.
  explore_options& failing_clean_up(bool on = true) {
    failing_clean_up_ = on;
    return *this;
  }
  /// Also two at once: after a timeout, a fault or a failed clean-up, a cancellation at each later await. The number of
  /// runs grows with the square of the awaits.
  explore_options& pairs(bool on = true) {
    pairs_ = on;
    return *this;
  }
  /// All of these but single_tasks() and pairs().
  explore_options& everything() {
    return timeouts().closing().second_cancel().lifted_shields().faults().failing_clean_up();
  }

 private:
  friend class exploration;
  test_clock clock_ = test_clock::virtual_time;
  std::function<std::string()> check_;
  std::size_t limit_ = 20'000;
  bool report_ = true;
  bool timeouts_ = false;
  bool single_tasks_ = false;
  bool closing_ = false;
  bool second_cancel_ = false;
  bool lifted_shields_ = false;
  bool faults_ = false;
  bool failing_clean_up_ = false;
  bool pairs_ = false;
};

/// Proves that a piece of code can be cancelled anywhere: runs `body` once undisturbed, then again and again,
/// cancelling it at each of its awaits in turn, before it begins, while it waits, and when it has just completed.
/// `options` add other disturbances, each at every await.
///
/// `body` makes everything that it needs anew in each run. After each run nothing may be left: no task, timer,
/// operation, frame, descriptor, thread or child process, no `tracked` resource open or closed twice, no `ledger` out
/// of balance, no descriptor closed by somebody else, no error that reached nobody; and the body must not deadlock.
/// Failures name the moment and the number of the await. Every await in every task of the loop counts. The moments of
/// one kind end when a run is over before the next number is reached, so bodies on real descriptors, whose awaits vary,
/// work too; the result then says that they are not repeatable. It ends with the first run that fails. Use it in a
/// plain TEST.
///
/// @returns how much it went through; also added to the file that EDDY_EXPLORE_LOG names.
explore_result explore(const std::function<coro<>()>& body, const explore_options& options = {});

}  // namespace eddy::testing
