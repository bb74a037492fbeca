// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <string>
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

  const std::vector<std::exception_ptr>& exceptions() const noexcept { return errors_; }

  /// The first error of type `T` (or derived from it), also inside nested groups; null when there is none.
  /// The pointer lives as long as this group.
  template <class T>
  const T* find() const;

  /// The errors of type `T` and the others, nested groups taken apart.
  template <class T>
  std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> split() const;

 private:
  std::vector<std::exception_ptr> errors_;
};

// ---------------------------------------------------------------------------------------------------------------------

template <class T>
const T* exception_group::find() const {
  for (const std::exception_ptr& each : errors_) {
    try {
      std::rethrow_exception(each);
    } catch (const T& match) {
      return &match;  // the exception object is kept alive by errors_
    } catch (const exception_group& nested) {
      if (const T* match = nested.find<T>()) return match;
    } catch (...) {
    }
  }
  return nullptr;
}

template <class T>
std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> exception_group::split() const {
  std::pair<std::vector<std::exception_ptr>, std::vector<std::exception_ptr>> parts;
  for (const std::exception_ptr& each : errors_) {
    try {
      std::rethrow_exception(each);
    } catch (const T&) {
      parts.first.push_back(each);
    } catch (const exception_group& nested) {
      auto inner = nested.split<T>();
      parts.first.insert(parts.first.end(), inner.first.begin(), inner.first.end());
      parts.second.insert(parts.second.end(), inner.second.begin(), inner.second.end());
    } catch (...) {
      parts.second.push_back(each);
    }
  }
  return parts;
}

}  // namespace eddy
