// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace eddy::detail {

/// A piece of memory for bytes on their way, with its bookkeeping in front of them.
///
/// Small ones come from the frame pool. Of those up to 64 KiB a thread keeps the last ones that were given back:
/// messages of such a size come and go all the time, and the global allocator would give their pages back to the system
/// each time and fault them in again.
struct byte_block {
  static constexpr std::size_t largest_kept = 64 * 1024;         // bytes of one
  static constexpr std::size_t most_kept = 8 * 1024 * 1024;      // bytes of all that a thread keeps
  static constexpr std::size_t worth_taking = largest_kept / 4;  // see lent_buffer

  std::size_t capacity;
  std::size_t begin;    // where the bytes begin that are there
  std::size_t size;     // how many they are
  byte_block** lender;  // who would have to forget it if somebody took it; null when nobody lends it

  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }

  /// @returns one without bytes, for at least `wanted` of them. @throws std::bad_alloc
  static byte_block* make(std::size_t wanted);
  static void release(byte_block* block) noexcept;

  /// Takes over the block of which `bytes` is the front, which its lender has filled with `count`.
  static byte_block* take(void* bytes, std::size_t count) noexcept {
    byte_block* const block = static_cast<byte_block*>(bytes) - 1;
    *block->lender = nullptr;
    block->lender = nullptr;
    block->size = count;
    return block;
  }
};

}  // namespace eddy::detail
