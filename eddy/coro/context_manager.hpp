// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

#include "eddy/coro/yielding.hpp"

namespace eddy {

template <class T>
class context_manager;

namespace detail {

struct manager_promise_base : yielding_promise {
  using yielding_promise::yielding_promise;
  const outcome<>* how = nullptr;  // how the body ended; set before the part behind the co_yield runs
};

/// Suspends at the one co_yield of a context manager, which gives how the body ended.
class body_awaiter {
 public:
  explicit body_awaiter(const void* item) noexcept : item_(item) {}
  body_awaiter(const body_awaiter&) = delete;
  body_awaiter& operator=(const body_awaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept {
    promise_ = &frame.promise();
    return promise_->hand_over(item_);
  }
  const outcome<>& await_resume() const noexcept { return *promise_->how; }

 private:
  const void* item_;
  manager_promise_base* promise_ = nullptr;
};

template <class T>
struct manager_promise final : manager_promise_base {
  using value_type = std::remove_reference_t<T>;

  explicit manager_promise(std::source_location function = std::source_location::current()) noexcept
      : manager_promise_base(function) {}
  context_manager<T> get_return_object() noexcept;

  body_awaiter yield_value(value_type& item, std::source_location line = std::source_location::current()) noexcept {
    place = line;
    return body_awaiter(std::addressof(item));
  }
  body_awaiter yield_value(value_type&& item, std::source_location line = std::source_location::current()) noexcept {
    place = line;
    return body_awaiter(std::addressof(item));
  }
};

template <>
struct manager_promise<void> final : manager_promise_base {
  explicit manager_promise(std::source_location function = std::source_location::current()) noexcept
      : manager_promise_base(function) {}
  inline context_manager<void> get_return_object() noexcept;

  body_awaiter yield_value(no_value, std::source_location line = std::source_location::current()) noexcept {
    place = line;
    return body_awaiter(this);
  }
};

/// The part of a context manager that knows no type.
class manager_base : public yielding {
 protected:
  using yielding::yielding;
  manager_base(manager_base&&) noexcept = default;
  ~manager_base();

  class run_part;
  class enter_base;

 public:
  class leave_operation;
  /// Runs the part behind the co_yield.
  leave_operation aexit(const outcome<>& how);
};

/// Runs one of the two parts. No cancellation point of its own: what the part awaits is.
class manager_base::run_part : public run_operation {
 public:
  run_part(run_part&&) = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    return context_->transfer(link(base_of(awaiting)));
  }

 protected:
  explicit run_part(manager_base& m) noexcept : run_operation(m) {}
  ~run_part() = default;

  manager_base& manager() const noexcept { return static_cast<manager_base&>(*coroutine_); }
};

class manager_base::enter_base : public run_part {
 public:
  enter_base(enter_base&&) = default;
  std::string describe() const override { return "the acquisition of a context_manager"; }

 protected:
  explicit enter_base(manager_base& m);
  ~enter_base() = default;
  /// It has come to its co_yield. @returns what it yields. @throws what it threw; misuse_error  it has ended.
  void* yielded();
};

class manager_base::leave_operation final : public run_part {
 public:
  leave_operation(manager_base& m, const outcome<>& how);
  leave_operation(leave_operation&&) = default;
  /// @throws what it threw; misuse_error  it has come to a second co_yield.
  void await_resume();
  std::string describe() const override { return "the release of a context_manager"; }
};

}  // namespace detail

/// A resource for `with`, written as one function: what stands before its one co_yield opens, what stands behind it
/// closes.
///
/// ```
/// context_manager<connection> connected(std::string host) {
///   connection c = co_await open(host);
///   auto how = co_yield c;  // the body of `with` runs here, with c
///   if (how.has_value()) co_await c.say_goodbye();
///   co_await c.close();
/// }
/// co_await with(connected("host"), [](connection& c) -> coro<> { ... });
/// ```
/// co_yield gives a `const outcome<>&`: how the body ended. An exception of the body is not thrown again at the
/// co_yield, so no `try` is needed around it; it goes on behind the context manager's end. The body gets a reference to
/// what was yielded, which stays in the function's frame. `context_manager<>` says `co_yield {}`.
///
/// A part that yields nothing, or twice, is a misuse_error that names the function. For a resource with more than these
/// two parts write a class with `aenter` and `aexit`.
///
/// **Cancellation.** In the part before the co_yield the function is unwound where it waits, and the part behind it
/// never runs: what was opened until then its destructors and on_cancel give back. The part behind the co_yield is
/// shielded.
/// **In asyncio.** `@asynccontextmanager`, which throws the body's exception into the function instead.
template <class T = void>
class [[nodiscard("a context_manager does nothing before with(...) enters it")]] context_manager final
    : public detail::manager_base {
 public:
  using promise_type = detail::manager_promise<T>;

  context_manager(context_manager&&) noexcept = default;

  class enter_operation;
  /// Runs the part before the co_yield. For `with`; call it once.
  enter_operation aenter() { return enter_operation(*this); }

 private:
  friend promise_type;
  explicit context_manager(promise_type& frame) noexcept : manager_base(frame) {}
};

template <class T>
class context_manager<T>::enter_operation final : public enter_base {
 public:
  enter_operation(enter_operation&&) = default;

  std::add_lvalue_reference_t<T> await_resume() {
    [[maybe_unused]] void* item = this->yielded();
    if constexpr (!std::is_void_v<T>) return *static_cast<std::remove_reference_t<T>*>(item);
  }

 private:
  friend context_manager;
  explicit enter_operation(context_manager& m) : enter_base(m) {}
};

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
context_manager<T> manager_promise<T>::get_return_object() noexcept {
  return context_manager<T>(*this);
}
inline context_manager<void> manager_promise<void>::get_return_object() noexcept {
  return context_manager<void>(*this);
}
inline manager_base::leave_operation manager_base::aexit(const outcome<>& how) { return leave_operation(*this, how); }

}  // namespace detail
}  // namespace eddy
