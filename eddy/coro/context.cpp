// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/context.hpp"

#include <cxxabi.h>

#include <cstdio>
#include <exception>
#include <source_location>

#include "eddy/base/errors.hpp"
#include "eddy/coro/context_var.hpp"
#include "eddy/coro/promise.hpp"
#include "eddy/coro/task_registry.hpp"

// The beginning of __cxa_eh_globals as the Itanium C++ ABI lays it down; libstdc++ and libc++abi both keep to it.
namespace __cxxabiv1 {
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept;
}  // namespace __cxxabiv1

namespace eddy {

namespace {

struct eh_globals {
  void* caught;
  unsigned int uncaught;
};

// While it lives, std::uncaught_exceptions() says one more, so that guards which commit on success roll back (L2).
class raised_uncaught {
 public:
  raised_uncaught() noexcept : globals_(reinterpret_cast<eh_globals*>(__cxxabiv1::__cxa_get_globals())) {
    ++globals_->uncaught;
  }
  ~raised_uncaught() { --globals_->uncaught; }
  raised_uncaught(const raised_uncaught&) = delete;
  raised_uncaught& operator=(const raised_uncaught&) = delete;

 private:
  eh_globals* globals_;
};

// As frame.handle().resume(), of which it is known that it does not throw: a jump is enough, and no frame of ours
// stands below a coroutine's.
void call_resume(detail::promise_base& frame) noexcept {
  using function = void (*)(void*) noexcept;
  void* const address = frame.handle().address();
  static_cast<function*>(address)[0](address);
}

// As frame.destroy(), which both compilers take for a function that cannot throw. A frame begins with {resume,
// destroy}.
void call_destroy(detail::promise_base& frame) {
  using function = void (*)(void*);
  void* const address = frame.handle().address();
  static_cast<function*>(address)[1](address);
}

[[noreturn]] void end_in_unwinding(const context& c, std::source_location place) noexcept {
  const std::string text = "a destructor threw while " + c.describe() + " was being cancelled, at " +
                           detail::format_place(place) + " in " + place.function_name() + ": " +
                           detail::describe_exception(std::current_exception()) +
                           "; destructors of objects that live across a co_await must not throw";
  detail::fatal(text.c_str());
}

}  // namespace

void context::inherit(const context& parent, bool shielded) noexcept {
  std::uint16_t inherited = observed_flag;
  // A shield keeps cancellation out, except when it comes after the grace period.
  if (!shielded || (parent.flags_ & lifted_flag) != 0) inherited |= cancel_requested_flag | lifted_flag;
  flags_ = parent.flags_ & inherited;
  if (cancel_requested()) set_reason(parent.reason_);
  values_ = detail::var_link::retain(parent.values_);
}

void context::release_shared() noexcept {
  if (reason_ != nullptr) reason_->release();
  if (values_ != nullptr) detail::var_link::release(values_);
}

void context::inherit_values(const context& other) noexcept {
  detail::var_link::release(exchange_values(detail::var_link::retain(other.values_)));
}

context* context::try_current() noexcept {
  event_loop* loop = event_loop::try_current();
  return loop != nullptr ? loop->scheduler().current : nullptr;
}

context& context::current() {
  context* found = try_current();
  if (found == nullptr) throw misuse_error("no coroutine runs here; call this from inside one that eddy::run started");
  return *found;
}

bool unwinding() noexcept {
  const context* here = context::try_current();
  return here != nullptr && here->unwinding();
}

bool context::look() noexcept {
  if (observed() && scheduler_->observer != nullptr) scheduler_->observer->on_await(*this);
  return cancel_requested();
}

void context::look_suspended() noexcept {
  if (scheduler_->observer != nullptr) scheduler_->observer->on_suspend(*this);
}

void context::tell_completed() noexcept {
  if (scheduler_->observer != nullptr) scheduler_->observer->on_complete(*this);
}

// completed(), where somebody observes or it stands in the ready queue already.
void context::complete_specially() noexcept {
  operation_ = nullptr;
  if (observed()) tell_completed();
  if (!stops_trying()) scheduler_->make_ready(*this);
}

void context::run() noexcept {
  scheduler_->current = this;
  if ((flags_ & (finished_flag | unwinding_flag | fresh_flag | tries_flag)) == 0) [[likely]]
    return call_resume(*leaf_);
  if (about_to_try()) {
    if (try_operation()) return call_resume(*leaf_);
  } else if ((flags_ & finished_flag) != 0) {
    collect();
    end();
  } else {
    run_first_or_unwind();
  }
}

void context::can_try() noexcept {
  if (about_to_try()) return;
  flags_ |= tries_flag;
  scheduler_->make_ready(*this);
}

// What has come is delivered, also to one that was cancelled meanwhile. @returns whether it goes on.
bool context::try_operation() noexcept {
  stops_trying();
  detail::operation& op = *operation_;
  if (op.try_in_step()) {
    operation_ = nullptr;
    if (observed()) [[unlikely]]
      tell_completed();
    return true;
  }
  if (cancel_requested() && op.take_back_in_step()) {
    operation_ = nullptr;
    flags_ |= unwinding_flag;
    end_unwound();
  }
  return false;
}

void context::run_first_or_unwind() noexcept {
  flags_ &= static_cast<std::uint16_t>(~fresh_flag);
  if ((flags_ & (cancel_requested_flag | unwinding_flag)) == 0) [[likely]] {
    leaf_->context = this;
    return call_resume(*leaf_);
  }
  flags_ |= unwinding_flag;
  end_unwound();
}

void context::end_unwound() noexcept {
  {
    const raised_uncaught raised;  // also for a task's arguments and captures
    unwind();
    collect_cancelled();
  }
  end();
}

void context::end() noexcept {
  flags_ |= ended_flag;
  tell_ended().resume();  // *this may be gone from here on
}

// Innermost first, as an exception would: each frame's locals, then those of the frame that awaited it. The slot that
// owned the frame forgets it, so that the awaiter's destructor, which runs with the next frame, does not destroy it
// again.
void context::unwind() noexcept {
  detail::promise_base* frame = leaf_;
  while (frame != nullptr) {
    detail::promise_base* caller = frame->continuation;
    leaf_ = frame;
    const std::source_location place = frame->place;
    if (frame->owner != nullptr) *frame->owner = nullptr;
    try {
      call_destroy(*frame);
    } catch (...) {  // out of a parameter: those lie outside of the body's hidden try
      end_in_unwinding(*this, place);
    }
    frame = caller;
  }
  leaf_ = nullptr;
}

// Nothing of the context that runs here goes on meanwhile, so it may say for the moment that it unwinds.
void context::destroy_left(detail::promise_base& frame) noexcept {
  context* here = try_current();
  const std::uint16_t before = here != nullptr ? here->flags_ : 0;
  if (here != nullptr) here->flags_ |= unwinding_flag;
  frame.context = here;
  const std::source_location place = frame.place;
  const raised_uncaught raised;
  try {
    call_destroy(frame);
  } catch (...) {
    if (here == nullptr) std::terminate();
    end_in_unwinding(*here, place);
  }
  if (here != nullptr && (before & unwinding_flag) == 0) here->flags_ &= ~static_cast<std::uint16_t>(unwinding_flag);
}

namespace detail {

void promise_base::terminate_in_unwinding() const noexcept { end_in_unwinding(*context, place); }

cancellation::cancellation(scheduler& s, std::string_view text)
    : scheduler_(s),
      reason_(s.tasks != nullptr ? &s.tasks->reason_for(text) : new cancel_reason(std::string(text), s.now())) {}

void cancellation::add(context& c) noexcept {
  const bool reached = c.cancel_requested() && (!lift_ || (c.flags_ & context::lifted_flag) != 0);
  if (reached || c.ended()) return;
  c.flags_ |= context::cancel_requested_flag;
  if (lift_) c.flags_ |= context::lifted_flag;
  c.set_reason(reason_);
  reached_ = true;
  // It waits, so it is in no other queue; one that is about to try stands in the ready queue, and asks there.
  if (c.operation_ != nullptr && !c.about_to_try()) waiting_.push(c);
}

void cancellation::run() noexcept {
  while (!waiting_.empty()) {
    auto& c = static_cast<context&>(waiting_.pop());
    c.operation_->on_cancel(*this);
  }
  if (!lift_ && reached_ && scheduler_.tasks != nullptr) scheduler_.tasks->watch_grace(*reason_);
}

}  // namespace detail
}  // namespace eddy
