// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/worker_life.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/detail/code_address.hpp"

namespace eddy::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_start = 60s;  // until a worker has said hello
constexpr auto longest_end = 5s;     // of one that was told to end

}  // namespace

worker_life::worker_life(std::shared_ptr<process_pool_core> pool) : pool_(std::move(pool)) {
  pool_->lives_.push_back(this);
}

void worker_life::start(std::unique_ptr<worker_life> self) {
  worker_life& life = *self;
  life.task_ = create_task(live, std::move(self));
  life.task_.name("worker of process_pool " + life.pool_->settings.name);
}

worker_life::~worker_life() {
  if (ended_) return;
  worker_.reset();
  leave_pool();
  if (job_ != nullptr && job_->owner()->cancel_requested()) job_->killed_ = true;
  settle_job(std::make_exception_ptr(error("the process_pool was closed while the job ran")));
  pool_->abort();
}

void worker_life::leave_pool() noexcept {
  arrived();
  if (linked()) unlink();
  std::erase(pool_->lives_, this);
  pool_->changed_.set();
}

void worker_life::come() noexcept {
  if (!std::exchange(coming_, true)) ++pool_->coming_;
}

void worker_life::arrived() noexcept {
  if (std::exchange(coming_, false)) --pool_->coming_;
}

coro<> worker_life::live(std::unique_ptr<worker_life> self) {
  try {
    self->worker_.emplace(event_loop::current().scheduler(), self->pool_->settings);
    co_await with(task_group(), [&](task_group& group) -> coro<> { co_await self->serve(group); });
  } catch (...) {
    self->failure_ = std::current_exception();
  }
  self->end();
}

/// The process has been reaped, or could not be started. Tells everybody whom it concerns.
void worker_life::end() {
  ended_ = true;
  if (failure_ == nullptr && worker_)
    failure_ = broken(greeted_ ? "a job was not answered" : "a worker could not start");
  worker_.reset();
  leave_pool();
  if (greeted_)
    settle_job(failure_);
  else
    pool_->start_failed(failure_);
  pool_->provide();
}

void worker_life::settle_job(const std::exception_ptr& failure) noexcept {
  if (job_ == nullptr) return;
  process_job& job = *std::exchange(job_, nullptr);
  if (job.killed_)
    job.give_up();
  else
    job.fail(failure);
}

void worker_life::end_now(const char* why) noexcept {
  if (greeted_ && job_ == nullptr) {
    wake_.set();  // it ends in order
    return;
  }
  complaint_ = why;
  kill();
}

coro<> worker_life::watch(worker_life& life) {
  co_await life.worker_->wait_end();
  life.gone_ = true;
  life.worker_->hang_up();  // a process that it has left behind may hold the other end
  life.wake_.set();
}

coro<> worker_life::serve(task_group& group) {
  task<> end = group.create_task(watch, std::ref(*this));
  task<> errors = group.create_task([this] { return worker_->pass_on_stderr(); });
  greeted_ = co_await greet();
  if (greeted_) {
    pool_->start_succeeded();
    co_await take_jobs();
  }
  co_await see_off(std::move(end), std::move(errors));
}

/// Waits for its hello, and initializes it. @returns whether it may be given jobs.
coro<bool> worker_life::greet() {
  std::optional<received_frame> hello;
  try {
    hello = co_await wait_for(worker_->receive(), longest_start);
  } catch (const error& why) {
    complaint_ = why.what();
  }
  if (!hello) co_return false;
  try {
    msgpack::reader in(hello->body());
    if (hello->kind != frame_kind::hello || in.get_unsigned() != frame_protocol ||
        in.get_unsigned() != program_fingerprint())
      complaint_ = "it is another program than this one (or another version of it)";
  } catch (const msgpack::format_error&) {
    complaint_ = "its hello cannot be read";
  }
  const bool fits = complaint_.empty();
  if (!fits || pool_->settings.initializer.empty()) co_return fits;
  co_return co_await initialize();
}

coro<bool> worker_life::initialize() {
  const bool sent = co_await worker_->send(pool_->settings.initializer);
  if (!sent) co_return false;
  auto answer = co_await worker_->receive();
  if (!answer) co_return false;
  if (answer->kind == frame_kind::value) co_return true;
  failure_ = to_exception(*answer);
  co_return false;
}

coro<> worker_life::take_jobs() {
  const std::size_t most = pool_->settings.max_jobs;
  for (std::size_t done = 0; most == 0 || done < most; ++done) {
    co_await next_job();
    if (job_ == nullptr) co_return;
    const bool answered = co_await converse();
    if (!answered) co_return;
  }
}

/// Waits for a job. There is none when the worker has gone, or has to go.
coro<> worker_life::next_job() {
  while (true) {
    arrived();
    if (gone_) co_return;
    job_ = pool_->take_job(*this);
    if (job_ != nullptr || pool_->phase_ >= process_pool_core::phase::finishing) co_return;
    wake_.clear();
    pool_->idle_.push_front(*this);
    pool_->changed_.set();
    co_await wake_.wait();
    if (linked()) unlink();
  }
}

/// Hands the job to the worker and waits for the answer. @returns false when there was none: then the job stays here,
/// or goes to another worker when this one was on its way out and has not begun.
coro<bool> worker_life::converse() {
  worker_->forget_lines();
  std::optional<received_frame> answer;
  const bool sent = co_await worker_->send(job_->call_);
  if (sent) {
    try {
      answer = co_await worker_->receive();
    } catch (const error& why) {
      complaint_ = why.what();
    }
  }
  if (!answer) {
    if (worker_->left_unread() && complaint_.empty() && !std::exchange(job_->retried_, true)) return_job();
    co_return false;
  }
  std::exchange(job_, nullptr)->settle(std::move(*answer));
  co_return true;
}

/// It has not begun: it is as good as new, or as good as gone.
void worker_life::return_job() noexcept {
  process_job& job = *std::exchange(job_, nullptr);
  if (job.owner()->cancel_requested())
    job.give_up();
  else
    pool_->put_back(job);
}

/// Ends the process in order, or else by force, and hears the rest of what it has to say.
coro<> worker_life::see_off(task<> end, task<> errors) {
  worker_->hang_up();
  if (!complaint_.empty()) worker_->kill();
  try {
    co_await wait_for(end, longest_end);
  } catch (const timeout_error&) {
    worker_->kill();
  }
  co_await end;
  co_await cancel_and_join(errors);
  worker_->drain_stderr();
}

std::exception_ptr worker_life::broken(const std::string& what) const {
  return std::make_exception_ptr(
      broken_process_pool(complaint_.empty() ? what : what + " (" + complaint_ + ")", worker_->how()));
}

}  // namespace eddy::detail
