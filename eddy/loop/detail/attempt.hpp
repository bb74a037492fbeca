// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <cstddef>

#include "eddy/loop/backend.hpp"
#include "eddy/loop/detail/byte_block.hpp"

namespace eddy::detail {

/// The memory that a loop's receives without a buffer of their own read into, one after the other. Made at first use.
///
/// Who was given many bytes may take the whole block in place of a copy of them (io_request::may_take); the next
/// receive gets another one.
class lent_buffer {
 public:
  static constexpr std::size_t size = byte_block::largest_kept;

  lent_buffer() noexcept = default;
  lent_buffer(const lent_buffer&) = delete;
  lent_buffer& operator=(const lent_buffer&) = delete;
  ~lent_buffer() {
    if (block_ != nullptr) byte_block::release(block_);
  }

  /// @returns null when there is no memory.
  void* get() noexcept { return block_ != nullptr ? block_->bytes() : make(); }

 private:
  void* make() noexcept;

  byte_block* block_ = nullptr;
};

/// Does a request by plain system calls, without waiting. @returns bytes, descriptor or 0; negative: -errno, where
/// -EAGAIN means that it would have to wait.
int attempt(io_request& request, lent_buffer& lent) noexcept;

/// How a connect that had to wait has ended, once its descriptor is writable: 0 or -errno.
int connect_result(const io_request& request) noexcept;

inline bool would_block(int result) noexcept { return result == -EAGAIN || result == -EWOULDBLOCK; }

}  // namespace eddy::detail
