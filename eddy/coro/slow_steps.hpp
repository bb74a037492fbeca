// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <source_location>
#include <typeinfo>

#include "eddy/loop/event_loop.hpp"

namespace eddy::detail {

class task_state;

/// Debug mode's look at every step: reports those that hold up the loop, with the task's name, where the step began
/// and where the task stands now. One loop's own.
class slow_steps final : public step_observer {
 public:
  explicit slow_steps(event_loop& loop) noexcept : loop_(loop) {}
  slow_steps(const slow_steps&) = delete;
  slow_steps& operator=(const slow_steps&) = delete;

  void step_begins(runnable& node) noexcept override;
  void step_ended() noexcept override;

 private:
  void report_slow(std::chrono::nanoseconds time) const;

  event_loop& loop_;
  clock::time_point began_;
  task_state* task_ = nullptr;            // whose step it is, kept until its end; null: a callback's
  std::source_location from_;             // the await from which the task goes on
  const std::type_info* kind_ = nullptr;  // what it is otherwise
};

}  // namespace eddy::detail
