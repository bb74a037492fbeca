// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory>

#include "eddy/loop/backend.hpp"

namespace eddy::detail {

/// The memory that a loop's receives without a buffer of their own read into, one after the other. Made at first use.
class lent_buffer {
 public:
  static constexpr std::size_t size = 64 * 1024;

  /// @returns null when there is no memory.
  std::byte* get() noexcept { return bytes_ != nullptr ? bytes_.get() : make(); }

 private:
  std::byte* make() noexcept;

  std::unique_ptr<std::byte[]> bytes_;
};

/// Does a request by plain system calls, without waiting. @returns bytes, descriptor or 0; negative: -errno, where
/// -EAGAIN means that it would have to wait.
int attempt(io_request& request, lent_buffer& lent) noexcept;

/// How a connect that had to wait has ended, once its descriptor is writable: 0 or -errno.
int connect_result(const io_request& request) noexcept;

inline bool would_block(int result) noexcept { return result == -EAGAIN || result == -EWOULDBLOCK; }

}  // namespace eddy::detail
