// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>

#include "eddy/base/owned.hpp"
#include "eddy/loop/detail/byte_block.hpp"
#include "eddy/loop/detail/ring.hpp"

namespace eddy::detail {

/// Memory from which the kernel picks a piece when bytes come for a receive that has none of its own, so that a
/// connection which waits holds no buffer. A piece is the receive's until it is given back; its block may be taken
/// instead (byte_block::take), and another one stands in for it from then on.
class buffer_ring {
 public:
  static constexpr unsigned most = 64;            // pieces
  static constexpr std::size_t size = 32 * 1024;  // of a piece
  static constexpr int group = 0;                 // the kernel's number for all of them

  /// @param count  A power of two, up to `most`.
  /// @returns null when the kernel does not know such buffers, or there is no memory.
  static owned<buffer_ring> make(ring& owner, unsigned count) noexcept;
  ~buffer_ring();
  buffer_ring(const buffer_ring&) = delete;
  buffer_ring& operator=(const buffer_ring&) = delete;

  char* at(unsigned id) noexcept { return blocks_[id]->bytes(); }
  /// Without memory for another block the piece stays away until refill() finds some.
  void give_back(unsigned id) noexcept;
  void refill() noexcept;

 private:
  buffer_ring(ring& owner, unsigned count) noexcept : owner_(owner), count_(count), missing_(count) {}
  bool set_up() noexcept;
  void lend(unsigned id) noexcept;
  std::size_t queue_bytes() const noexcept { return count_ * sizeof(io_uring_buf); }

  ring& owner_;
  unsigned count_;
  unsigned missing_;                    // pieces without a block
  io_uring_buf_ring* queue_ = nullptr;  // shared with the kernel: the pieces that are free
  std::array<byte_block*, most> blocks_{};
  bool registered_ = false;
};

}  // namespace eddy::detail
