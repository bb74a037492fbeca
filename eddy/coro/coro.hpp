// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

#include "eddy/base/config.hpp"
#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/base/reports.hpp"
#include "eddy/coro/promise.hpp"

namespace eddy {

template <class T>
class coro;

namespace detail {

/// Result of a coroutine: nothing yet, a value, or an exception.
template <class T>
struct promise final : promise_base {
  using value_type = stored<T>;
  static_assert(alignof(value_type) <= 16,
                "a coroutine cannot return a type that is aligned beyond 16 bytes; return a unique_ptr");

  explicit promise(std::source_location function = std::source_location::current()) noexcept : promise_base(function) {}
  ~promise() {
    if (state_ == state::value) std::destroy_at(std::addressof(value_));
    if (state_ == state::exception) std::destroy_at(std::addressof(exception_));
  }
  promise(const promise&) = delete;

  coro<T> get_return_object() noexcept;

  template <class U = T>
    requires std::is_convertible_v<U&&, T> || std::is_constructible_v<value_type, U&&>
  void return_value(U&& value) {
    if constexpr (std::is_reference_v<T>)
      std::construct_at(std::addressof(value_), std::addressof(value));
    else
      std::construct_at(std::addressof(value_), std::forward<U>(value));
    state_ = state::value;
  }
  void unhandled_exception() noexcept {
    check_not_unwinding();
    std::construct_at(std::addressof(exception_), std::current_exception());
    state_ = state::exception;
  }

  T take() {
    if (state_ == state::exception) std::rethrow_exception(exception_);
    if constexpr (std::is_reference_v<T>)
      return static_cast<T>(*value_);
    else
      return std::move(value_);
  }
  /// Whether it ended with an exception.
  bool failed() const noexcept { return state_ == state::exception; }
  /// Null when it returned.
  std::exception_ptr take_exception() noexcept {
    return state_ == state::exception ? std::move(exception_) : std::exception_ptr();
  }
  void take_into(outcome<T>& out) noexcept {
    if (state_ == state::exception) {
      out.emplace_exception(std::move(exception_));
      return;
    }
    try {
      if constexpr (std::is_reference_v<T>)
        out.emplace(static_cast<T>(*value_));
      else
        out.emplace(std::move(value_));
    } catch (...) {  // the value's move constructor threw
      out.emplace_exception(std::current_exception());
    }
  }

 private:
  enum class state : unsigned char { none, value, exception };
  union {
    value_type value_;
    std::exception_ptr exception_;
  };
  state state_ = state::none;
};

template <>
struct promise<void> final : promise_base {
  explicit promise(std::source_location function = std::source_location::current()) noexcept : promise_base(function) {}
  coro<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void unhandled_exception() noexcept {
    check_not_unwinding();
    exception_ = std::current_exception();
  }
  void take() {
    if (exception_) std::rethrow_exception(exception_);
  }
  bool failed() const noexcept { return exception_ != nullptr; }
  std::exception_ptr take_exception() noexcept { return std::move(exception_); }
  void take_into(outcome<void>& out) noexcept {
    if (exception_)
      out.emplace_exception(std::move(exception_));
    else
      out.emplace();
  }

 private:
  std::exception_ptr exception_;
};

/// Debug mode: remembers who made a frame. / Reports a frame that was never awaited.
void note_birth(promise_base& frame);
void report_never_awaited(promise_base& frame) noexcept;

}  // namespace detail

/// A coroutine: a function that can wait. It runs nothing until it is awaited or given to create_task, gather and the
/// like.
///
/// Return it from a function that uses co_await or co_return; `coro<>` returns nothing. Pass parameters by value unless
/// the caller awaits at once. Move-only; it runs once.
///
/// **Cancellation.** Awaiting a coroutine is not a cancellation point; what it awaits inside may be.
/// **Thread safety.** Make, move and await it on one loop's thread.
/// **In asyncio.** A coroutine object. A forgotten `co_await` is a compiler warning here, and a report in debug mode.
template <class T = void>
// clang's coro_return_type is not used: it refuses every plain function that passes a coroutine on, std::invoke among
// them.
class [[nodiscard("a coroutine runs only when it is awaited or given to create_task, gather, ...")]] coro {
 public:
  using promise_type = detail::promise<T>;
  using value_type = T;

  coro() noexcept = default;
  coro(coro&& other) noexcept : frame_(detail::exchanged(other.frame_, nullptr)) {}
  coro& operator=(coro&& other) noexcept {
    coro(std::move(other)).swap(*this);
    return *this;
  }
  ~coro() {
    if (frame_ != nullptr) drop();
  }
  void swap(coro& other) noexcept { frame_ = detail::exchanged(other.frame_, frame_); }

  /// Whether there is a coroutine that has not been started.
  explicit operator bool() const noexcept { return frame_ != nullptr; }

  class awaiter {
   public:
    explicit awaiter(detail::frame_slot frame) noexcept : frame_(frame) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    ~awaiter() {
      if (frame_ != nullptr) frame_->destroy();
    }

    using of_eddy = void;  // see await_transform

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) noexcept {
      detail::promise_base& above = detail::base_of(caller);
      frame_->continuation = &above;
      frame_->context = above.context;
      frame_->owner = &frame_;
      return above.context->transfer(*frame_);
    }
    T await_resume() { return static_cast<promise_type*>(frame_)->take(); }

   private:
    detail::frame_slot frame_;
  };

  /// @throws misuse_error  It was awaited or moved from before.
  awaiter operator co_await() && {
    if (frame_ == nullptr)
      throw misuse_error("this coroutine was awaited before; it runs once: use create_task and await the task");
    return awaiter(detail::exchanged(frame_, nullptr));
  }

  /// For scopes and tasks, which start it in a context of its own: hands over the frame.
  promise_type* release() noexcept {
    if (frame_ != nullptr) frame_->become_root();
    return static_cast<promise_type*>(detail::exchanged(frame_, nullptr));
  }

 private:
  friend promise_type;
  explicit coro(promise_type& promise) noexcept : frame_(&promise) {}

  void drop() noexcept {
    if (detail::debugging()) [[unlikely]]
      detail::report_never_awaited(*frame_);
    frame_->destroy();
  }

  detail::frame_slot frame_ = nullptr;
};

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
coro<T> promise<T>::get_return_object() noexcept {
  if (debugging()) [[unlikely]]
    note_birth(*this);
  return coro<T>(*this);
}
inline coro<void> promise<void>::get_return_object() noexcept {
  if (debugging()) [[unlikely]]
    note_birth(*this);
  return coro<void>(*this);
}

template <class A>
concept has_co_await = requires(A&& a) { std::forward<A>(a).operator co_await(); };

/// An awaiter that `operator co_await` made, told whose wait it is.
template <class Awaiter>
class attached {
 public:
  template <class Awaitable>
  attached(Awaitable&& awaitable, context& c) : awaiter_(std::forward<Awaitable>(awaitable).operator co_await()) {
    awaiter_.attach(c);
  }
  attached(const attached&) = delete;
  attached& operator=(const attached&) = delete;

  bool await_ready() { return awaiter_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> frame) {
    return awaiter_.await_suspend(frame);
  }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  Awaiter awaiter_;
};

/// An operation that stands in the awaiting expression. g++ 12 copies what await_transform returns by reference into
/// another place of the frame, and an operation that is awaited must not move: so a pointer is what is returned.
template <class Operation>
class referred {
 public:
  explicit referred(Operation& op) noexcept : operation_(&op) {}
  bool await_ready() { return operation_->await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> frame) {
    return operation_->await_suspend(frame);
  }
  decltype(auto) await_resume() { return operation_->await_resume(); }

 private:
  Operation* operation_;
};

/// A coroutine's awaiter. One of another library would resume the frame itself, on whatever thread.
template <class Awaiter, class Awaitable>
Awaiter transform_coro(Awaitable&& awaitable) {
  static_assert(
      requires { typename Awaiter::of_eddy; },
      "an awaitable of another library resumes whom it likes where it likes, which an eddy::coro does not "
      "bear: co_await eddy::from_awaitable(x)");
  return std::forward<Awaitable>(awaitable).operator co_await();
}

template <class Awaitable>
decltype(auto) promise_base::await_transform(Awaitable&& awaitable, std::source_location line) {
  place = line;
  using plain = std::remove_cvref_t<Awaitable>;
  if constexpr (std::derived_from<plain, operation>) {
    awaitable.attach(*context);
    return referred<plain>(awaitable);
  } else if constexpr (has_co_await<Awaitable>) {
    using awaiter = decltype(std::forward<Awaitable>(awaitable).operator co_await());
    if constexpr (std::derived_from<awaiter, operation>)
      return attached<awaiter>(std::forward<Awaitable>(awaitable), *context);
    else
      return transform_coro<awaiter>(std::forward<Awaitable>(awaitable));
  } else {
    static_assert(std::derived_from<plain, operation>,
                  "this cannot be awaited inside an eddy::coro: await a coro, a task, a future or another eddy "
                  "awaitable; what another library lets one await with eddy::from_awaitable(x), a callback with "
                  "eddy::from_callback, a std::future with eddy::from_future, a descriptor with eddy::readable(fd)");
  }
}

}  // namespace detail
}  // namespace eddy
