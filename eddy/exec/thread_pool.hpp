// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "eddy/base/errors.hpp"
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

/// A pool has as many jobs in line as it was told to keep: try again later, or do without.
class pool_full_error : public error {
 public:
  using error::error;
};

/// What a thread_pool can be told: `thread_pool pool(pool_options().threads(4).max_queued(100));`.
class pool_options {
 public:
  /// At most so many threads. Default 0: the number of cores plus 4, at most 32.
  pool_options& threads(std::size_t count) {
    threads_ = count;
    return *this;
  }
  /// What the threads are called, cut to 12 characters and followed by their number. Default "eddy".
  pool_options& name(std::string name) {
    name_ = std::move(name);
    return *this;
  }
  /// At most so many jobs in line for a thread; one more is refused with pool_full_error, so that overload shows at
  /// once. Default: no limit. Then callers wait in line, which holds back themselves and costs no memory but theirs.
  pool_options& max_queued(std::size_t jobs) {
    max_queued_ = jobs;
    return *this;
  }

 private:
  friend class thread_pool;
  std::size_t threads_ = 0;
  std::string name_ = "eddy";
  std::size_t max_queued_ = static_cast<std::size_t>(-1);
};

/// Threads for work that blocks or computes; see run_in_executor and to_thread.
///
/// Threads start when they are needed, up to the limit, and carry the pool's name. One pool may serve several loops.
/// Jobs that find no free thread wait in line; a job that has started is never stopped.
///
/// **Thread safety.** May be used from any loop's thread. Destroy it after every loop that uses it has ended its jobs.
/// **In asyncio.** `concurrent.futures.ThreadPoolExecutor`.
class thread_pool {
 public:
  explicit thread_pool(const pool_options& options);
  /// @param threads  At most so many threads; 0 for the number of cores plus 4, at most 32.
  /// @param name     What the threads are called, cut to 12 characters.
  explicit thread_pool(std::size_t threads = 0, std::string name = "eddy");
  /// As shutdown().
  ~thread_pool();
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  /// Takes no more jobs (they get misuse_error); those in line and those that run come to their end. Idempotent.
  ///
  /// @param wait  Whether to wait for that end, and for the threads'. It blocks: in a coroutine give it to another
  /// thread, `co_await to_thread([&] { pool.shutdown(); })`. Abandoned jobs are not waited for.
  /// @throws misuse_error  To wait was asked by one of the pool's own threads.
  /// **In asyncio.** `Executor.shutdown(wait=True)`.
  void shutdown(bool wait = true);

  struct statistics_type {
    std::size_t threads;  // alive
    std::size_t busy;     // running a job
    std::size_t queued;   // jobs that wait for a thread
  };
  statistics_type statistics() const;

  // -- for awaitables
  // ---------------------------------------------------------------------------------------------------

  /// Queues `job`; called on the loop's thread. @throws std::system_error  No thread could be started and there is
  /// none.  @throws pool_full_error; misuse_error after shutdown()
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
