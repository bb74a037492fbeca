// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/context.hpp"
#include "eddy/coro/slow_steps.hpp"

namespace eddy::detail {

class task_state;

/// Who keeps a task alive and is told of its end: the loop's registry, or a group.
class task_owner : public context_host {
 public:
  virtual void task_ended(task_state& task) noexcept = 0;

 protected:
  ~task_owner() = default;
};

/// A loop's tasks: those that belong to no group, and the count of all.
///
/// Lives as long as `run` drives the loop.
class task_registry final : public task_owner, private timer {
 public:
  /// @param grace  How long clean-up of a cancelled context may take before its shields are lifted.
  task_registry(event_loop& loop, std::chrono::nanoseconds grace);
  ~task_registry();
  task_registry(const task_registry&) = delete;
  task_registry& operator=(const task_registry&) = delete;

  event_loop& loop() const noexcept { return loop_; }

  void task_ended(task_state& task) noexcept override;
  std::uint32_t next_number() noexcept { return ++last_number_; }
  void count_started() noexcept { ++alive_; }
  void count_ended(const task_state& task) noexcept {
    --alive_;
    if (by_number_ != nullptr) [[unlikely]]
      forget(task);
  }
  std::size_t alive() const noexcept { return alive_; }

  /// In debug mode: makes find() find it.
  void remember(task_state& task);
  /// The task with this number, if it runs and was started in debug mode; or null.
  task_state* find(std::uint32_t number) const noexcept;
  /// Tasks that have ended and to which there are handles: the end of the loop concerns them.
  intrusive_list<task_state>& ended() noexcept { return ended_; }

  /// Whether the loop shuts down: tasks are born cancelled then.
  bool closing() const noexcept { return closing_; }
  /// Cancels every task, and from now on every new one.
  void close(std::string_view reason);
  void cancel_all(std::string_view reason);
  /// Cancels the task with this number, if it still runs.
  void cancel_number(std::uint32_t number, std::string_view reason);
  /// Lifts the shields of everything that is cancelled, now.
  void lift_shields() noexcept;

  /// The reason of a cancellation that goes out now; the caller gets a share. Those that say the same within a few
  /// milliseconds share one: whoever cancels a hundred thousand tasks reads the clock once.
  cancel_reason& reason_for(std::string_view text);
  /// A cancellation went out: look after its grace whether it has been followed.
  void watch_grace(const cancel_reason& reason);
  /// Every task has ended: there is nothing to look after.
  void stop_watching() noexcept { loop_.scheduler().timers.cancel(*this); }

  /// Calls `visit` for every context, parents first: tasks, the branches inside them, the tasks of their groups.
  void visit_all(const detail::function<void(context&)>& visit);
  /// The same for `root` and what stands below it.
  static void visit_tree(context& root, const detail::function<void(context&)>& visit);
  /// Tasks that belong to no group.
  intrusive_list<task_state>& roots() noexcept { return roots_; }

 private:
  struct numbers;

  void due() noexcept override;
  void forget(const task_state& task) noexcept;
  time_point coarse_now() const noexcept;
  time_point end_of_grace(const cancel_reason& reason) const noexcept;

  event_loop& loop_;
  std::chrono::nanoseconds grace_;
  intrusive_list<task_state> roots_;
  intrusive_list<task_state> ended_;  // with handles
  owned<numbers> by_number_;          // made by the first in debug mode
  std::size_t alive_ = 0;
  std::uint32_t last_number_ = 0;
  bool closing_ = false;
  cancel_reason* last_reason_ = nullptr;  // shared; null before the first cancellation
  time_point last_reason_made_;           // by coarse_now()
  slow_steps slow_steps_;
};

/// The registry of the loop that runs here. @throws misuse_error outside of run.
task_registry& current_registry();

}  // namespace eddy::detail
