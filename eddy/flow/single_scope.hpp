// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/coro/branch.hpp"

namespace eddy::detail {

/// A coroutine that is there already, as a callable that hands it over: so that scopes know only callables.
template <class T>
class handed_coro {
 public:
  explicit handed_coro(coro<T> c) noexcept : coro_(std::move(c)) {}
  coro<T> operator()() { return std::move(coro_); }

 private:
  coro<T> coro_;
};

/// A scope with one branch: what timeout, shield and as_outcome have in common.
///
/// `Make` is a callable that returns the coroutine; it is called inside the branch.
template <class T, class Make>
class single_scope : public scope {
 public:
  explicit single_scope(Make make) : make_(std::move(make)) {}
  single_scope(single_scope&&) = default;

  bool await_ready() const noexcept { return false; }

  void on_cancel(cancellation& c) noexcept override { c.add(*branch_); }
  void visit_children(const detail::function<void(context&)>& visit) const override {
    if (branch_ && !branch_->ended()) visit(*branch_);
  }

 protected:
  ~single_scope() = default;

  /// @param args  What the callable is called with.
  template <class Promise, class... Args>
  std::coroutine_handle<> start(std::coroutine_handle<Promise> frame, bool shielded = false, Args&... args) {
    suspend(frame);
    branch_.emplace(*context_, *this, shielded);
    if (!branch_->make([&] { return make_coro(make_, args...); })) return branch_ended(*branch_);
    return branch_->start();
  }

  /// Its own result, unless its own context is pending and the child was cancelled: then the unwinding goes on.
  std::coroutine_handle<> branch_ended(branch_base&) noexcept override {
    if (branch_->result.cancelled() && context_->cancel_requested()) return unwind();
    return resume();
  }

  outcome<T>& result() noexcept { return branch_->result; }
  T take_result() {
    if constexpr (std::is_void_v<T>)
      result().value();
    else
      return std::move(result()).value();
  }

  [[no_unique_address]] Make make_;
  late<branch<T>> branch_;
};

/// The callable that a scope keeps for an awaitable or a callable that makes one.
template <class A>
auto as_make(A&& a) {
  if constexpr (awaitable<std::remove_cvref_t<A>>)
    return handed_coro(to_coro(std::forward<A>(a)));
  else
    return std::decay_t<A>(std::forward<A>(a));
}
template <class A>
using make_of = decltype(as_make(std::declval<A>()));
template <class Make>
using made_value = called_result_t<Make&>;

}  // namespace eddy::detail
