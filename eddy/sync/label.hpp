// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <source_location>
#include <string>

namespace eddy::detail {

/// What a lock, an event or a queue is called in reports: the name it was given, if any, and where it was made.
class label {
 public:
  /// @param name  A literal, or text that outlives this; null for none.
  label(const char* name, std::source_location made) noexcept : name_(name), made_(made) {}

  /// `mutex "stock" (shop.cpp:19)`
  std::string describe(const char* what) const;

 private:
  const char* name_;
  std::source_location made_;
};

}  // namespace eddy::detail
