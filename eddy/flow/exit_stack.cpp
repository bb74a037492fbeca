// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/exit_stack.hpp"

namespace eddy::detail {

// A call that throws before it is a coroutine has ended at once: the loop goes on to the next entry.
std::coroutine_handle<> close_operation::close_next() noexcept {
  while ((closing_ = entries_->pop())) {
    branch_.reset();
    branch_.emplace(*context_, *this, true);
    if (branch_->make([this] { return closing_->close(how_); })) return branch_->start_regardless();
    note_end();
  }
  return any_cancelled_ && first_error_ == nullptr && context_->cancel_requested() ? unwind() : resume();
}

std::coroutine_handle<> close_operation::branch_ended(branch_base&) noexcept {
  note_end();
  return close_next();
}

void close_operation::note_end() noexcept {
  any_cancelled_ |= branch_->result.cancelled();
  if (!branch_->result.has_exception()) return;
  const std::exception_ptr error = branch_->result.exception();
  if (first_error_ != nullptr) {
    context_->loop().handle_exception(
        {"closing a resource of an exit_stack failed after another had failed, in " + context_->describe(), error});
    return;
  }
  first_error_ = error;
  if (how_.has_value()) how_.emplace_exception(error);
}

}  // namespace eddy::detail
