// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/background_tasks.hpp"

#include "eddy/coro/task_tree.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

namespace detail {

/// A task in the care of a background_tasks: its joiner, and one of its owners.
class background_entry final : public join_base, public list_hook {
 public:
  background_entry(background_tasks& owner, task_state& task) noexcept : owner_(&owner), task_(task) {
    task_.retain();
    task_.add_joiner(*this);
  }
  ~background_entry() {
    if (!task_.done()) task_.remove_joiner(*this);
    task_.release();
  }
  background_entry(const background_entry&) = delete;
  background_entry& operator=(const background_entry&) = delete;

  void task_ended() noexcept override { owner_->ended(*this); }  // *this may be gone afterwards

  task_state& task() const noexcept { return task_; }
  outcome<> how() const {
    if (task_.how() == task_state::end::exception) return outcome<>::from_exception(task_.exception());
    if (task_.how() == task_state::end::cancelled) return outcome<>::from_cancelled(std::string(task_.cancel_reason()));
    return outcome<>::from_value();
  }

 private:
  background_tasks* owner_;
  task_state& task_;
};

/// Waits until nothing runs any more, or for some time. Atomic: takes nothing.
class background_drained final : public waiter<background_drained>, private timer {
 public:
  background_drained(background_tasks& tasks, time_point deadline) noexcept : tasks_(&tasks), deadline_(deadline) {}
  background_drained(background_drained&&) = default;

  bool try_complete() const noexcept { return tasks_->running_.empty(); }
  void begin() {
    if (deadline_ != time_point::max()) context_->scheduler().timers.arm(*this, deadline_);
    tasks_->waiting_.push_back(*this);
  }
  bool take_back() noexcept {
    context_->scheduler().timers.cancel(*this);
    return waiter::take_back();
  }
  void drained() noexcept {
    context_->scheduler().timers.cancel(*this);
    grant();
  }
  void await_resume() const noexcept {}
  std::string describe() const override {
    return "background_tasks::shutdown, " + std::to_string(tasks_->size()) + " still running";
  }

 private:
  void due() noexcept override {
    unlink();
    grant();
  }

  background_tasks* tasks_;
  time_point deadline_;
};

}  // namespace detail

background_tasks::background_tasks(exception_handler on_error)
    : on_error_(on_error ? std::make_shared<const exception_handler>(std::move(on_error)) : nullptr) {}

background_tasks::background_tasks(background_tasks&& other) noexcept
    : on_error_(std::move(other.on_error_)), phase_(other.phase_) {
  EDDY_ASSERT(other.running_.empty() && other.ended_.empty(), "background_tasks were moved after a task was started");
}

background_tasks::~background_tasks() {
  EDDY_ASSERT(waiting_.empty(), "background_tasks were destroyed while shutdown() is awaited; let them outlive it");
  if (!running_.empty()) cancel("its background_tasks were destroyed");
  while (!running_.empty()) delete &running_.pop_front();
  while (!ended_.empty()) delete &ended_.pop_front();
}

void background_tasks::check_open() const {
  if (phase_ == phase::closed)
    throw misuse_error("background_tasks were shut down before; start tasks before shutdown(), or make new ones");
}

void background_tasks::hold(detail::task_state& task) {
  if (task.done()) return;
  running_.push_back(*new detail::background_entry(*this, task));
  if (phase_ == phase::closing) task.cancel("its background_tasks shut down");
}

void background_tasks::cancel(std::string_view reason) noexcept {
  if (running_.empty()) return;
  detail::cancellation going(running_.front().task().scheduler(), reason);
  for (auto* entry = running_.first(); entry != nullptr; entry = running_.after(*entry)) going.add(entry->task());
  going.run();
}

// As a step of the task that has ended. The callback runs later, on its own: it may do anything, also destroy this.
void background_tasks::ended(detail::background_entry& entry) noexcept {
  static_cast<detail::list_hook&>(entry).unlink();
  detail::task_state& task = entry.task();
  if (task.how() == detail::task_state::end::exception) {
    task.set_looked_at();
    task.loop().call_soon(
        [handler = on_error_, &loop = task.loop(),
         what = unhandled_error{"in the background, " + task.describe() + " failed", task.exception()}] {
          if (handler != nullptr)
            (*handler)(what);
          else
            loop.handle_exception(what);
        });
  }
  if (phase_ == phase::open)
    delete &entry;
  else
    ended_.push_back(entry);
  while (running_.empty() && !waiting_.empty()) waiting_.pop_front().drained();
}

coro<shutdown_report> background_tasks::shutdown(std::chrono::nanoseconds limit) {
  const time_point deadline = context::current().scheduler().deadline_in(limit);
  if (phase_ == phase::open) phase_ = phase::closing;
  cancel("its background_tasks shut down");
  co_await detail::background_drained(*this, deadline);
  if (running_.empty()) phase_ = phase::closed;
  co_return take_report();
}

coro<> background_tasks::aexit() { co_await shutdown(); }

shutdown_report background_tasks::take_report() {
  shutdown_report report;
  for (auto* entry = ended_.first(); entry != nullptr; entry = ended_.after(*entry))
    report.ended.push_back({entry->task().name(), entry->how()});
  for (auto* entry = running_.first(); entry != nullptr; entry = running_.after(*entry))
    report.overdue.push_back(detail::describe_overdue(entry->task()));
  while (!ended_.empty()) delete &ended_.pop_front();
  return report;
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the report has the reasons, in a place that is not followed

}  // namespace eddy
