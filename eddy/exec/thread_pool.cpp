// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/thread_pool.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace eddy {

namespace detail {

void pool_job::run() noexcept {
  --home_->external;
  back();
}

/// What a pool and its threads share.
class pool_core : public std::enable_shared_from_this<pool_core> {
 public:
  pool_core(std::size_t limit, std::string name) : limit_(limit), name_(name.substr(0, 12)) {}

  void submit(pool_job& job, scheduler& home) {
    job.home_ = &home;
    const std::scoped_lock guard(lock_);
    if (idle_ <= queued_ && workers_.size() < limit_) start_worker();
    queue_.push(job);
    ++queued_;
    ++home.external;
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

  /// Ends the threads and waits for them, except for those whose job was abandoned: they go on alone and post nothing.
  void close() noexcept {
    std::vector<std::thread> to_join;
    {
      const std::scoped_lock guard(lock_);
      closed_ = true;
      wake_.notify_all();
      for (worker& w : workers_) {
        if (w.abandoned)
          w.thread.detach();
        else
          to_join.push_back(std::move(w.thread));
      }
    }
    for (std::thread& t : to_join) t.join();
  }

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
    // Signals belong to the threads that run loops: a worker blocks all of them, and inherits that from here.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      made.thread = std::thread([self = shared_from_this(), &made] { self->work(made); });
    } catch (const std::system_error&) {
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      workers_.pop_back();
      if (workers_.empty()) throw;
      return;  // the others will get to it
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(made.thread.native_handle(), (name_ + "-" + std::to_string(workers_.size())).c_str());
    ++idle_;
  }

  void work(worker& self) {
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
      job.home_->post(job);
    }
  }

  mutable std::mutex lock_;
  std::condition_variable wake_;
  runnable_queue queue_;
  std::size_t queued_ = 0;
  std::list<worker> workers_;  // stays in place while it grows
  std::size_t limit_;
  std::string name_;
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

thread_pool::thread_pool(std::size_t threads, std::string name)
    : core_(std::make_shared<detail::pool_core>(threads == 0 ? detail::default_threads() : threads, std::move(name))) {}

thread_pool::~thread_pool() { core_->close(); }

thread_pool::statistics_type thread_pool::statistics() const { return core_->statistics(); }

void thread_pool::submit(detail::pool_job& job, detail::scheduler& home) { core_->submit(job, home); }
bool thread_pool::withdraw(detail::pool_job& job) noexcept { return core_->withdraw(job); }
void thread_pool::abandon(detail::pool_job& job) noexcept { core_->abandon(job); }

thread_pool& thread_pool::of(detail::scheduler& s) { return *s.service<detail::default_pool>().pool; }

}  // namespace eddy
