// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/entered.hpp"

namespace eddy::detail {

std::string entered_list::describe() const {
  std::string text;
  for (const entered_base* at = newest_.get(); at != nullptr; at = at->below.get())
    text += (text.empty() ? "" : ", ") + at->describe();
  return text;
}

std::coroutine_handle<> leave_all_operation::leave_next() noexcept {
  for (; at_ != nullptr; at_ = at_->below.get()) {
    branch<void>& leaving = at_->leaving.emplace(*context_, *this, true);
    if (leaving.make([this] { return at_->leave(how_); }))
      return leaving.start_regardless();  // after the grace too: it runs until it would have to wait
    left();
  }
  done_ = true;
  return cancelled_ && !error_ && context_->cancel_requested() ? unwind() : resume();
}

std::coroutine_handle<> leave_all_operation::branch_ended(branch_base&) noexcept {
  left();
  at_ = at_->below.get();
  return leave_next();
}

void leave_all_operation::left() noexcept {
  const outcome<void>& end = at_->leaving->result;
  cancelled_ = cancelled_ || end.cancelled();
  if (!end.has_exception()) return;
  if (error_) {
    context_->loop().handle_exception(
        {"the clean-up of " + at_->describe() + " failed after another's", end.exception()});
    return;
  }
  error_ = end.exception();
  if (how_.has_value()) how_.emplace_exception(error_);
}

}  // namespace eddy::detail
