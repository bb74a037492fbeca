// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/run_coroutine_threadsafe.hpp"

namespace eddy::detail {

bool remote_task::cancel(std::string reason, const std::shared_ptr<remote_task>& self) {
  const std::scoped_lock guard(lock_);
  if (state_ == state::ended) return false;
  if (state_ == state::posted) {
    if (!std::exchange(cancel_wanted_, true)) reason_ = std::move(reason);
    return true;
  }
  // The loop lives: its task has not ended, and to end it needs the lock that is held here.
  loop_->call_soon_threadsafe([self, reason = std::move(reason)] {
    if (self->task_ != nullptr) self->task_->cancel(reason);  // its own thread writes task_
  });
  return true;
}

bool remote_task::started(task_state& task, std::string& reason) {
  const std::scoped_lock guard(lock_);
  task_ = &task;
  state_ = state::running;
  reason = std::move(reason_);
  return cancel_wanted_;
}

void remote_task::ended() noexcept {
  const std::scoped_lock guard(lock_);
  task_ = nullptr;
  state_ = state::ended;
}

void remote_task::fail(const std::string& why) noexcept {
  {
    const std::scoped_lock guard(lock_);
    if (state_ != state::posted) return;
    state_ = state::ended;
  }
  set_cancelled(why);
}

}  // namespace eddy::detail
