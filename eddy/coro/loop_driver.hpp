// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>

#include "eddy/base/function.hpp"
#include "eddy/coro/task.hpp"

namespace eddy::detail {

/// Runs a loop's tasks and ends them: what `run`, `runner` and a loop that is driven by hand share.
///
/// Belongs to its loop, and lives as long as that.
class loop_driver final : public loop_companion {
 public:
  static constexpr std::chrono::seconds usual_grace{10};

  /// The loop's own, made with the usual settings when it has none.
  static loop_driver& of(event_loop& loop);
  /// Gives a new loop a driver with settings of one's own.
  static loop_driver& attach(event_loop& loop, std::chrono::nanoseconds grace, bool handle_interrupt);

  task_registry& registry() noexcept { return registry_; }

  /// Starts `main` and runs the loop until it and everything else has ended. @throws interrupted after Ctrl-C.
  void run_all(task_state& main);
  /// Runs the loop until `task`, which was started, has ended. Others stay. @throws interrupted; misuse_error when
  /// stop() came first
  void run_until_ended(task_state& task);
  /// Runs the loop until stop(). @throws interrupted
  void run_forever();
  void stop();
  void close() override;

  /// What to do when nothing is runnable, scheduled or outstanding. The default reports it, once.
  detail::function<void()> on_deadlock;
  /// The report: who waits for whom, and the tree of tasks.
  std::string describe_deadlock();
  /// How long a loop that waits for promises alone may be idle until that counts as a deadlock. In debug mode and on a
  /// virtual clock only; otherwise for ever, since another thread may set one.
  std::chrono::nanoseconds patience = std::chrono::seconds(5);
  /// Called when main has ended, before the others are cancelled.
  detail::function<void()> on_main_ended;
  /// Set by on_deadlock to stop although tasks are left, which then leak: for tests that have failed anyway.
  bool give_up = false;

 private:
  class interrupt;
  /// What a run is for; decides what Ctrl-C and stop() mean.
  enum class purpose { nothing, program, one_task, for_ever, closing };

  loop_driver(event_loop& loop, std::chrono::nanoseconds grace, bool handle_interrupt);

  /// Turns until `done`, as the thread's current loop. @returns whether Ctrl-C came.
  bool drive(purpose why, task_state* main, const detail::function<void()>& body);
  void turn_until(const bool& done);
  void shut_down();
  void look_for_deadlock(bool waited_long);
  void report_deadlock();

  event_loop& loop_;
  task_registry registry_;
  bool handle_interrupt_;
  bool deadlock_reported_ = false;
  bool stopped_ = false;  // by stop() or Ctrl-C, for this run
  purpose purpose_ = purpose::nothing;
};

}  // namespace eddy::detail
