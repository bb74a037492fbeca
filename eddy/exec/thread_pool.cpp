// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/thread_pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/exec/detail/threads.hpp"

namespace eddy {

namespace detail {

void pool_job::run() noexcept {
  --home_->external;
  back();
}

/// What a pool and its threads share.
class pool_core : public std::enable_shared_from_this<pool_core> {
 public:
  pool_core(std::size_t limit, const std::string& name, std::size_t max_queued)
      : limit_(limit), max_queued_(max_queued), name_(name.substr(0, 12)) {}

  void submit(pool_job& job, scheduler& home) {
    job.home_ = &home;
    std::unique_lock guard(lock_);
    if (closed_) throw misuse_error("the thread_pool \"" + name_ + "\" was shut down and takes no more jobs");
    // Jobs that a free thread is about to take are not in line.
    const std::size_t free = idle_ + limit_ - workers_.size();
    if (queued_ >= free && queued_ - free >= max_queued_)
      throw pool_full_error("the thread_pool \"" + name_ + "\" has " + std::to_string(queued_) +
                            " jobs in line, which is as many as it keeps");
    if (idle_ <= queued_ && workers_.size() < limit_) start_worker();
    queue_.push(job);
    ++queued_;
    ++home.external;
    guard.unlock();  // first: whom it wakes would only wait for the lock, two more switches on the same core
    wake_.notify_one();
  }

  bool withdraw(pool_job& job) noexcept {
    const std::scoped_lock guard(lock_);
    bool found = false;
    for (std::size_t left = queued_; left > 0;
         --left) {  // turn the queue round once: withdrawing is rare, queueing is not
      runnable& next = queue_.pop();
      if (&next == &job)
        found = true;
      else
        queue_.push(next);
    }
    if (!found) return false;
    --queued_;
    --job.home_->external;
    return true;
  }

  void abandon(pool_job& job) noexcept {
    const std::scoped_lock guard(lock_);
    for (worker& w : workers_)
      if (w.job == &job) w.abandoned = true;
  }

  /// Takes no more jobs; the threads end when there are none left.
  void close() noexcept {
    const std::scoped_lock guard(lock_);
    closed_ = true;
    wake_.notify_all();
  }
  /// Waits for the threads of a closed pool, except for those whose job was abandoned: they go on alone and post
  /// nothing.
  void join() noexcept {
    const std::scoped_lock one(joining_);
    std::vector<std::thread> to_join;
    {
      const std::scoped_lock guard(lock_);
      for (worker& w : workers_) {
        if (!w.thread.joinable()) continue;
        if (w.abandoned)
          w.thread.detach();
        else
          to_join.push_back(std::move(w.thread));
      }
    }
    for (std::thread& t : to_join) t.join();
  }
  bool runs_here() const noexcept { return core_of_thread() == this; }

  thread_pool::statistics_type statistics() const {
    const std::scoped_lock guard(lock_);
    return {workers_.size(), workers_.size() - idle_, queued_};
  }

 private:
  struct worker {
    std::thread thread;
    pool_job* job = nullptr;  // what it runs
    bool abandoned = false;
  };

  void start_worker() {
    worker& made = workers_.emplace_back();
    try {
      made.thread = start_thread(name_ + "-" + std::to_string(workers_.size()),
                                 [self = shared_from_this(), &made] { self->work(made); });
    } catch (const std::system_error&) {
      workers_.pop_back();
      if (workers_.empty()) throw;
      return;  // the others will get to it
    }
    ++idle_;
  }

  // The pool that the calling thread belongs to. Never inlined: see event_loop::try_current.
  EDDY_NOINLINE static const pool_core*& core_of_thread() noexcept {
    static constinit thread_local const pool_core* mine = nullptr;
    return mine;
  }

  void work(worker& self) {
    core_of_thread() = this;
    std::unique_lock guard(lock_);
    while (true) {
      wake_.wait(guard, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) return;  // closed, and nothing is left
      auto& job = static_cast<pool_job&>(queue_.pop());
      --queued_;
      self.job = &job;
      --idle_;
      guard.unlock();
      job.work();
      guard.lock();
      self.job = nullptr;
      ++idle_;
      if (closed_ && self.abandoned) {
        guard.unlock();
        job.orphaned();
        return;
      }
      self.abandoned = false;
      guard.unlock();  // as in submit(); join() still waits for this thread, and so for what it posts
      job.home_->post(job);
      guard.lock();
    }
  }

  mutable std::mutex lock_;
  std::condition_variable wake_;
  runnable_queue queue_;
  std::size_t queued_ = 0;
  std::list<worker> workers_;  // stays in place while it grows
  std::size_t limit_;
  std::size_t max_queued_;
  std::string name_;
  std::mutex joining_;    // one join() at a time; taken before lock_
  std::size_t idle_ = 0;  // workers without a job
  bool closed_ = false;
};

namespace {

class default_pool final : public loop_service {
 public:
  explicit default_pool(event_loop&) {}
  void shut_down() noexcept override { pool.reset(); }
  std::unique_ptr<thread_pool> pool = std::make_unique<thread_pool>();
};

std::size_t default_threads() { return std::min<std::size_t>(32, std::thread::hardware_concurrency() + 4); }

}  // namespace

}  // namespace detail

thread_pool::thread_pool(const pool_options& options)
    : core_(std::make_shared<detail::pool_core>(options.threads_ == 0 ? detail::default_threads() : options.threads_,
                                                options.name_, options.max_queued_)) {}

thread_pool::thread_pool(std::size_t threads, std::string name)
    : thread_pool(pool_options().threads(threads).name(std::move(name))) {}

thread_pool::~thread_pool() {
  EDDY_ASSERT(!core_->runs_here(),
              "a thread_pool was destroyed by one of its own jobs, which cannot wait for itself; let its owner do it");
  core_->close();
  core_->join();
}

void thread_pool::shutdown(bool wait) {
  if (wait && core_->runs_here())
    throw misuse_error("thread_pool::shutdown was called by one of the pool's own jobs, which cannot wait for itself");
  core_->close();
  if (wait) core_->join();
}

thread_pool::statistics_type thread_pool::statistics() const { return core_->statistics(); }

void thread_pool::submit(detail::pool_job& job, detail::scheduler& home) { core_->submit(job, home); }
bool thread_pool::withdraw(detail::pool_job& job) noexcept { return core_->withdraw(job); }
void thread_pool::abandon(detail::pool_job& job) noexcept { core_->abandon(job); }

thread_pool& thread_pool::of(detail::scheduler& s) { return *s.service<detail::default_pool>().pool; }

}  // namespace eddy
