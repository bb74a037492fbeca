// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>

#include "eddy/coro/context.hpp"
#include "eddy/coro/promise.hpp"

namespace eddy::detail {

/// The base of every leaf operation: an awaiter without a frame that keeps laws L1, L7 and L11 for what derives from
/// it.
///
/// `Derived` provides
/// - `bool try_complete()`: does it at once if it can; true means that the effect has happened;
/// - `void begin()`: waits for it (after try_complete() gave false); it later calls `context_->completed()` once;
/// - `bool take_back() noexcept`: a cancellation asks: true when it is undone without an effect; false when the end
/// comes
///   later, by completed() or by `context_->withdrawn()`;
/// - `await_resume()`.
template <class Derived>
class leaf : public operation {
 public:
  bool await_ready() {
    if (context_->await_needs_look() && context_->look()) [[unlikely]] {
      phase_ = phase::cancelled;
      return false;
    }
    if (!self().try_complete()) return false;
    if (context_->scheduler().spend()) return true;
    phase_ = phase::yields;  // it has happened; only its news waits for a turn
    return false;
  }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(base_of(frame));
  }

  void on_cancel(cancellation&) noexcept final {
    if (self().take_back()) context_->withdrawn();
  }
  bool take_back_in_step() noexcept final { return self().take_back(); }

 protected:
  leaf() = default;
  leaf(leaf&&) = default;
  ~leaf() = default;

 private:
  enum class phase : unsigned char { waits, yields, cancelled };

  Derived& self() noexcept { return static_cast<Derived&>(*this); }

  void suspend(promise_base& frame) {
    context_->suspend_at(frame);
    if (phase_ == phase::waits) [[likely]] {
      context_->wait_on(*this);
      try {
        self().begin();
      } catch (...) {
        context_->stop_waiting();  // nothing is awaited: the coroutine goes on with the exception
        throw;
      }
      if (context_->observed()) [[unlikely]]
        context_->look_suspended();
    } else if (phase_ == phase::yields) {
      context_->completed();
    } else {
      context_->unwind_next();
    }
  }

  phase phase_ = phase::waits;
};

}  // namespace eddy::detail
