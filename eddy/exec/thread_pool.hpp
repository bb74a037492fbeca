// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "eddy/coro/context.hpp"
#include "eddy/loop/scheduler.hpp"

namespace eddy {

namespace detail {

class pool_core;

/// Work for a thread of a pool that comes back to the loop which gave it.
///
/// Life: queued -> running -> posted to the loop -> back(); or queued -> withdrawn. `work()` runs on the pool's thread
/// and must not throw; `back()` runs on the loop's thread and may destroy the job.
class pool_job : public runnable {
 public:
  virtual void work() noexcept = 0;
  virtual void back() noexcept = 0;
  /// It was abandoned, and its loop may be gone: on the pool's thread, the last call.
  virtual void orphaned() noexcept {}
  void run() noexcept final;

 protected:
  pool_job() = default;
  ~pool_job() = default;
  pool_job(const pool_job& other) noexcept : runnable(other) {}

 private:
  friend class pool_core;
  scheduler* home_ = nullptr;
};

}  // namespace detail

/// Threads for work that blocks or computes; see run_in_executor and to_thread.
///
/// Threads start when they are needed, up to the limit, and carry the pool's name. One pool may serve several loops.
/// Jobs that find no free thread wait in line; a job that has started is never stopped.
///
/// **Thread safety.** May be used from any loop's thread. Destroy it after every loop that uses it has ended its jobs.
/// **In asyncio.** `concurrent.futures.ThreadPoolExecutor`.
class thread_pool {
 public:
  /// @param threads  At most so many threads; 0 for the number of cores plus 4, at most 32.
  /// @param name     What the threads are called, cut to 12 characters.
  explicit thread_pool(std::size_t threads = 0, std::string name = "eddy");
  /// Waits for the jobs that have started, except for abandoned ones.
  ~thread_pool();
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  struct statistics_type {
    std::size_t threads;  // alive
    std::size_t busy;     // running a job
    std::size_t queued;   // jobs that wait for a thread
  };
  statistics_type statistics() const;

  // -- for awaitables
  // ---------------------------------------------------------------------------------------------------

  /// Queues `job`; called on the loop's thread. @throws std::system_error  No thread could be started and there is
  /// none.
  void submit(detail::pool_job& job, detail::scheduler& home);
  /// Takes a job back that has not started. @returns false when it runs or has run: back() will be called.
  bool withdraw(detail::pool_job& job) noexcept;
  /// The pool need not wait for `job` at its end: nobody looks at what it refers to any more.
  void abandon(detail::pool_job& job) noexcept;

  /// The loop's default pool.
  static thread_pool& of(detail::scheduler& s);

 private:
  std::shared_ptr<detail::pool_core> core_;  // shared with the threads, some of which may outlive the pool
};

}  // namespace eddy
