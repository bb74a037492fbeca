// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include "eddy/base/config.hpp"

namespace eddy::detail {

/// Memory for small things that one thread makes and another one frees: callbacks that are posted to a loop.
///
/// The frame pool would take fresh memory on the one side for ever, and pile it up on the other; the global allocator
/// pays a lock for each. Here the freeing side collects a batch, which a making side takes up in one step. Blocks are a
/// cache line each; what is larger goes to the global allocator, and so does everything under AddressSanitizer. As with
/// the frame pool, blocks are kept for later and not given back to the system.
///
/// **Thread safety.** Every function may be called from any thread; no lock is taken.
namespace exchange_pool {

inline constexpr std::size_t block_size = 64;  // bytes

/// @returns at least `size` bytes, aligned to 16. @throws std::bad_alloc
inline void* allocate(std::size_t size);
/// Gives back what `allocate(size)` returned, with the same `size`.
inline void release(void* memory, std::size_t size) noexcept;

// ---------------------------------------------------------------------------------------------------------------------

inline constexpr unsigned batch_size = 64;  // blocks

struct alignas(block_size) block {
  block* next;
  block* next_batch;
};

/// What one thread holds.
struct thread_blocks {
  block* free;     // to be handed out
  block* batches;  // more of these, batch by batch
  block* freed;    // the batch that grows
  unsigned freed_count;
  bool kept;  // it will be given back when the thread ends
};

extern constinit thread_local thread_blocks blocks_of_thread;

EDDY_NOINLINE void* allocate_slowly(thread_blocks& blocks, std::size_t size);
EDDY_NOINLINE void release_slowly(thread_blocks& blocks, void* memory, std::size_t size) noexcept;

inline void* allocate(std::size_t size) {
  thread_blocks& blocks = blocks_of_thread;
  block* const found = blocks.free;
  if (EDDY_ASAN || size > block_size || found == nullptr) [[unlikely]]
    return allocate_slowly(blocks, size);
  blocks.free = found->next;
  return found;
}

inline void release(void* memory, std::size_t size) noexcept {
  thread_blocks& blocks = blocks_of_thread;
  if (EDDY_ASAN || size > block_size || !blocks.kept || blocks.freed_count == batch_size) [[unlikely]] {
    release_slowly(blocks, memory, size);
    return;
  }
  auto* freed = static_cast<block*>(memory);
  freed->next = blocks.freed;
  blocks.freed = freed;
  ++blocks.freed_count;
}

}  // namespace exchange_pool
}  // namespace eddy::detail
