// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/holder.hpp"
#include "eddy/coro/task.hpp"

namespace eddy {

/// When `wait` returns.
///
/// **In asyncio.** `FIRST_COMPLETED`, `FIRST_EXCEPTION`, `ALL_COMPLETED`.
enum class return_when { first_completed, first_exception, all_completed };
using enum return_when;

/// What `wait` gives: the tasks that have ended and those that have not, each in the order they were passed.
template <class T>
struct wait_result {
  wait_result() = default;

  std::vector<task<T>> done;
  std::vector<task<T>> pending;
};

/// Waits for several tasks without touching them; see `wait`.
template <class T>
class [[nodiscard]] wait_operation final : public detail::leaf<wait_operation<T>>, private detail::timer {
 public:
  explicit wait_operation(std::vector<task<T>> tasks) : tasks_(std::move(tasks)) {}
  wait_operation(wait_operation&&) = default;

  /// What to wait for; `all_completed` unless set.
  wait_operation&& until(return_when when) && {
    when_ = when;
    return std::move(*this);
  }
  /// How long to wait at most; then it returns with what is done.
  wait_operation&& limit(std::chrono::nanoseconds longest) && {
    limit_ = longest;
    return std::move(*this);
  }

  bool try_complete() {
    for (const task<T>& t : tasks_) {
      if (!t.state().done()) continue;
      if (when_ == first_completed || (when_ == first_exception && failed(t.state()))) return true;
    }
    open_ = 0;
    for (const task<T>& t : tasks_) open_ += t.state().done() ? 0 : 1;
    return open_ == 0;
  }
  void begin() {
    for (const task<T>& t : tasks_)
      if (!t.state().done()) joiners_.emplace_back(*this, t.state());  // may throw: nothing is linked yet
    detail::scheduler& s = this->context_->scheduler();
    if (limit_) s.timers.arm(*this, s.deadline_in(*limit_));
    for (joiner& j : joiners_) j.enter();
  }
  bool take_back() noexcept {
    leave_all();
    return true;
  }
  wait_result<T> await_resume() {
    wait_result<T> result;
    for (task<T>& t : tasks_) (t.state().done() ? result.done : result.pending).push_back(std::move(t));
    return result;
  }
  void visit_holders(const detail::function<void(const detail::holder&)>& visit) const override {
    if (limit_) return;  // it goes on by itself
    for (const task<T>& t : tasks_)
      if (!t.state().done()) visit(detail::holder(std::source_location(), t.state().number()));
  }
  std::string describe() const override { return "wait for " + std::to_string(tasks_.size()) + " tasks"; }

 private:
  class joiner final : public detail::join_base {
   public:
    joiner(wait_operation& owner, detail::task_state& task) noexcept : owner_(owner), task_(task) {}
    void task_ended() noexcept override {
      waiting_ = false;
      owner_.one_ended(task_);
    }
    void enter() noexcept { task_.add_joiner(*this); }
    void leave() noexcept {
      if (detail::exchanged(waiting_, false)) task_.remove_joiner(*this);
    }

   private:
    wait_operation& owner_;
    detail::task_state& task_;
    bool waiting_ = true;
  };

  static bool failed(const detail::task_state& t) noexcept { return t.how() == detail::task_state::end::exception; }

  void one_ended(const detail::task_state& ended) noexcept {
    --open_;
    if (open_ == 0 || when_ == first_completed || (when_ == first_exception && failed(ended))) finish();
  }
  void due() noexcept override { finish(); }
  void finish() noexcept {
    leave_all();
    this->context_->completed();
  }
  void leave_all() noexcept {
    for (joiner& j : joiners_) j.leave();
    this->context_->scheduler().timers.cancel(*this);
  }

  std::vector<task<T>> tasks_;
  std::deque<joiner> joiners_;  // stays in place while it grows
  return_when when_ = all_completed;
  std::optional<std::chrono::nanoseconds> limit_;
  std::size_t open_ = 0;
};

/// Waits for tasks: `co_await wait(tasks).until(first_completed).limit(5s)`.
///
/// Never cancels anything by itself and looks at no result. An empty range returns at once. To take the winner and
/// cancel the rest choose `race`.
///
/// @returns wait_result: done and pending.
///
/// **Cancellation.** A cancellation point; the tasks go on.
/// **In asyncio.** `wait(tasks, timeout=, return_when=)`.
template <class T>
wait_operation<T> wait(std::vector<task<T>> tasks) {
  return wait_operation<T>(std::move(tasks));
}

}  // namespace eddy
