// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "eddy/flow/task_group.hpp"
#include "eddy/os/detail/process_pool_core.hpp"

namespace eddy::detail {

/// One worker process of a pool, from its start to its end, and the job that it has.
///
/// An argument of its task, so that it goes also when the task never gets to run.
class worker_life : public list_hook {
 public:
  explicit worker_life(std::shared_ptr<process_pool_core> pool);
  worker_life(const worker_life&) = delete;
  worker_life& operator=(const worker_life&) = delete;
  /// Unwound: kills the worker, and with it the whole pool, since only its end or the loop's cancels a life.
  ~worker_life();

  void kill() noexcept {
    if (worker_) worker_->kill();
  }
  /// In order when it has nothing to do, else by force.
  void end_now(const char* why) noexcept;
  /// There may be a job, or another reason to look.
  void wake() noexcept { wake_.set(); }
  /// Counts it as coming to look at the queue, or takes the count back.
  void come() noexcept;
  void arrived() noexcept;
  /// Starts its task.
  static void start(std::unique_ptr<worker_life> self);
  void cancel() noexcept { task_.cancel("the process_pool is closed"); }
  int pid() const noexcept { return worker_ ? worker_->pid() : 0; }
  bool greeted() const noexcept { return greeted_; }
  bool busy() const noexcept { return job_ != nullptr; }

 private:
  static coro<> live(std::unique_ptr<worker_life> self);
  static coro<> watch(worker_life& life);
  coro<> serve(task_group& group);
  coro<bool> greet();
  coro<bool> initialize();
  coro<> take_jobs();
  coro<> next_job();
  coro<bool> converse();
  coro<> see_off(task<> end, task<> errors);

  void end();
  void leave_pool() noexcept;
  void return_job() noexcept;
  void settle_job(const std::exception_ptr& failure) noexcept;
  std::exception_ptr broken(const std::string& what) const;

  std::shared_ptr<process_pool_core> pool_;
  task<> task_;
  std::optional<worker_process> worker_;
  process_job* job_ = nullptr;
  event wake_;
  std::exception_ptr failure_;  // what went wrong
  std::string complaint_;       // why it was killed, when that was no job's wish
  bool coming_ = false;         // counted in pool_->coming_
  bool greeted_ = false;
  bool gone_ = false;   // the process has ended
  bool ended_ = false;  // the task has come to its end by itself
};

}  // namespace eddy::detail
