// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/os/detail/process_job.hpp"
#include "eddy/os/detail/worker_process.hpp"
#include "eddy/sync/event.hpp"

namespace eddy::detail {

class worker_life;

/// What a process_pool is told before it is entered.
struct process_pool_settings : worker_settings {
  std::size_t workers = 0;
  std::size_t max_jobs = 0;  // a worker; 0 for no limit
  bool eager = false;
  bool kill_on_cancel = false;
  std::vector<std::byte> initializer;  // a call that each worker begins with; empty for none
};

/// What a pool, its jobs and the tasks of its workers share.
///
/// Each worker has a task, its *life*, from the start of the process to its end. Invariants: (1) `idle_` holds the
/// lives whose worker waits for a job, the most recent first; (2) `coming_` counts the lives that were woken or started
/// and have not yet looked at the queue; (3) while jobs are queued beyond `coming_`, nobody is idle and no further
/// worker may be started.
class process_pool_core : public std::enable_shared_from_this<process_pool_core> {
 public:
  process_pool_settings settings;

  /// Opens the pool; with eager workers, waits until they are there.
  coro<> start();
  /// Takes no more jobs; ends those that there are, or only `finish`es them; waits until all workers have gone.
  coro<> stop(bool finish);
  /// The same at once, without waiting: kills what runs.
  void abort() noexcept;

  std::size_t queued() const noexcept { return queued_; }
  std::size_t busy() const noexcept;
  std::vector<int> pids() const;

 private:
  friend class process_job;
  friend class worker_life;

  enum class phase : unsigned char { fresh, open, finishing, closed };

  void enqueue(process_job& job);
  bool withdraw(process_job& job) noexcept;
  process_job* take_job(worker_life& life) noexcept;
  void put_back(process_job& job) noexcept;
  /// Wakes and starts workers for the jobs that nobody comes for.
  void provide();
  void start_succeeded();
  void start_failed(const std::exception_ptr& error);
  void report_start_failure() noexcept;
  void fail_queued(const char* why) noexcept;
  void check_open() const;
  bool all_greeted() const noexcept;

  event_loop* loop_ = nullptr;
  phase phase_ = phase::fresh;
  intrusive_list<process_job> queue_;
  std::size_t queued_ = 0;
  std::vector<worker_life*> lives_;
  intrusive_list<worker_life> idle_;
  std::size_t coming_ = 0;
  bool starts_fail_ = false;          // the last worker could not start: no further one while others are there
  std::exception_ptr start_failure_;  // nobody has been told yet
  bool entering_ = false;             // start() waits, and throws it
  event changed_;                     // set whenever a life has changed its state
};

}  // namespace eddy::detail
