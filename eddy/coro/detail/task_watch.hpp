// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "eddy/coro/task_observer.hpp"

namespace eddy::detail {

/// What one loop's observers share: measures steps and tells them. There as long as there is an observer.
class task_watch final : public step_observer, public std::enable_shared_from_this<task_watch> {
 public:
  explicit task_watch(scheduler& s) noexcept : scheduler_(s) { s.set_steps(this); }
  ~task_watch();
  task_watch(const task_watch&) = delete;
  task_watch& operator=(const task_watch&) = delete;

  /// The loop's watch; null when nobody observes.
  static task_watch* of(scheduler& s) noexcept { return static_cast<task_watch*>(s.steps()); }

  void add(task_observer& observer) { observers_.push_back(&observer); }
  void remove(task_observer& observer) noexcept;

  void step_begins(runnable& node) noexcept override;
  void step_ended() noexcept override;
  void task_created(task_state& task) noexcept;
  void task_finished(task_state& task) noexcept;

 private:
  // A step that runs; a task that is started at once has one inside of its creator's.
  struct running_step {
    task_state* task;  // kept; null when it is no task's, or the task has ended
    step_time before;  // the time of this step so far, without the steps inside of it
  };

  static step_time clocks() noexcept;
  void charge() noexcept;
  void tell_ran(task_state& task, const step_time& time) noexcept;
  observed_task& shown(task_state& task);
  template <class F>
  void tell(F f) noexcept;

  scheduler& scheduler_;
  std::vector<task_observer*> observers_;  // null: removed while observers are told
  unsigned telling_ = 0;
  std::vector<running_step> steps_;
  step_time last_;                                // the clocks when the innermost step was charged last
  std::map<std::uint32_t, observed_task> shown_;  // by number
};

}  // namespace eddy::detail
