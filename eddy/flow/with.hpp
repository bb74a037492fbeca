// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/coro/resource.hpp"
#include "eddy/flow/scope_resource.hpp"

namespace eddy {

namespace detail {

template <class R>
concept resource = has_aenter<R> || has_aexit<R> || std::derived_from<R, scope_resource>;

/// Acquisition, body, release: three branches, one after the other.
///
/// Invariants: (1) the body starts only when aenter has ended with a value; (2) once it has, aexit runs exactly once,
/// shielded, after the body's branch has ended however it did; (3) the awaiting frame goes on, or is unwound, only
/// after all of them.
template <class Resource, class Body>
class with_operation final : public scope, private scope_resource_owner {
  using plain = std::remove_reference_t<Resource>;
  using entered = entered_value_t<plain>;

  static decltype(auto) call_body(Body& body, plain& resource, late<branch<entered>>& enter) {
    if constexpr (std::is_void_v<entered>)
      return detail::invoke_callable(body, resource);
    else
      return detail::invoke_callable(body, *std::move(enter->result));
  }
  using returned =
      decltype(call_body(std::declval<Body&>(), std::declval<plain&>(), std::declval<late<branch<entered>>&>()));
  template <class R>
  struct value_of_body : std::type_identity<std::remove_cvref_t<R>> {};
  template <awaitable R>
  struct value_of_body<R> : std::type_identity<branch_result_t<R>> {};
  using T = typename value_of_body<returned>::type;
  static constexpr bool owns_children = std::derived_from<plain, scope_resource>;

 public:
  template <class R, class B>
  with_operation(R&& resource, B&& body) : resource_(std::forward<R>(resource)), body_(std::forward<B>(body)) {}
  with_operation(with_operation&&) = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
    enter_.emplace(*context_, *this);
    if constexpr (has_aenter<plain>) {
      if (!enter_->make([this] { return resource_calls<plain>::enter(resource_); })) return resume();
      return enter_->start();
    } else {
      enter_->result.emplace();
      return start_body();
    }
  }

  T await_resume() {
    if (enter_->result.has_exception() || enter_->result.cancelled()) enter_->result.throw_if_failed();
    if constexpr (owns_children) {
      if (auto failures = resource_.finish()) std::rethrow_exception(failures);
    }
    if (leave_ && leave_->result.has_exception() && !body_branch_->result.has_exception())
      leave_->result.throw_if_failed();
    if constexpr (std::is_void_v<T>) {
      // A body that somebody else cancelled, as group.cancel() does, is an end of the scope like any other.
      if (body_branch_->result.has_exception()) body_branch_->result.throw_if_failed();
    } else {
      return std::move(body_branch_->result).value();
    }
  }

  void on_cancel(cancellation& c) noexcept override {
    if (leave_) {
      if (c.lifts_shields()) c.add(*leave_);
    } else if (body_branch_) {
      c.add(*body_branch_);
    } else {
      c.add(*enter_);
    }
    if constexpr (owns_children) resource_.cancel_children(c);
  }
  void visit_children(const detail::function<void(context&)>& visit) const override {
    if (enter_ && !body_branch_) visit(*enter_);
    if (body_branch_ && !body_branch_->ended()) visit(*body_branch_);
    if (leave_ && !leave_->ended()) visit(*leave_);
    if constexpr (owns_children) resource_.visit_children(visit);
  }
  std::string describe() const override { return "with(" + demangle(typeid(plain).name()) + ")"; }

 private:
  std::coroutine_handle<> branch_ended(branch_base& ended) noexcept override {
    if (&ended == &*enter_) {
      if (enter_->result.cancelled() && context_->cancel_requested()) return unwind();
      return enter_->result.has_value() ? start_body() : resume();
    }
    if (&ended == &*body_branch_) return body_ended();
    return leave();
  }

  std::coroutine_handle<> start_body() noexcept {
    body_branch_.emplace(*context_, *this);
    if constexpr (owns_children) resource_.open(*context_, *body_branch_, *this);
    if (!body_branch_->make([this] {
          return call_to_coro([this]() -> decltype(auto) { return call_body(body_, resource_, enter_); });
        }))
      return body_ended();
    return body_branch_->start();
  }

  std::coroutine_handle<> body_ended() noexcept {
    if constexpr (owns_children) {
      if (!resource_.body_ended(without_value(body_branch_->result))) return nothing();  // children_ended() follows
    }
    return start_leave();
  }

  std::coroutine_handle<> start_leave() noexcept {
    if constexpr (has_aexit<plain>) {
      leave_.emplace(*context_, *this, true);
      if (!leave_->make(
              [this] { return resource_calls<plain>::leave(resource_, without_value(body_branch_->result)); }))
        return leave();
      return leave_->start_regardless();  // after the grace too: it runs until it would have to wait
    } else {
      return leave();
    }
  }

  // The last child of the resource has ended, as a step of the child.
  void children_ended() noexcept override {
    if constexpr (!has_aexit<plain>) {
      if (must_unwind())
        context_->withdrawn();
      else
        context_->completed();
    }
  }

  std::coroutine_handle<> leave() noexcept { return must_unwind() ? unwind() : resume(); }

  bool must_unwind() noexcept {
    if constexpr (owns_children) {
      if (resource_.failed()) return false;  // exceptions go before cancelled
    }
    const outcome<T>& body = body_branch_->result;
    const bool leave_failed = leave_ && leave_->result.has_exception();
    // A clean-up error beside another end: that end keeps its type, the error reaches the handler (L6).
    if (leave_failed && (body.has_exception() || (body.cancelled() && context_->cancel_requested())))
      context_->loop().handle_exception(
          {"the clean-up of " + describe() + " failed in " + context_->describe(), leave_->result.exception()});
    if (body.has_exception()) return false;
    const bool cancelled = body.cancelled() || (leave_ && leave_->result.cancelled()) || children_cancelled();
    return cancelled && context_->cancel_requested();
  }
  bool children_cancelled() noexcept {
    if constexpr (owns_children) return resource_.any_cancelled();
    return false;
  }

  Resource resource_;
  [[no_unique_address]] Body body_;
  late<branch<entered>> enter_;
  late<branch<T>> body_branch_;
  late<branch<void>> leave_;
};

/// with() for callables of our own, which g++ handles well in a co_await expression: they are no closures.
template <class Resource, class Body>
auto make_with(Resource&& resource, Body&& body) {
  using kept = std::conditional_t<std::is_lvalue_reference_v<Resource>, Resource, std::remove_cvref_t<Resource>>;
  return with_operation<kept, std::decay_t<Body>>(std::forward<Resource>(resource), std::forward<Body>(body));
}

}  // namespace detail

/// Opens a resource, runs `body` with it, and closes it: after value, exception and cancellation alike.
///
/// A resource has `aenter()`, `aexit()` or both; each may be an ordinary function or return an awaitable. `body` is
/// called with what aenter() gives, or with the resource itself when that is void. `aexit` may take a `const
/// outcome<>&`: how the body ended. Pass an lvalue to use a resource that lives elsewhere (it is not moved), an rvalue
/// to hand it over.
///
/// @returns the body's value.
/// @throws what aenter, the body or aexit throws; when both body and aexit fail, the body's, and the other reaches the
/// loop's handler.
///
/// **Cancellation.** aenter and body are cancelled; aexit is shielded and runs to its end, for at most the grace
/// period. When aenter is cancelled nothing was opened and aexit does not run. Then the unwinding goes on.
/// **In asyncio.** `async with resource as r: body`.
template <class Resource, class Body>
  requires detail::resource<std::remove_cvref_t<Resource>>
[[nodiscard]] auto with(Resource&& resource, Body&& body) {
  EDDY_CHECK_CLOSURE(Body);
  return detail::make_with(std::forward<Resource>(resource), std::forward<Body>(body));
}

}  // namespace eddy
