// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/errors.hpp"

namespace eddy {

namespace detail {

struct no_value {};

template <class T>
using stored =
    std::conditional_t<std::is_void_v<T>, no_value,
                       std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::remove_const_t<T>>>;

/// Why something was cancelled, as text for people: a pointer, null for no reason, since outcomes are many and reasons
/// few.
class reason_text {
 public:
  reason_text() noexcept = default;
  /// Without memory for it the reason is lost, and nothing else.
  explicit reason_text(std::string&& text) noexcept
      : text_(text.empty() ? nullptr : new(std::nothrow) std::string(std::move(text))) {}
  reason_text(const reason_text& other) : text_(other.text_ != nullptr ? new std::string(*other.text_) : nullptr) {}
  reason_text(reason_text&& other) noexcept : text_(detail::exchanged(other.text_, nullptr)) {}
  reason_text& operator=(reason_text other) noexcept {
    text_ = detail::exchanged(other.text_, text_);
    return *this;
  }
  ~reason_text() { delete text_; }

  std::string str() const { return text_ != nullptr ? *text_ : std::string(); }

 private:
  std::string* text_ = nullptr;
};

}  // namespace detail

/// How a part of a program ended: with a value, with an exception, or cancelled.
///
/// What `as_outcome`, `gather(return_exceptions, ...)` and `map_concurrent` give, and what `aexit` is told.
///
/// **Thread safety.** As a plain value.
/// **In asyncio.** The results of `gather(return_exceptions=True)`.
template <class T = void>
class [[nodiscard]] outcome {
 public:
  using value_type = T;

  /// Cancelled, without a reason.
  outcome() noexcept : reason_() {}
  outcome(const outcome& other)
    requires std::is_copy_constructible_v<detail::stored<T>>
      : end_(end::nothing) {
    take(other);
  }
  outcome(outcome&& other) noexcept(std::is_nothrow_move_constructible_v<detail::stored<T>>) : end_(end::nothing) {
    take(std::move(other));
  }
  outcome& operator=(const outcome& other)
    requires std::is_copy_constructible_v<detail::stored<T>>
  {
    if (this != &other) take(outcome(other));
    return *this;
  }
  outcome& operator=(outcome&& other) noexcept(std::is_nothrow_move_constructible_v<detail::stored<T>>) {
    if (this != &other) take(std::move(other));
    return *this;
  }
  ~outcome() { destroy(); }

  static outcome from_exception(std::exception_ptr error) noexcept {
    outcome made;
    made.emplace_exception(std::move(error));
    return made;
  }
  static outcome from_cancelled(std::string reason = {}) {
    outcome made;
    made.emplace_cancelled(std::move(reason));
    return made;
  }
  template <class... Args>
  static outcome from_value(Args&&... args) {
    outcome made;
    made.emplace(std::forward<Args>(args)...);
    return made;
  }

  template <class... Args>
  void emplace(Args&&... args) {
    clear();
    if constexpr (std::is_reference_v<T>)
      ::new (place()) detail::stored<T>(std::addressof(args)...);
    else
      ::new (place()) detail::stored<T>(std::forward<Args>(args)...);
    end_ = end::value;
  }

  void emplace_exception(std::exception_ptr error) noexcept {
    destroy();
    ::new (place()) std::exception_ptr(std::move(error));
    end_ = end::exception;
  }
  void emplace_cancelled(std::string reason = {}) noexcept {
    destroy();
    ::new (place()) detail::reason_text(std::move(reason));
    end_ = end::cancelled;
  }

  bool has_value() const noexcept { return end_ == end::value; }
  bool has_exception() const noexcept { return end_ == end::exception; }
  bool cancelled() const noexcept { return end_ >= end::cancelled; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The exception; null when it ended otherwise.
  std::exception_ptr exception() const noexcept { return has_exception() ? error_ : nullptr; }
  /// Why it was cancelled; empty when it ended otherwise or no reason was given.
  std::string reason() const { return end_ == end::cancelled ? reason_.str() : std::string(); }

  /// The value. @throws the exception that it ended with; cancelled_error when it was cancelled.
  decltype(auto) value() & { return get(*this); }
  decltype(auto) value() const& { return get(*this); }
  decltype(auto) value() && { return get(std::move(*this)); }

  decltype(auto) operator*() & { return get(*this); }
  decltype(auto) operator*() const& { return get(*this); }
  decltype(auto) operator*() && { return get(std::move(*this)); }
  auto* operator->()
    requires(!std::is_void_v<T>)
  {
    return std::addressof(value());
  }

  /// Throws unless it is a value: the exception, or cancelled_error.
  void throw_if_failed() const {
    if (has_exception()) std::rethrow_exception(error_);
    if (cancelled()) throw cancelled_error(reason().empty() ? "cancelled" : "cancelled: " + reason());
  }

 private:
  template <class Self>
  static decltype(auto) get(Self&& self) {
    self.throw_if_failed();
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*self.value_);
    } else {
      return (std::forward<Self>(self).value_);
    }
  }

  // A variant by hand, since a std::variant costs the compiler more than all else here, for each T; and it needs no
  // assignment of its alternatives, so that the value may be of a type that has none.
  //
  // nothing: the making of a value threw, maybe after it had written to the place; counts as cancelled.
  enum class end : unsigned char { value, exception, cancelled, nothing };

  void* place() noexcept { return std::addressof(reason_); }
  void destroy() noexcept {
    if (end_ == end::value)
      std::destroy_at(std::addressof(value_));
    else if (end_ == end::exception)
      error_.~exception_ptr();
    else if (end_ == end::cancelled)
      reason_.~reason_text();
  }
  void clear() noexcept {
    destroy();
    end_ = end::nothing;
  }
  template <class Other>
  void take(Other&& other) {
    const end how = other.end_;
    clear();
    if (how == end::value)
      ::new (place()) detail::stored<T>(std::forward<Other>(other).value_);
    else if (how == end::exception)
      ::new (place()) std::exception_ptr(std::forward<Other>(other).error_);
    else if (how == end::cancelled)
      ::new (place()) detail::reason_text(std::forward<Other>(other).reason_);
    end_ = how;
  }

  union {
    detail::stored<T> value_;
    std::exception_ptr error_;
    detail::reason_text reason_;
  };
  end end_ = end::cancelled;  // which of them
};

}  // namespace eddy
