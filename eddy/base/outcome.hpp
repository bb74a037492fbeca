// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

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
  reason_text(reason_text&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
  reason_text& operator=(reason_text other) noexcept {
    std::swap(text_, other.text_);
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
  outcome() noexcept : end_(std::in_place_index<2>) {}

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
    if constexpr (std::is_reference_v<T>)
      end_.template emplace<0>(std::addressof(args)...);
    else
      end_.template emplace<0>(std::forward<Args>(args)...);
  }

  // Also for values that cannot be assigned.
  void emplace_exception(std::exception_ptr error) noexcept { end_.template emplace<1>(std::move(error)); }
  void emplace_cancelled(std::string reason = {}) noexcept { end_.template emplace<2>(std::move(reason)); }

  bool has_value() const noexcept { return end_.index() == 0; }
  bool has_exception() const noexcept { return end_.index() == 1; }
  bool cancelled() const noexcept { return end_.index() == 2; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The exception; null when it ended otherwise.
  std::exception_ptr exception() const noexcept { return has_exception() ? std::get<1>(end_) : nullptr; }
  /// Why it was cancelled; empty when it ended otherwise or no reason was given.
  std::string reason() const { return cancelled() ? std::get<2>(end_).str() : std::string(); }

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
    if (has_exception()) std::rethrow_exception(std::get<1>(end_));
    if (cancelled()) throw cancelled_error(reason().empty() ? "cancelled" : "cancelled: " + reason());
  }

 private:
  template <class Self>
  static decltype(auto) get(Self&& self) {
    self.throw_if_failed();
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*std::get<0>(self.end_));
    } else {
      return (std::get<0>(std::forward<Self>(self).end_));
    }
  }

  std::variant<detail::stored<T>, std::exception_ptr, detail::reason_text> end_;
};

}  // namespace eddy
