// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "eddy/base/config.hpp"

namespace eddy::detail {

/// Memory for coroutine frames and task states: a free list a size class a thread.
///
/// Classes are 16 bytes apart up to `largest` bytes; what is larger goes to the global allocator. A block may be freed
/// on another thread than it was allocated on: it then joins that thread's list. Blocks go back to later threads, not
/// to the system, when a thread ends. Under AddressSanitizer every block goes to the global allocator, so that use
/// after free shows.
///
/// **Thread safety.** Every function may be called from any thread; no lock is taken except to fetch a new slab.
namespace frame_pool {

inline constexpr std::size_t largest = 1024;  // bytes

/// @returns at least `size` bytes, aligned to 16. @throws std::bad_alloc
inline void* allocate(std::size_t size);
/// Gives back what `allocate(size)` returned, with the same `size`.
inline void release(void* memory, std::size_t size) noexcept;

/// Blocks of the process: allocated minus released, by any thread. Leak checks compare it before and after. Exact when
/// the other threads have ended or rest.
std::int64_t live_blocks() noexcept;

// ---------------------------------------------------------------------------------------------------------------------
// The fast path stands here so that it becomes a part of every coroutine: a frame's size is known to the compiler.

inline constexpr std::size_t step = 16;
inline constexpr std::size_t class_count = largest / step;
constexpr std::size_t class_of(std::size_t size) noexcept { return (size + step - 1) / step - 1; }

struct block {
  block* next;
};

/// What one thread holds.
struct thread_lists {
  block* free[class_count];  // NOLINT(*-avoid-c-arrays): <array> is not worth its price here
  char* fresh;               // the rest of this thread's slab
  char* fresh_end;
  std::int64_t live;   // written by this thread alone, read by whoever sums up
  bool kept;           // the depot knows of it
  thread_lists* next;  // of all threads that hold or held something
};

// Trivial on purpose, so that no initialisation guard is tested; a keeper does what a destructor would.
extern constinit thread_local thread_lists lists_of_thread;

// No read-modify-write: it costs what a plain counter costs.
inline void count(thread_lists& lists, std::int64_t difference) noexcept {
  __atomic_store_n(&lists.live, __atomic_load_n(&lists.live, __ATOMIC_RELAXED) + difference, __ATOMIC_RELAXED);
}

/// A block from a new slab, from another thread's, or of the global allocator.
EDDY_NOINLINE void* allocate_slowly(thread_lists& lists, std::size_t size);
/// To the global allocator, or the first block that a thread gets back.
EDDY_NOINLINE void release_slowly(thread_lists& lists, void* memory, std::size_t size) noexcept;

inline void* allocate(std::size_t size) {
  thread_lists& lists = lists_of_thread;
  if (EDDY_ASAN || size > largest) return allocate_slowly(lists, size);
  block*& first = lists.free[class_of(size)];
  block* const found = first;
  if (found == nullptr) [[unlikely]]
    return allocate_slowly(lists, size);
  first = found->next;
  count(lists, 1);
  return found;
}

inline void release(void* memory, std::size_t size) noexcept {
  thread_lists& lists = lists_of_thread;
  if (EDDY_ASAN || size > largest || !lists.kept) [[unlikely]] {
    release_slowly(lists, memory, size);
    return;
  }
  block*& first = lists.free[class_of(size)];
  auto* freed = static_cast<block*>(memory);
  freed->next = first;
  first = freed;
  count(lists, -1);
}

}  // namespace frame_pool
}  // namespace eddy::detail
