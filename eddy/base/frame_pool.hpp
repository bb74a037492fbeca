// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

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
void* allocate(std::size_t size);
/// Gives back what `allocate(size)` returned, with the same `size`.
void release(void* block, std::size_t size) noexcept;

/// Blocks of the process: allocated minus released, by any thread. Leak checks compare it before and after. Exact when
/// the other threads have ended or rest.
std::int64_t live_blocks() noexcept;

}  // namespace frame_pool
}  // namespace eddy::detail
