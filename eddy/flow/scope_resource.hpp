// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>

#include "eddy/base/function.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/coro/context.hpp"

namespace eddy::detail {

/// Whoever entered a scope_resource: told when its last child has ended after the body.
class scope_resource_owner {
 public:
  virtual void children_ended() noexcept = 0;

 protected:
  ~scope_resource_owner() = default;
};

/// A resource that owns child tasks, and so has to be joined by the `with` around it instead of by an aexit.
///
/// Order of calls: open, (cancel_children, any time), body_ended, finish.
class scope_resource {
 public:
  /// `parent` awaits the scope, `body` is the branch that runs its body.
  virtual void open(context& parent, context& body, scope_resource_owner& owner) noexcept = 0;
  /// The body's branch has ended. @returns whether no child is left; otherwise children_ended() follows.
  virtual bool body_ended(const outcome<>& how) noexcept = 0;
  /// Adds every child to `c`.
  virtual void cancel_children(cancellation& c) noexcept = 0;
  virtual void visit_children(const detail::function<void(context&)>& visit) const = 0;
  /// Whether finish() will give errors.
  virtual bool failed() const noexcept = 0;
  /// Whether a child ended cancelled.
  virtual bool any_cancelled() const noexcept = 0;
  /// Everything has ended: the errors to throw, or null.
  virtual std::exception_ptr finish() = 0;

 protected:
  ~scope_resource() = default;
};

}  // namespace eddy::detail
