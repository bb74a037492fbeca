// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/process_pool_core.hpp"

#include <algorithm>
#include <utility>

#include "eddy/os/detail/process_worker.hpp"
#include "eddy/os/detail/worker_life.hpp"

namespace eddy::detail {

// -- jobs -------------------------------------------------------------------------------------------------------------

std::exception_ptr to_exception(const received_frame& answer) noexcept {
  try {
    msgpack::reader in(answer.body());
    std::string type(in.get_text());
    return std::make_exception_ptr(remote_error(std::move(type), std::string(in.get_text())));
  } catch (...) {
    return std::current_exception();
  }
}

void process_job::begin() { pool_->enqueue(*this); }
bool process_job::take_back() noexcept { return pool_->withdraw(*this); }

std::string process_job::describe() const {
  const std::string text = "a job in process_pool " + pool_->settings.name;
  return text + (life_ != nullptr ? " (process " + std::to_string(life_->pid()) + ")" : " (in its queue)");
}

void process_job::settle(received_frame answer) noexcept {
  answer_ = std::move(answer);
  if (answer_.kind != frame_kind::value) error_ = to_exception(answer_);
  context_->completed();
}

void process_job::fail(std::exception_ptr error) noexcept {
  error_ = std::move(error);
  context_->completed();
}

msgpack::reader process_job::value() const {
  if (error_) std::rethrow_exception(error_);
  return msgpack::reader(answer_.body());
}

// -- the pool ---------------------------------------------------------------------------------------------------------

coro<> process_pool_core::start() {
  link_process_entry();
  loop_ = &event_loop::current();
  phase_ = phase::open;
  if (!settings.eager) co_return;
  entering_ = true;
  while (lives_.size() < settings.workers) worker_life::start(std::make_unique<worker_life>(shared_from_this()));
  while (!all_greeted() && start_failure_ == nullptr) {
    changed_.clear();
    co_await changed_.wait();
  }
  entering_ = false;
  if (start_failure_) std::rethrow_exception(std::exchange(start_failure_, nullptr));
}

bool process_pool_core::all_greeted() const noexcept {
  return std::all_of(lives_.begin(), lives_.end(), [](const worker_life* life) { return life->greeted(); });
}

coro<> process_pool_core::stop(bool finish) {
  if (phase_ == phase::open) phase_ = phase::finishing;
  if (!finish) fail_queued("the process_pool was closed before this job's turn");
  for (worker_life* life : lives_) {
    if (finish)
      life->wake();
    else
      life->end_now("the process_pool was closed");
  }
  while (!lives_.empty() || queued_ != 0) {
    changed_.clear();
    co_await changed_.wait();
  }
  phase_ = phase::closed;
}

void process_pool_core::abort() noexcept {
  if (std::exchange(phase_, phase::closed) == phase::closed) return;
  fail_queued("the process_pool was destroyed before this job's turn");
  for (worker_life* life : lives_) {
    life->kill();
    life->cancel();
  }
}

std::size_t process_pool_core::busy() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(lives_.begin(), lives_.end(), [](const worker_life* life) { return life->busy(); }));
}

std::vector<int> process_pool_core::pids() const {
  std::vector<int> found;
  for (const worker_life* life : lives_)
    if (life->greeted()) found.push_back(life->pid());
  return found;
}

void process_pool_core::check_open() const {
  if (phase_ == phase::fresh)
    throw misuse_error("process_pool::submit: the pool is not open; use it as `co_await with(process_pool(), body)`");
  if (phase_ != phase::open)
    throw misuse_error("process_pool::submit: the pool has been left; await its jobs inside of its scope");
  loop_->check_thread("process_pool::submit", "a pool of each loop's own");
}

void process_pool_core::enqueue(process_job& job) {
  check_open();
  queue_.push_back(job);
  ++queued_;
  try {
    provide();
  } catch (...) {
    job.unlink();
    --queued_;
    throw;
  }
}

bool process_pool_core::withdraw(process_job& job) noexcept {
  if (job.life_ == nullptr) {
    job.unlink();
    --queued_;
    changed_.set();
    return true;
  }
  // Also at the second Ctrl-C, and at the end of the grace.
  if (job.kill_on_cancel_ || job.owner()->shields_lifted()) {
    job.killed_ = true;
    job.life_->kill();
  }
  return false;
}

process_job* process_pool_core::take_job(worker_life& life) noexcept {
  if (queue_.empty()) return nullptr;
  process_job& job = queue_.pop_front();
  --queued_;
  job.life_ = &life;
  return &job;
}

void process_pool_core::put_back(process_job& job) noexcept {
  job.life_ = nullptr;
  queue_.push_front(job);
  ++queued_;
}

void process_pool_core::provide() {
  while (coming_ < queued_) {
    if (!idle_.empty()) {
      worker_life& life = idle_.pop_front();
      life.come();
      life.wake();
    } else if (lives_.size() < settings.workers && (!starts_fail_ || lives_.empty())) {
      auto life = std::make_unique<worker_life>(shared_from_this());
      life->come();
      worker_life::start(std::move(life));
    } else {
      return;
    }
  }
}

void process_pool_core::start_succeeded() {
  starts_fail_ = false;
  changed_.set();
  if (!entering_) report_start_failure();
}

void process_pool_core::report_start_failure() noexcept {
  if (start_failure_ == nullptr || phase_ != phase::open) return;
  loop_->handle_exception(
      {"a worker of process_pool " + settings.name + " could not start", std::exchange(start_failure_, nullptr)});
}

/// While others start they may do the jobs, or fail too. When none is left the oldest job learns of it.
void process_pool_core::start_failed(const std::exception_ptr& error) {
  starts_fail_ = true;
  start_failure_ = error;
  if (entering_) return;
  if (lives_.empty() && !queue_.empty()) {
    --queued_;
    queue_.pop_front().fail(std::exchange(start_failure_, nullptr));
  } else if (lives_.empty() || !pids().empty()) {
    report_start_failure();
  }
}

void process_pool_core::fail_queued(const char* why) noexcept {
  while (!queue_.empty()) {
    --queued_;
    queue_.pop_front().fail(std::make_exception_ptr(error(why)));
  }
}

process_job::process_job(std::shared_ptr<process_pool_core> pool, std::vector<std::byte> call,
                         bool kill_on_cancel) noexcept
    : pool_(std::move(pool)), call_(std::move(call)), kill_on_cancel_(kill_on_cancel) {}
process_job::process_job(process_job&&) noexcept = default;
process_job::~process_job() = default;

}  // namespace eddy::detail
