// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task_observer.hpp"

#include <time.h>

#include <algorithm>

#include "eddy/coro/detail/task_watch.hpp"
#include "eddy/coro/task_state.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy {

std::uint32_t observed_task::number() const noexcept { return task_->number(); }
std::string observed_task::name() const { return task_->name(); }
void observed_task::name(std::string name) { task_->set_name(std::move(name)); }
std::source_location observed_task::function() const noexcept { return task_->function(); }

std::string observed_task::kind() const {
  return task_->named() ? task_->name() : detail::short_function(task_->function().function_name());
}

task_times::task_times() = default;
task_times::task_times(const task_times& other) = default;
task_times::task_times(task_times&& other) noexcept = default;
task_times& task_times::operator=(const task_times& other) = default;
task_times& task_times::operator=(task_times&& other) noexcept = default;
task_times::~task_times() = default;

void task_times::created(observed_task& task) { ++entries_[task.kind()].created; }

void task_times::ran(observed_task& task, const step_time& time) {
  entry& mine = entries_[task.kind()];
  ++mine.steps;
  mine.time.cpu += time.cpu;
  mine.time.elapsed += time.elapsed;
}

void task_times::finished(observed_task& task, const outcome<>& how) {
  entry& mine = entries_[task.kind()];
  ++(how.has_value() ? mine.succeeded : how.has_exception() ? mine.failed : mine.cancelled);
}

task_observation::task_observation(task_observer& observer, event_loop& loop) : observer_(&observer) {
  loop.check_thread("task_observation", "call_soon_threadsafe to get to the loop's thread");
  detail::scheduler& s = loop.scheduler();
  if (detail::task_watch* watch = detail::task_watch::of(s))
    watch_ = watch->shared_from_this();
  else
    watch_ = std::make_shared<detail::task_watch>(s);
  watch_->add(observer);
}

task_observation::~task_observation() { watch_->remove(*observer_); }

namespace detail {

namespace {

std::chrono::nanoseconds read_clock(clockid_t which) noexcept {
  timespec now{};
  clock_gettime(which, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// The task that a ready node is a step of; null for a callback.
task_state* task_of(runnable& node) noexcept {
  for (auto* c = dynamic_cast<context*>(&node); c != nullptr; c = c->parent())
    if (auto* task = dynamic_cast<task_state*>(c)) return task;
  return nullptr;
}

outcome<> end_of(const task_state& task) {
  if (task.how() == task_state::end::exception) return outcome<>::from_exception(task.exception());
  if (task.how() == task_state::end::cancelled) return outcome<>::from_cancelled(std::string(task.cancel_reason()));
  return outcome<>::from_value();
}

}  // namespace

task_watch::~task_watch() {
  scheduler_.set_steps(nullptr);
  for (const running_step& step : steps_)
    if (step.task != nullptr) step.task->release();
}

void task_watch::remove(task_observer& observer) noexcept {
  const auto found = std::ranges::find(observers_, &observer);
  if (telling_ != 0)
    *found = nullptr;
  else
    observers_.erase(found);
}

step_time task_watch::clocks() noexcept { return {read_clock(CLOCK_THREAD_CPUTIME_ID), read_clock(CLOCK_MONOTONIC)}; }

// Adds the time since the last look to the innermost step.
void task_watch::charge() noexcept {
  const step_time now = clocks();
  if (!steps_.empty()) {
    steps_.back().before.cpu += now.cpu - last_.cpu;
    steps_.back().before.elapsed += now.elapsed - last_.elapsed;
  }
  last_ = now;
}

void task_watch::step_begins(runnable& node) noexcept {
  charge();
  task_state* task = task_of(node);
  if (task != nullptr) task->retain();
  steps_.push_back({task, {}});
}

void task_watch::step_ended() noexcept {
  if (steps_.empty()) return;  // it began before anybody observed
  const auto self = shared_from_this();
  charge();
  const running_step step = steps_.back();
  steps_.pop_back();
  if (step.task == nullptr) return;
  tell_ran(*step.task, step.before);
  step.task->release();
  last_ = clocks();  // what the observers took is nobody's
}

void task_watch::task_created(task_state& task) noexcept {
  const auto self = shared_from_this();
  tell([&](task_observer& observer) { observer.created(shown(task)); });
}

// In its last step, as a rule: that one is told first.
void task_watch::task_finished(task_state& task) noexcept {
  const auto self = shared_from_this();
  if (!steps_.empty() && steps_.back().task == &task) {
    charge();
    tell_ran(task, steps_.back().before);
    steps_.back() = {nullptr, {}};
    task.release();
  }
  tell([&](task_observer& observer) { observer.finished(shown(task), end_of(task)); });
  shown_.erase(task.number());
}

void task_watch::tell_ran(task_state& task, const step_time& time) noexcept {
  observed_task& seen = shown(task);
  ++seen.steps_;
  seen.total_.cpu += time.cpu;
  seen.total_.elapsed += time.elapsed;
  tell([&](task_observer& observer) { observer.ran(seen, time); });
}

observed_task& task_watch::shown(task_state& task) {
  return shown_.try_emplace(task.number(), observed_task(task)).first->second;
}

// Observers may come and go while they are told.
template <class F>
void task_watch::tell(F f) noexcept {
  ++telling_;
  for (std::size_t i = 0; i < observers_.size(); ++i) {
    if (observers_[i] == nullptr) continue;
    try {
      f(*observers_[i]);
    } catch (...) {
      scheduler_.owner.handle_exception({"a task observer threw", std::current_exception()});
    }
  }
  if (--telling_ == 0) std::erase(observers_, nullptr);
}

}  // namespace detail
}  // namespace eddy
