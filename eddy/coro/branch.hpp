// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy::detail {

class branch_base;

/// The base of every combinator: an operation whose wait is over when all of its branches have ended.
///
/// It lives in the frame that awaits it, and so do its branches. It has no frame of its own.
class scope : public operation {
 public:
  /// A branch has ended; its frames are gone. @returns what to run next: resume(), unwind(), another branch, or
  /// nothing().
  virtual std::coroutine_handle<> branch_ended(branch_base& branch) noexcept = 0;

 protected:
  scope() = default;
  scope(scope&&) = default;
  ~scope() = default;

  /// The frame that awaits it suspends here.
  template <class Promise>
  void suspend(std::coroutine_handle<Promise> frame) noexcept {
    frame_ = &base_of(frame);
    context_->suspend_at(*frame_);
    context_->wait_on(*this);
  }
  /// The awaiting coroutine goes on in await_resume.
  std::coroutine_handle<> resume() noexcept { return context_->enter(*frame_); }
  /// The awaiting context goes on unwinding.
  std::coroutine_handle<> unwind() noexcept {
    context_->unwind_next();
    return std::noop_coroutine();
  }
  /// Branches still run.
  static std::coroutine_handle<> nothing() noexcept { return std::noop_coroutine(); }

  promise_base* frame_ = nullptr;
};

/// A coroutine in a child context whose end goes to a scope: the one building block of all combinators.
class branch_base : public context {
 public:
  branch_base(context& parent, scope& owner, bool shielded = false) noexcept
      : context(parent.scheduler(), &parent, shielded) {
    host_ = &owner;
  }

  /// Runs it next. @returns what the caller has to transfer to.
  std::coroutine_handle<> start() noexcept {
    if (cancel_requested()) {  // born cancelled: it never runs
      unwind_next();
      return std::noop_coroutine();
    }
    return start_regardless();
  }
  /// The same also when it was born cancelled: then it runs up to its first wait, which unwinds it.
  std::coroutine_handle<> start_regardless() noexcept {
    leaf()->context = this;
    return enter(*leaf());
  }
  /// Runs it in its turn.
  using context::start_in_turn;

  std::string describe() const override;

 protected:
  ~branch_base() {
    if (leaf() != nullptr) destroy_root();  // never started
  }

  /// Does not touch the frame: of many branches those are in no cache any more.
  void adopt(promise_base& root) noexcept { suspend_at(root); }
  scope& owner() const noexcept { return static_cast<scope&>(*host_); }
  std::coroutine_handle<> tell_ended() noexcept final { return owner().branch_ended(*this); }
};

template <class T>
class branch final : public branch_base {
 public:
  using branch_base::branch_base;

  /// Calls `f(args...)`, which makes the coroutine. A throw is an end like any other. @returns false then: it has
  /// ended.
  template <class F, class... Args>
  bool make(F&& f, Args&&... args) noexcept {
    try {
      coro<T> made = detail::invoke_callable(std::forward<F>(f), std::forward<Args>(args)...);
      adopt(*made.release());
      return true;
    } catch (...) {
      result.emplace_exception(std::current_exception());
      return false;
    }
  }
  void take(coro<T>&& made) noexcept { adopt(*made.release()); }

  outcome<T> result;

 private:
  void collect() noexcept override {
    static_cast<promise<T>*>(leaf())->take_into(result);
    destroy_root();
  }
  void collect_cancelled() noexcept override { result.emplace_cancelled(std::string(cancel_reason())); }
};

/// Room for something that is made when its owner is awaited. The owner may move before that, so moving leaves it
/// empty.
template <class T>
class late {
 public:
  late() noexcept {}
  late(late&& other) noexcept { EDDY_ASSERT(!other.made_, "a scope was moved after it was awaited"); }
  late& operator=(late&&) = delete;
  ~late() { reset(); }
  void reset() noexcept {
    if (detail::exchanged(made_, false)) std::destroy_at(&value_);
  }
  template <class... Args>
  T& emplace(Args&&... args) {
    std::construct_at(&value_, std::forward<Args>(args)...);
    made_ = true;
    return value_;
  }
  explicit operator bool() const noexcept { return made_; }
  T& operator*() const noexcept { return value_; }
  T* operator->() const noexcept { return &value_; }

 private:
  union {
    mutable T value_;
  };
  bool made_ = false;
};

// -- what can be awaited, as a coroutine
// ---------------------------------------------------------------------------------

template <class T>
struct is_coro : std::false_type {};
template <class T>
struct is_coro<coro<T>> : std::true_type {};

template <class A>
struct await_result {};
template <has_co_await A>
struct await_result<A> {
  using type = decltype(std::declval<A>().operator co_await().await_resume());
};
template <class A>
  requires std::derived_from<std::remove_cvref_t<A>, operation>
struct await_result<A> {
  using type = decltype(std::declval<A>().await_resume());
};
/// What `co_await std::declval<A>()` gives.
template <class A>
using await_result_t = typename await_result<A>::type;

/// The value that a combinator keeps of `A`'s result.
template <class A>
using branch_result_t = std::conditional_t<is_coro<std::remove_cvref_t<A>>::value, await_result_t<A>,
                                           std::remove_cvref_t<await_result_t<A>>>;

template <class A>
concept awaitable = requires { typename await_result<A>::type; };

template <class A>
coro<branch_result_t<A>> await_in_coro(A a) {
  co_return co_await std::move(a);
}
/// A copy of a handle, awaited as the lvalue that it was: the value stays in the task.
template <class A>
coro<branch_result_t<const A&>> await_kept_in_coro(A a) {
  static_assert(
      std::is_void_v<branch_result_t<const A&>> || std::copy_constructible<branch_result_t<const A&>>,
      "this handle's value cannot be copied: hand the handle over with std::move(task), then the value is moved out");
  co_return co_await std::as_const(a);
}

/// Any awaitable as a coroutine: a coroutine is taken as it is, a leaf operation or a handle is awaited inside one, as
/// the lvalue or rvalue that it is.
template <class A>
auto to_coro(A&& a) {
  if constexpr (is_coro<std::remove_cvref_t<A>>::value) {
    static_assert(!std::is_lvalue_reference_v<A>, "hand a coroutine over with std::move: it runs once");
    return std::remove_cvref_t<A>(std::move(a));
  } else if constexpr (std::is_lvalue_reference_v<A>) {
    return await_kept_in_coro<std::remove_cvref_t<A>>(a);
  } else {
    return await_in_coro<std::remove_cvref_t<A>>(std::move(a));
  }
}

template <class T>
coro<T> finished_coro(T value) {
  co_return std::move(value);
}
inline coro<> finished_coro() { co_return; }

/// Calls `f`, which may await or not, as a coroutine: a body that only starts children needs no co_return.
template <class F>
auto call_to_coro(F&& f) {
  using returned = std::invoke_result_t<F>;
  if constexpr (std::is_void_v<returned>) {
    std::forward<F>(f)();
    return finished_coro();
  } else if constexpr (awaitable<returned>) {
    return to_coro(std::forward<F>(f)());
  } else {
    return finished_coro<std::remove_cvref_t<returned>>(std::forward<F>(f)());
  }
}

/// A callable that returns an awaitable, or the awaitable itself: made inside the branch, so that its throw is an end.
template <class F, class... Args>
auto make_coro(F& f, Args&&... args) {
  return to_coro(detail::invoke_callable(f, std::forward<Args>(args)...));
}

template <class F, class... Args>
using called_result_t = branch_result_t<std::invoke_result_t<F, Args...>>;

// g++ 12 to 15 destroy a closure that is made inside a co_await expression twice. A closure whose destruction does
// nothing is harmless.
template <class F>
constexpr bool safe_in_await =
    !EDDY_CLOSURES_IN_AWAIT_BROKEN || awaitable<std::remove_cvref_t<F>> || std::is_lvalue_reference_v<F> ||
    std::is_trivially_destructible_v<std::remove_cvref_t<F>>;

#define EDDY_CHECK_CLOSURE(F)                                                                                     \
  static_assert(::eddy::detail::safe_in_await<F>,                                                                 \
                "g++ destroys a closure that owns something twice when it is made inside a co_await expression; " \
                "name it first:  auto body = [owned = ...] { ... };  co_await with(resource, body);")

}  // namespace eddy::detail
