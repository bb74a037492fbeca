// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/db/sqlite/database.hpp"
#include "eddy/db/sqlite/detail/job.hpp"
#include "eddy/loop/event_loop.hpp"

namespace eddy::sqlite::detail {

class workers;

/// The thread of one connection, with its database and the jobs that wait for it, first in, first out.
///
/// Invariants: (1) a job is in `queue_`, or is `running_`, or has been posted to the loop, or is not out at all; (2)
/// only the running job may use the database, but for interrupt(), which is called under `mutex_` and only while the
/// job that is meant is `running_`; (3) once `finished_` is set the thread touches nothing but its last post; (4) each
/// job that is out counts in the loop's `external`, so that neither deadlock detection nor a virtual clock takes the
/// loop for idle.
///
/// **Thread safety.** The public functions: only the loop's thread.
class worker final : private eddy::detail::runnable, public std::enable_shared_from_this<worker> {
 public:
  /// Starts a thread that opens the file; a failure to do so is what each of its jobs then ends with.
  static std::shared_ptr<worker> start(event_loop& loop, std::string path, const open_options& options);

  worker(eddy::detail::scheduler& loop, workers& service, std::string path, const open_options& options);
  ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  eddy::detail::scheduler& scheduler() const noexcept { return scheduler_; }
  const std::string& path() const noexcept { return path_; }

  /// Queues a job. @returns false when the thread has ended: nothing was queued.
  bool submit(job& work) noexcept;
  /// Takes back a job that has not begun. @returns false when it has: if it still runs it is interrupted, and it comes
  /// back.
  bool withdraw(job& work) noexcept;
  /// To be called by each job first, when it is back on the loop.
  void returned() noexcept { --scheduler_.external; }

  /// Tells the thread to end: what runs is interrupted, what waits fails, the file is closed. Does not wait.
  void end() noexcept;
  bool ending() const noexcept { return ending_; }

  /// A failure after which the connection is not to be trusted: a damaged file, or I/O that failed.
  void mark_broken() noexcept { broken_ = true; }
  bool broken() const noexcept { return broken_; }

 private:
  friend class workers;

  void run() noexcept override;  // on the loop, when the thread has ended
  void launch();
  void join() noexcept;
  void thread_main() noexcept;
  void open() noexcept;
  void serve(std::unique_lock<std::mutex>& lock, database* db) noexcept;

  eddy::detail::scheduler& scheduler_;
  workers* service_;  // null once it is gone
  const std::string path_;
  const open_options options_;
  bool ending_ = false;           // the loop's
  bool broken_ = false;           // the loop's
  std::shared_ptr<worker> self_;  // from end() until the thread's end has been heard of

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  eddy::detail::intrusive_list<job> queue_;
  job* running_ = nullptr;
  bool end_ = false;
  bool finished_ = false;
  std::optional<database> db_;  // set under mutex_ by the thread, which then uses it without

  std::exception_ptr open_failure_;  // the thread's
  std::thread thread_;
};

/// All threads of a loop's connections, which it joins at its end.
class workers final : public eddy::detail::loop_service {
 public:
  explicit workers(event_loop&) {}
  ~workers() override { shut_down(); }

  void add(std::shared_ptr<worker> one) { all_.push_back(std::move(one)); }
  void remove(const worker& one) noexcept;
  void shut_down() noexcept override;

 private:
  std::vector<std::shared_ptr<worker>> all_;
};

}  // namespace eddy::sqlite::detail
