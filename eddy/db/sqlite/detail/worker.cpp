// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/worker.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace eddy::sqlite::detail {
namespace {

// Signals are for the threads that the program started: a handler of the user's never runs on a connection's thread.
class blocked_signals {
 public:
  blocked_signals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~blocked_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  blocked_signals(const blocked_signals&) = delete;
  blocked_signals& operator=(const blocked_signals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

std::shared_ptr<worker> worker::start(event_loop& loop, std::string path, const open_options& options) {
  auto& service = loop.scheduler().service<workers>();
  auto made = std::make_shared<worker>(loop.scheduler(), service, std::move(path), options);
  made->launch();
  try {
    service.add(made);
  } catch (...) {
    made->end();  // self_ keeps it until the thread has ended
    throw;
  }
  return made;
}

worker::worker(eddy::detail::scheduler& loop, workers& service, std::string path, const open_options& options)
    : scheduler_(loop), service_(&service), path_(std::move(path)), options_(options) {}

worker::~worker() { join(); }

void worker::launch() {
  const blocked_signals inherited;
  thread_ = std::thread([this] { thread_main(); });
}

void worker::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

bool worker::submit(job& work) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return false;
    queue_.push_back(work);
  }
  ++scheduler_.external;
  wake_.notify_one();
  return true;
}

bool worker::withdraw(job& work) noexcept {
  const std::lock_guard lock(mutex_);
  if (work.linked()) {
    work.unlink();
    --scheduler_.external;
    return true;
  }
  if (running_ == &work && db_) db_->interrupt();
  return false;
}

void worker::end() noexcept {
  if (std::exchange(ending_, true)) return;
  self_ = shared_from_this();
  ++scheduler_.external;
  const std::lock_guard lock(mutex_);
  end_ = true;
  if (running_ != nullptr && db_) db_->interrupt();
  wake_.notify_one();
}

void worker::run() noexcept {
  const auto keep = std::move(self_);
  --scheduler_.external;
  join();
  if (service_ != nullptr) service_->remove(*this);
}

// ---------------------------------------------------------------------------------------------------------------------

void worker::thread_main() noexcept {
  pthread_setname_np(pthread_self(), "eddy-sqlite");
  open();
  std::unique_lock lock(mutex_);
  database* db = db_ ? &*db_ : nullptr;
  while (true) {
    wake_.wait(lock, [this] { return end_ || !queue_.empty(); });
    if (end_) break;
    serve(lock, db);
  }
  lock.unlock();
  if (db != nullptr) db->close();  // may take a while: copies the write-ahead log into the file
  lock.lock();
  while (!queue_.empty()) serve(lock, nullptr);
  finished_ = true;
  lock.unlock();
  scheduler_.post(*this);
}

void worker::open() noexcept {
  try {
    database opened(path_, options_);
    const std::lock_guard lock(mutex_);
    db_.emplace(std::move(opened));
  } catch (...) {
    open_failure_ = std::current_exception();
  }
}

// The oldest job, from the queue to the loop.
void worker::serve(std::unique_lock<std::mutex>& lock, database* db) noexcept {
  job& next = queue_.pop_front();
  running_ = &next;
  if (db != nullptr) db->reset_interrupt();  // what was meant for the job before
  lock.unlock();
  next.perform(db, open_failure_);
  lock.lock();
  running_ = nullptr;
  lock.unlock();
  scheduler_.post(next);  // from here on it may be gone
  lock.lock();
}

// ---------------------------------------------------------------------------------------------------------------------

void workers::remove(const worker& one) noexcept {
  std::erase_if(all_, [&](const auto& each) { return each.get() == &one; });
}

void workers::shut_down() noexcept {
  for (const auto& each : all_) each->end();
  for (const auto& each : all_) {
    each->join();
    each->service_ = nullptr;
  }
  all_.clear();
}

}  // namespace eddy::sqlite::detail
