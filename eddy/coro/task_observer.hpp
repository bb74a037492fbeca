// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <source_location>
#include <string>

#include "eddy/base/outcome.hpp"
#include "eddy/coro/context.hpp"

namespace eddy {

/// What steps of a task cost. A step is what runs between two waits; `elapsed` beyond `cpu` is time in which it blocked
/// the whole loop.
struct step_time {
  std::chrono::nanoseconds cpu{};      // that the thread was running
  std::chrono::nanoseconds elapsed{};  // by the real clock
};

namespace detail {

class task_state;
class task_watch;

}  // namespace detail

/// A task as an observer is shown it. Valid during the call alone.
class observed_task {
 public:
  std::uint32_t number() const noexcept;
  /// As set by task::name, or "task <number>".
  std::string name() const;
  /// Gives it a name: in created() a factory's chance to name every task.
  void name(std::string name);
  /// What to add times up by: the name if it was given one, else the coroutine's function.
  std::string kind() const;
  /// The coroutine's function.
  std::source_location function() const noexcept;

  /// Its steps so far, as far as they were observed: how many, and what they cost.
  std::uint64_t steps() const noexcept { return steps_; }
  step_time total() const noexcept { return total_; }

 private:
  friend class detail::task_watch;
  explicit observed_task(detail::task_state& task) noexcept : task_(&task) {}

  detail::task_state* task_;
  std::uint64_t steps_ = 0;
  step_time total_;
};

/// Is told of every task of a loop: what to derive from for tracing, metrics, and names for tasks.
///
/// It is called in the middle of the loop's work: it must not await, and should be quick. What it throws reaches the
/// loop's exception handler. Put it into service with a `task_observation`.
///
/// **Thread safety.** Called on the loop's thread alone.
/// **In asyncio.** `set_task_factory`, as far as it is used to see tasks or to name them. A factory that wraps
/// coroutines is an ordinary function here: `create_task(traced, f)`.
class task_observer {
 public:
  virtual ~task_observer() = default;
  /// It was created and has not run.
  virtual void created(observed_task& task) { (void)task; }
  /// It has made a step, which cost `time`. Steps of its branches count as its own.
  virtual void ran(observed_task& task, const step_time& time) { (void)task, (void)time; }
  /// It has ended so; its last step was told before.
  virtual void finished(observed_task& task, const outcome<>& how) { (void)task, (void)how; }
};

/// Shows a loop's tasks to an observer as long as it lives.
///
/// Time is measured only while some observation lives: two looks at two clocks a step. Without one a step costs a
/// single branch that is not taken. Tasks that are there already are observed from now on.
class [[nodiscard("the observer is told of tasks as long as this object lives")]] task_observation {
 public:
  /// @param observer  Has to outlive it.
  explicit task_observation(task_observer& observer, event_loop& loop = event_loop::current());
  ~task_observation();
  task_observation(const task_observation&) = delete;
  task_observation& operator=(const task_observation&) = delete;

 private:
  std::shared_ptr<detail::task_watch> watch_;
  task_observer* observer_;
};

/// An observer that adds up: how many tasks of each name there were, how they ended and what their steps cost.
///
/// `task_times times; task_observation watching(times); ... times.by_name()`.
class task_times final : public task_observer {
 public:
  struct entry {
    std::uint64_t created = 0;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t steps = 0;
    step_time time;
  };

  task_times();
  task_times(const task_times& other);
  task_times(task_times&& other) noexcept;
  task_times& operator=(const task_times& other);
  task_times& operator=(task_times&& other) noexcept;
  ~task_times() override;

  void created(observed_task& task) override;
  void ran(observed_task& task, const step_time& time) override;
  void finished(observed_task& task, const outcome<>& how) override;

  /// By a task's name at the time of the step; those without a name by their function.
  const std::map<std::string, entry>& by_name() const noexcept { return entries_; }

 private:
  std::map<std::string, entry> entries_;
};

}  // namespace eddy
