// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>

#include "eddy/flow/single_scope.hpp"

namespace eddy::detail {

class expiring_operation;

/// From where a test lets the limit of an expiring_operation run out.
struct expiry {
  expiring_operation* limited = nullptr;  // while it waits
};

/// Calls a test's body inside a scope.
class body_caller {
 public:
  explicit body_caller(const std::function<coro<>()>& body) noexcept : body_(&body) {}
  coro<> operator()() const { return (*body_)(); }

 private:
  const std::function<coro<>()>* body_;
};

/// What `timeout` is, with a deadline that a test sets when it likes; running out is no error.
class expiring_operation final : public single_scope<void, body_caller>, private timer {
 public:
  expiring_operation(const std::function<coro<>()>& body, expiry& from) noexcept
      : single_scope(body_caller(body)), from_(&from) {}
  expiring_operation(expiring_operation&&) = default;

  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    from_->limited = this;
    return start(frame);
  }
  void await_resume() {
    if (!expired_ || !result().cancelled()) take_result();
  }
  std::string describe() const override { return "a limit that explore set"; }

  /// The deadline is now: in this step of the loop when it is about deadlines, else in the next turn.
  void expire() {
    scheduler& s = context_->scheduler();
    if (s.current == nullptr)
      due();
    else if (!armed())
      s.timers.arm(*this, s.now());
  }

 private:
  std::coroutine_handle<> branch_ended(branch_base& ended) noexcept override {
    from_->limited = nullptr;
    context_->scheduler().timers.cancel(*this);
    return single_scope::branch_ended(ended);
  }
  void due() noexcept override {
    expired_ = true;
    cancellation going(context_->scheduler(), "explore's limit is reached");
    going.add(*branch_);
    going.run();
  }

  expiry* from_;
  bool expired_ = false;
};

}  // namespace eddy::detail
