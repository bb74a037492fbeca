// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"

namespace eddy::detail {

/// The one owner of an object: std::unique_ptr with delete, and nothing else that it can do.
///
/// A std::unique_ptr costs the compiler as much as a hundred lines of ordinary code for each type it is used with, and
/// headers own many things that nobody outside looks at: this costs a tenth. Takes over what a std::unique_ptr has.
template <class T>
class owned {
 public:
  owned() noexcept = default;
  owned(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): as std::unique_ptr
  explicit owned(T* object) noexcept : object_(object) {}
  owned(owned&& other) noexcept : object_(other.release()) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  owned(owned<U>&& other) noexcept : object_(other.release()) {}  // NOLINT(google-explicit-constructor)
  template <class U>
    requires std::is_convertible_v<U*, T*>
  owned(std::unique_ptr<U>&& other) noexcept : object_(other.release()) {}  // NOLINT(google-explicit-constructor)
  owned& operator=(owned&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~owned() { destroy(object_); }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const owned& o, std::nullptr_t) noexcept { return o.object_ == nullptr; }

  T* release() noexcept { return detail::exchanged(object_, nullptr); }
  void reset(T* object = nullptr) noexcept { destroy(detail::exchanged(object_, object)); }

 private:
  static void destroy(T* object) noexcept {
    static_assert(requires { sizeof(T); }, "what owns this has to be destroyed where the type is complete");
    delete object;
  }

  T* object_ = nullptr;
};

/// The same for an array.
template <class T>
class owned<T[]> {
 public:
  owned() noexcept = default;
  owned(owned&& other) noexcept : first_(detail::exchanged(other.first_, nullptr)) {}
  owned(std::unique_ptr<T[]>&& other) noexcept : first_(other.release()) {}  // NOLINT(google-explicit-constructor)
  owned& operator=(owned&& other) noexcept {
    delete[] detail::exchanged(first_, detail::exchanged(other.first_, nullptr));
    return *this;
  }
  ~owned() { delete[] first_; }  // NOLINT(clang-analyzer-cplusplus.NewDelete): a move into an optional is not followed

  T* get() const noexcept { return first_; }
  T& operator[](std::size_t index) const noexcept { return first_[index]; }
  explicit operator bool() const noexcept { return first_ != nullptr; }

 private:
  T* first_ = nullptr;
};

template <class T, class... Args>
owned<T> make_owned(Args&&... args) {
  return owned<T>(new T(std::forward<Args>(args)...));
}

}  // namespace eddy::detail
