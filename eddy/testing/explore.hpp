// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "eddy/testing/run_test.hpp"

namespace eddy::testing {

/// At which moment of an await `explore` cancels.
enum class moment {
  before,     // the await is reached: ready or not, it must not begin
  waiting,    // it waits
  completed,  // what it waited for has happened, in the very turn; it has not been resumed
};

/// What `explore` went through.
class explore_result {
 public:
  std::size_t runs = 0;           // of the body
  std::size_t cancel_points = 0;  // awaits times moments at which it was cancelled
};

/// What `explore` is told; the defaults are right for in-memory bodies.
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

 private:
  friend explore_result explore(const std::function<coro<>()>& body, const explore_options& options);
  test_clock clock_ = test_clock::virtual_time;
  std::function<std::string()> check_;
  std::size_t limit_ = 20'000;
};

/// Proves that a piece of code can be cancelled anywhere: runs `body` once undisturbed, then again and again,
/// cancelling it at each of its awaits in turn, before it begins, while it waits, and when it has just completed.
///
/// `body` makes everything that it needs anew in each run. After each run nothing may be left: no task, timer,
/// operation, frame, descriptor or child process, no `tracked` resource open or closed twice, no error that reached
/// nobody; and the body must not deadlock. Failures name the moment and the number of the await. Every await in every
/// task of the loop counts. The moments of one kind end when a run is over before the next number is reached, so bodies
/// on real descriptors, whose awaits vary, work too. Use it in a plain TEST.
///
/// @returns how much it went through; also added to the file that EDDY_EXPLORE_LOG names.
explore_result explore(const std::function<coro<>()>& body, const explore_options& options = {});

}  // namespace eddy::testing
