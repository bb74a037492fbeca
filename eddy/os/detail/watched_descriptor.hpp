// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "eddy/coro/io_operation.hpp"

namespace eddy::detail {

/// One request on a watched descriptor. Gives bytes, or 0; negative: -errno.
class descriptor_operation final : public io_operation<descriptor_operation> {
 public:
  descriptor_operation(descriptor& d, io_kind what, void* bytes, std::size_t count, const char* text) noexcept
      : text_(text) {
    kind = what;
    target = &d;
    data = bytes;
    size = count;
  }
  descriptor_operation(descriptor_operation&&) = default;
  int await_resume() const noexcept { return result; }
  std::string describe() const override { return text_; }

 private:
  const char* text_;
};

/// A non-blocking descriptor that the current loop's backend watches, and closes with this object.
///
/// It stays where it was made, since the backend knows its address. No request may be pending when it goes.
class watched_descriptor {
 public:
  watched_descriptor() = default;
  watched_descriptor(const watched_descriptor&) = delete;
  watched_descriptor& operator=(const watched_descriptor&) = delete;
  ~watched_descriptor() {
    if (backend_ != nullptr) backend_->close(descriptor_);
  }

  /// Takes `fd` over; it is closed also when this throws. @throws std::system_error
  void adopt(scheduler& s, int fd) {
    backend_ = s.io.get();
    descriptor_.fd = fd;
    backend_->attach(descriptor_);
  }
  int fd() const noexcept { return descriptor_.fd; }

  /// @param text  For listings; lives for ever.
  [[nodiscard]] descriptor_operation receive(void* into, std::size_t size, const char* text) noexcept {
    return {descriptor_, io_kind::receive, into, size, text};
  }
  [[nodiscard]] descriptor_operation send(const void* from, std::size_t size, const char* text) noexcept {
    return {descriptor_, io_kind::send, const_cast<void*>(from), size, text};
  }
  [[nodiscard]] descriptor_operation wait_readable(const char* text) noexcept {
    return {descriptor_, io_kind::wait_readable, nullptr, 0, text};
  }

 private:
  descriptor descriptor_;
  backend* backend_ = nullptr;
};

}  // namespace eddy::detail
