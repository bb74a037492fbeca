// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "eddy/coro/run.hpp"

namespace eddy::testing {

/// What the process holds at one moment, to be compared with a later one.
///
/// Frames are those of all threads. A thread counts as left when it is still there a quarter of a second later: one
/// that has just been joined may be on its way out.
///
/// **Thread safety.** Exact only while no other thread starts threads or makes frames.
class leak_check {
 public:
  /// Looks now.
  leak_check();

  /// @returns a line for everything that is there now and was not there before: frames, descriptors,
  /// threads, child processes.  /// Empty when there is nothing.
  std::string compare() const;

  /// The same for what a loop still holds: timers, operations, jobs, promises nobody set.
  static std::string left_in(event_loop& loop);

 private:
  std::int64_t blocks_;
  std::set<int> descriptors_;
  std::set<int> threads_;
};

}  // namespace eddy::testing
