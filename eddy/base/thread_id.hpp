// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pthread.h>

namespace eddy::detail {

/// Which thread something belongs to: std::thread::id without <thread>, which brings much that no header here needs.
class thread_id {
 public:
  static thread_id here() noexcept { return thread_id(::pthread_self()); }
  friend bool operator==(thread_id a, thread_id b) noexcept { return ::pthread_equal(a.thread_, b.thread_) != 0; }

 private:
  explicit thread_id(pthread_t thread) noexcept : thread_(thread) {}
  pthread_t thread_;
};

}  // namespace eddy::detail
