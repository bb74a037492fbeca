// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/coro/yielding.hpp"

namespace eddy {

template <class T>
class async_generator;

namespace detail {

/// Hands over a copy of an lvalue: the generator may go on using its own.
template <class T>
class yield_copy {
 public:
  explicit yield_copy(const T& item) : copy_(item) {}
  yield_copy(const yield_copy&) = delete;
  yield_copy& operator=(const yield_copy&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept {
    return frame.promise().hand_over(std::addressof(copy_));
  }
  void await_resume() const noexcept {}

 private:
  T copy_;
};

struct generator_promise_base : yielding_promise {
  using yielding_promise::await_transform;
  using yielding_promise::yielding_promise;

  template <class R>
  auto await_transform(enter_request<R>&& request, std::source_location line = std::source_location::current()) {
    place = line;
    return detail::entered<R>::enter(home->resources(), std::move(request).resource()).operator co_await();
  }
};

template <class T>
struct generator_promise final : generator_promise_base {
  explicit generator_promise(std::source_location function = std::source_location::current()) noexcept
      : generator_promise_base(function) {}
  async_generator<T> get_return_object() noexcept;

  yield_awaiter yield_value(T&& item, std::source_location line = std::source_location::current()) noexcept {
    this->place = line;
    return yield_awaiter(std::addressof(item));
  }
  yield_copy<T> yield_value(const T& item, std::source_location line = std::source_location::current())
    requires std::copy_constructible<T>
  {
    this->place = line;
    return yield_copy<T>(item);
  }
};

template <class T>
struct generator_promise<T&> final : generator_promise_base {
  explicit generator_promise(std::source_location function = std::source_location::current()) noexcept
      : generator_promise_base(function) {}
  async_generator<T&> get_return_object() noexcept;

  yield_awaiter yield_value(T& item, std::source_location line = std::source_location::current()) noexcept {
    this->place = line;
    return yield_awaiter(std::addressof(item));
  }
};

/// The part of a generator that knows no type.
class generator_base : public yielding {
 public:
  /// For `with` and `for_each`: the resources that the generator enters are closed at the end of their scope.
  void aenter();
  coro<> aexit(const outcome<>& how);

 protected:
  using yielding::yielding;
  generator_base(generator_base&&) noexcept = default;
  ~generator_base() = default;

  class next_base;

 private:
  /// @returns whether there is something to run. @throws misuse_error, with what to do instead.
  bool check_next() const;

  bool entered_ = false;  // a for_each or with uses it now
  bool closed_ = false;   // one has left it half-way
};

class generator_base::next_base : public run_operation {
 public:
  next_base(next_base&&) = default;

  bool await_ready() {
    if (context_->await_needs_look() && context_->look()) [[unlikely]]
      return false;
    runs_ = generator().check_next();
    return !runs_;
  }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    promise_base& consumer = base_of(awaiting);
    if (!runs_) [[unlikely]] {  // cancelled
      context_->suspend_at(consumer);
      context_->unwind_next();
      return std::noop_coroutine();
    }
    yielding_promise& frame = link(consumer);
    if (context_->scheduler().spend()) return context_->transfer(frame);
    context_->suspend_at(frame);  // a step has had its share of items: the next one is made in its turn
    context_->completed();
    return std::noop_coroutine();
  }
  std::string describe() const override { return "async_generator::next"; }

 protected:
  explicit next_base(generator_base& g) noexcept : run_operation(g) {}
  ~next_base() = default;

  generator_base& generator() const noexcept { return static_cast<generator_base&>(*coroutine_); }
  /// The generator has come to a co_yield or to its end. @returns the item, or null. @throws what ended it.
  void* result() {
    if (!runs_) return nullptr;
    generator().running_ = false;
    if (generator().at_end()) [[unlikely]] {
      generator().take_end();
      return nullptr;
    }
    return generator().frame().value;
  }

 private:
  bool runs_ = false;
};

}  // namespace detail

/// A coroutine that gives many values, one at a time: `while (auto page = co_await pages.next()) use(*page);`.
///
/// A function that returns it says `co_yield` for each value and may `co_await` in between. It runs only while somebody
/// awaits next(), in that consumer's context: so a value is made when the last one has been used (back-pressure), and
/// nothing runs on in the background. `co_await for_each(pages(), f)` is the whole loop.
///
/// `async_generator<T>` gives `std::optional<T>`, moved from what was yielded; a yielded lvalue is copied.
/// `async_generator<T&>` gives a `T*` to what was yielded, without a copy, valid until the next next(). Empty means the
/// end. An exception in the generator comes out of next(); after it next() is empty.
///
/// What it opens for as long as it lives it opens with `co_await enter(resource)`; then it has to be used in `for_each`
/// or `with`, which close it also when the consumer leaves half-way. When it is left at a co_yield its frame is unwound
/// there, as by a cancellation: destructors and on_cancel run, no catch does.
///
/// It may be moved, and consumed by one task after another, but not while a next() is awaited.
///
/// **Cancellation.** next() is a cancellation point before it goes on in the generator, and wherever the generator
/// waits; co_yield is none: what has been made is handed over. A generator that is cancelled while it waits is unwound
/// with its consumer; when the consumer goes on all the same, as after a timeout, the next call of next() throws
/// misuse_error instead of pretending to be at the end (L12). Put the limit inside of the generator, or a
/// `streams::buffer` between the two.
/// **Thread safety.** Only on one loop's thread.
/// **Complexity.** One frame for its life; no allocation an item.
/// **In asyncio.** `async def` with `yield`.
template <class T>
class [[nodiscard("a generator runs only when next() is awaited, as for_each does")]] async_generator final
    : public detail::generator_base {
 public:
  using promise_type = detail::generator_promise<T>;
  using value_type = std::remove_cvref_t<T>;
  /// What next() gives: std::optional<T>, or a pointer when T is a reference.
  using item_type =
      std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, std::optional<std::remove_const_t<T>>>;
  static_assert(!std::is_rvalue_reference_v<T>, "yield values or lvalues: async_generator<T> or async_generator<T&>");

  /// Empty; only to be assigned to.
  async_generator() noexcept = default;
  async_generator(async_generator&&) noexcept = default;

  class next_operation;
  /// Runs the generator up to its next value.
  ///
  /// @returns the value; empty at the end.
  /// @throws what the generator throws; misuse_error  it was cancelled inside of an earlier next(), another next() is
  /// being awaited, or its scope has closed it.
  [[nodiscard]] next_operation next() noexcept { return next_operation(*this); }

 private:
  friend promise_type;
  explicit async_generator(promise_type& frame) noexcept : generator_base(frame) {}
};

template <class T>
class async_generator<T>::next_operation final : public next_base {
 public:
  next_operation(next_operation&&) = default;

  item_type await_resume() {
    void* item = this->result();
    if (item == nullptr) return item_type();
    if constexpr (std::is_reference_v<T>)
      return static_cast<item_type>(item);
    else
      return item_type(std::move(*static_cast<T*>(item)));
  }

 private:
  friend async_generator;
  explicit next_operation(async_generator& g) noexcept : next_base(g) {}
};

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
async_generator<T> generator_promise<T>::get_return_object() noexcept {
  return async_generator<T>(*this);
}
template <class T>
async_generator<T&> generator_promise<T&>::get_return_object() noexcept {
  return async_generator<T&>(*this);
}

}  // namespace detail
}  // namespace eddy
