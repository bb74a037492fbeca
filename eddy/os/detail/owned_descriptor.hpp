// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <unistd.h>

#include <utility>

#include "eddy/base/detail/exchanged.hpp"

namespace eddy::detail {

/// A descriptor that is closed with this object, on the calling thread.
class owned_descriptor {
 public:
  explicit owned_descriptor(int fd = -1) noexcept : fd_(fd) {}
  owned_descriptor(owned_descriptor&& other) noexcept : fd_(detail::exchanged(other.fd_, -1)) {}
  owned_descriptor& operator=(owned_descriptor&& other) noexcept {
    reset(detail::exchanged(other.fd_, -1));
    return *this;
  }
  ~owned_descriptor() { reset(); }

  int get() const noexcept { return fd_; }
  int release() noexcept { return detail::exchanged(fd_, -1); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace eddy::detail
