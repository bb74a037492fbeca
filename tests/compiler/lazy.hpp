// SPDX-License-Identifier: BSL-1.0
// The smallest lazy coroutine: these tests are about compilers, so nothing of eddy stands between.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace compiler_test {

template <typename T>
class lazy;

namespace detail {

struct promise_base {
  std::coroutine_handle<> caller_ = std::noop_coroutine();
  std::exception_ptr error_;

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().caller_;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
};

template <typename T>
struct promise : promise_base {
  std::unique_ptr<T> value_;

  lazy<T> get_return_object() noexcept;
  void return_value(T value) { value_ = std::make_unique<T>(std::move(value)); }
  T result() {
    if (error_) std::rethrow_exception(error_);
    return std::move(*value_);
  }
};

template <>
struct promise<void> : promise_base {
  lazy<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void result() const {
    if (error_) std::rethrow_exception(error_);
  }
};

}  // namespace detail

/// Starts when awaited or resumed; destroys its frame when it goes.
template <typename T = void>
class [[nodiscard]] lazy {
 public:
  using promise_type = detail::promise<T>;

  explicit lazy(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  lazy(lazy&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  lazy& operator=(lazy&&) = delete;
  ~lazy() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    frame_.promise().caller_ = caller;
    return frame_;
  }
  T await_resume() { return frame_.promise().result(); }

  /// Runs it to its first suspension outside of other lazies, or to its end.
  void start() { frame_.resume(); }
  bool done() const { return frame_.done(); }
  T result() { return frame_.promise().result(); }

 private:
  std::coroutine_handle<promise_type> frame_;
};

template <typename T>
lazy<T> detail::promise<T>::get_return_object() noexcept {
  return lazy<T>(std::coroutine_handle<promise>::from_promise(*this));
}
inline lazy<void> detail::promise<void>::get_return_object() noexcept {
  return lazy<void>(std::coroutine_handle<promise>::from_promise(*this));
}

/// Suspends to whoever resumed, who keeps the handle: `co_await suspend_to(handle)`.
class suspend_to {
 public:
  explicit suspend_to(std::coroutine_handle<>& handle) noexcept : handle_(&handle) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const noexcept { *handle_ = self; }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<>* handle_;
};

}  // namespace compiler_test
