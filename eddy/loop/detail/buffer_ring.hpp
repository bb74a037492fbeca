// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>

#include "eddy/base/owned.hpp"
#include "eddy/loop/detail/ring.hpp"

namespace eddy::detail {

/// Memory from which the kernel picks a piece when bytes come for a receive that has none of its own, so that a
/// connection which waits holds no buffer. A piece is the receive's until it is given back.
class buffer_ring {
 public:
  static constexpr unsigned count = 64;
  static constexpr std::size_t size = 32 * 1024;  // of a piece
  static constexpr int group = 0;                 // the kernel's number for all of them

  /// @returns null when the kernel does not know such buffers, or there is no memory.
  static owned<buffer_ring> make(ring& owner) noexcept;
  ~buffer_ring();
  buffer_ring(const buffer_ring&) = delete;
  buffer_ring& operator=(const buffer_ring&) = delete;

  std::byte* at(unsigned id) noexcept { return bytes_.get() + id * size; }
  void give_back(unsigned id) noexcept;

 private:
  explicit buffer_ring(ring& owner) noexcept : owner_(owner) {}
  bool set_up() noexcept;

  ring& owner_;
  io_uring_buf_ring* queue_ = nullptr;  // shared with the kernel: the pieces that are free
  std::unique_ptr<std::byte[]> bytes_;  // touched, and so real, only as far as it is used
  bool registered_ = false;
};

}  // namespace eddy::detail
