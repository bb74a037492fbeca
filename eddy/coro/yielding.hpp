// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/errors.hpp"
#include "eddy/coro/context_var.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/entered.hpp"

// What async_generator and context_manager share: a coroutine that somebody runs from one co_yield to the next, in his
// own context.

namespace eddy::detail {

class yielding;

/// The coroutine's side. While it runs it is linked below the frame that awaits it, as any coroutine is, so a
/// cancellation unwinds it; while it stands at a co_yield it belongs to no context.
struct yielding_promise : promise_base {
  using promise_base::await_transform;
  using promise_base::promise_base;
  ~yielding_promise();

  void return_void() const noexcept {}
  void unhandled_exception() noexcept;

  class end_awaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      return ended.promise().hand_over(nullptr);
    }
    void await_resume() const noexcept {}
  };
  end_awaiter final_suspend() const noexcept { return {}; }

  /// Suspends; whoever awaits it goes on. @param item  What stands at the co_yield; null at the end.
  std::coroutine_handle<> hand_over(const void* item) noexcept {
    value = const_cast<void*>(item);
    home = nullptr;  // the object may move until the next run
    values.leave(*context);
    return context->transfer(*detail::exchanged(continuation, nullptr));
  }

  void* value = nullptr;     // of the co_yield where it stands; null before the first, while it runs, at its end
  std::exception_ptr error;  // what ended it
  yielding* home = nullptr;  // the object that owns the frame, while it runs
  travelling_values values;
};

/// Hands over what a co_yield refers to; the frame keeps it until it goes on.
class yield_awaiter {
 public:
  explicit yield_awaiter(const void* item) noexcept : item_(item) {}
  yield_awaiter(const yield_awaiter&) = delete;
  yield_awaiter& operator=(const yield_awaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
    return frame.promise().hand_over(item_);
  }
  void await_resume() const noexcept {}

 private:
  const void* item_;
};

/// The consumer's side: owns the frame.
class yielding {
 public:
  yielding(const yielding&) = delete;
  yielding& operator=(const yielding&) = delete;

  /// What has been entered in it.
  entered_list& resources() noexcept { return resources_; }

 protected:
  yielding() noexcept = default;
  explicit yielding(yielding_promise& frame) noexcept : frame_(&frame), function_(frame.place) {}
  yielding(yielding&& other) noexcept
      : frame_(detail::exchanged(other.frame_, nullptr)),
        function_(detail::exchanged(other.function_, {})),
        place_(other.place_),
        running_(detail::exchanged(other.running_, false)),
        ended_(other.ended_),
        resources_(std::move(other.resources_)) {
    EDDY_ASSERT(frame_ == nullptr || !running_, "a generator was moved while its next() is awaited");
  }
  ~yielding() { drop(); }

  yielding_promise& frame() const noexcept { return *static_cast<yielding_promise*>(frame_); }
  /// Its frame was unwound inside of next() by a cancellation.
  bool cancelled_inside() const noexcept { return running_ && frame_ == nullptr; }
  /// It stands at its end.
  bool at_end() const noexcept { return frame().value == nullptr; }
  /// Its function, with the place, for people.
  std::string describe_function() const;
  /// Takes note of its end, and destroys the frame. @throws what ended it.
  void take_end();
  /// Destroys what is left, without an await.
  void drop() noexcept;
  /// Destroys the frame, unwinding it when it stands at a co_yield.
  void destroy_frame() noexcept;

  class run_operation;

  frame_slot frame_ = nullptr;     // null once it is gone: ended, left, or unwound by a cancellation
  std::source_location function_;  // empty when there never was a frame
  std::source_location place_;     // where it stood when it was unwound
  bool running_ = false;  // between the beginning of an await and its end; stays set when it was cancelled in it
  outcome<> ended_;       // how the frame ended by itself; cancelled when it was unwound, or has not ended
  entered_list resources_;

 private:
  friend struct yielding_promise;
};

/// Runs a yielding coroutine up to its next co_yield or its end. Not an operation that a context waits on: what waits
/// is what the coroutine itself awaits, in the same context.
class yielding::run_operation : public operation {
 public:
  run_operation(run_operation&&) = default;

  void on_cancel(cancellation&) noexcept final {}

 protected:
  explicit run_operation(yielding& coroutine) noexcept : coroutine_(&coroutine) {}
  ~run_operation() = default;

  /// Links the frame below the awaiting one. @returns the frame to run.
  yielding_promise& link(promise_base& awaiting) noexcept {
    yielding_promise& frame = coroutine_->frame();
    frame.continuation = &awaiting;
    frame.context = awaiting.context;
    frame.owner = &coroutine_->frame_;
    frame.home = coroutine_;
    frame.value = nullptr;
    frame.values.enter(*awaiting.context);
    coroutine_->running_ = true;
    return frame;
  }

  yielding* coroutine_;
};

}  // namespace eddy::detail
