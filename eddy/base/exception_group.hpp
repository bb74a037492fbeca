// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/errors.hpp"

namespace eddy {

/// Several errors that happened together: what a `task_group` throws, also for a single one.
///
/// Pick one kind out of it with `find<T>()` or `split<T>()`; `what()` lists all of them.
///
/// **In asyncio.** `ExceptionGroup`; `find` and `split` stand for `except*`.
class exception_group : public error {
 public:
  /// @param errors  At least one; none of them null. The first is the one that happened first.
  exception_group(const std::string& message, std::vector<std::exception_ptr> errors);
  /// @param names  Whose error each of them is, such as `task "fetch"`; what() shows them.
  exception_group(const std::string& message, std::vector<std::exception_ptr> errors, std::vector<std::string> names);

  const std::vector<std::exception_ptr>& exceptions() const noexcept { return errors_; }

  /// Whose error each of them is, in the same order; empty when nobody said so.
  const std::vector<std::string>& names() const noexcept { return names_; }

  /// The first error of type `T` (or derived from it), also inside nested groups; null when there is none.
  /// The pointer lives as long as this group.
  template <class T>
  const T* find() const;

  /// The errors of type `T` and the others, nested groups taken apart.
  template <class T>
  std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> split() const;

 private:
  std::vector<std::exception_ptr> errors_;
  std::vector<std::string> names_;
};

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

/// The group that `error` holds; null when it is no group.
const exception_group* as_group(const std::exception_ptr& error) noexcept;

}  // namespace detail

// A group is asked for before `T` is, since `T` may be a base of it (std::exception): then its errors are meant, not
// itself.

template <class T>
const T* exception_group::find() const {
  constexpr bool wants_groups = std::is_base_of_v<exception_group, T>;
  for (const std::exception_ptr& each : errors_) {
    if (const exception_group* nested = detail::as_group(each)) {
      if constexpr (wants_groups)
        if (const T* match = dynamic_cast<const T*>(nested)) return match;
      if (const T* match = nested->find<T>()) return match;
    } else if constexpr (!wants_groups) {
      try {
        std::rethrow_exception(each);
      } catch (const T& match) {
        return &match;  // the exception object is kept alive by errors_
      } catch (...) {
      }
    }
  }
  return nullptr;
}

template <class T>
std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> exception_group::split() const {
  static_assert(!std::is_base_of_v<exception_group, T>, "split takes groups apart, so it cannot look for them");
  std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> parts;
  for (const std::exception_ptr& each : errors_) {
    if (const exception_group* nested = detail::as_group(each)) {
      auto inner = nested->split<T>();
      parts.first.insert(parts.first.end(), inner.first.begin(), inner.first.end());
      parts.second.insert(parts.second.end(), inner.second.begin(), inner.second.end());
      continue;
    }
    try {
      std::rethrow_exception(each);
    } catch (const T&) {
      parts.first.push_back(each);
    } catch (...) {
      parts.second.push_back(each);
    }
  }
  return parts;
}

}  // namespace eddy
