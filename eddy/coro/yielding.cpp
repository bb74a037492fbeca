// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/yielding.hpp"

#include "eddy/base/reports.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy::detail {

// Unwound in the middle of an await: tells where, for who asks later.
yielding_promise::~yielding_promise() {
  if (home != nullptr && home->running_) home->place_ = place;
}

void yielding_promise::unhandled_exception() noexcept {
  check_not_unwinding();
  if (context == nullptr) std::terminate();  // a destructor threw while it was dropped outside of any loop
  error = std::current_exception();
}

std::string yielding::describe_function() const {
  return short_function(function_.function_name()) + " (" + format_place(function_) + ")";
}

void yielding::take_end() {
  std::exception_ptr error = std::move(frame().error);
  destroy_frame();
  if (!error) {
    ended_.emplace();
    return;
  }
  ended_.emplace_exception(error);
  std::rethrow_exception(std::move(error));
}

void yielding::destroy_frame() noexcept {
  promise_base* frame = std::exchange(frame_, nullptr);
  if (frame == nullptr) return;
  if (static_cast<yielding_promise*>(frame)->value != nullptr)
    context::destroy_left(*frame);
  else
    frame->destroy();  // has not begun, or has come to its end
}

void yielding::drop() noexcept {
  EDDY_ASSERT(frame_ == nullptr || !running_,
              "a generator was destroyed while its next() is awaited; let it outlive that");
  destroy_frame();
  if (!resources_.empty() && debugging()) [[unlikely]]
    report("generator " + describe_function() + " was dropped with resources that it has entered (" +
           resources_.describe() + "): they are destroyed without their aexit; use it in for_each or with");
  resources_.drop();
}

}  // namespace eddy::detail
