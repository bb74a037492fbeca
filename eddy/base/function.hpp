// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/base/config.hpp"
#include "eddy/base/detail/exchanged.hpp"

namespace eddy::detail {

/// std::invoke. <functional> is a third of what the standard headers of a small program cost to compile, so that no
/// header of eddy includes it.
template <class F, class... Args>
constexpr std::invoke_result_t<F, Args...> invoke_callable(F&& f, Args&&... args) noexcept(
    std::is_nothrow_invocable_v<F, Args...>) {
  if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>)
    return std::apply(std::forward<F>(f), std::forward_as_tuple(std::forward<Args>(args)...));
  else
    return std::forward<F>(f)(std::forward<Args>(args)...);
}

template <class Signature>
class function;

/// A copyable callable of any type, or none: std::function without <functional>. Calling none ends the program.
///
/// Up to two words that are copied as bytes lie inside it, everything else on the heap.
template <class R, class... Args>
class function<R(Args...)> {
 public:
  function() noexcept = default;
  function(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): as std::function
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  function(F&& f) {  // NOLINT(google-explicit-constructor): as std::function
    using kept = std::decay_t<F>;
    if constexpr (!std::is_function_v<std::remove_reference_t<F>> && requires { f == nullptr; })
      if (f == nullptr) return;
    if constexpr (fits_inside<kept>) {
      new (inside_) kept(std::forward<F>(f));
    } else {
      set_object(new kept(std::forward<F>(f)));
      manage_ = manage<kept>;
    }
    call_ = call<kept>;
  }
  function(const function& other) : call_(other.call_), manage_(other.manage_) {
    if (manage_ != nullptr)
      set_object(manage_(other.object(), true));
    else
      std::memcpy(inside_, other.inside_, sizeof inside_);
  }
  function(function&& other) noexcept
      : call_(detail::exchanged(other.call_, nullptr)), manage_(detail::exchanged(other.manage_, nullptr)) {
    std::memcpy(inside_, other.inside_, sizeof inside_);
  }
  function& operator=(function other) noexcept {
    swap(other);
    return *this;
  }
  ~function() {
    if (manage_ != nullptr) manage_(object(), false);
  }

  void swap(function& other) noexcept {
    call_ = detail::exchanged(other.call_, call_);
    manage_ = detail::exchanged(other.manage_, manage_);
    unsigned char kept[sizeof inside_];
    std::memcpy(kept, inside_, sizeof inside_);
    std::memcpy(inside_, other.inside_, sizeof inside_);
    std::memcpy(other.inside_, kept, sizeof inside_);
  }

  explicit operator bool() const noexcept { return call_ != nullptr; }
  friend bool operator==(const function& f, std::nullptr_t) noexcept { return f.call_ == nullptr; }

  R operator()(Args... args) const {
    EDDY_ASSERT(call_ != nullptr, "an empty function was called; give it something to call, or ask whether it has");
    return call_(const_cast<unsigned char*>(inside_), std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t words = 2;

  template <class F>
  static constexpr bool fits_inside =
      sizeof(F) <= words * sizeof(void*) && alignof(F) <= alignof(void*) && std::is_trivially_copyable_v<F>;

  template <class F>
  static R call(unsigned char* inside, Args&&... args) {
    F& f = *(fits_inside<F> ? std::launder(reinterpret_cast<F*>(inside)) : static_cast<F*>(object_in(inside)));
    if constexpr (std::is_void_v<R>)
      static_cast<void>(invoke_callable(f, std::forward<Args>(args)...));
    else
      return invoke_callable(f, std::forward<Args>(args)...);
  }
  // A copy of the object; or destroys it, and gives null.
  template <class F>
  static void* manage(void* object, bool copy) {
    if (copy) return new F(*static_cast<const F*>(object));
    delete static_cast<F*>(object);
    return nullptr;
  }

  static void* object_in(const unsigned char* inside) noexcept {
    void* object = nullptr;
    std::memcpy(static_cast<void*>(&object), inside, sizeof object);
    return object;
  }
  void* object() const noexcept { return object_in(inside_); }
  void set_object(void* object) noexcept { std::memcpy(inside_, static_cast<const void*>(&object), sizeof object); }

  alignas(void*) unsigned char inside_[words * sizeof(void*)] = {};
  R (*call_)(unsigned char*, Args&&...) = nullptr;
  void* (*manage_)(void*, bool) = nullptr;  // null for what lies inside
};

}  // namespace eddy::detail
