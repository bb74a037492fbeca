// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/exchange_pool.hpp"

#include <atomic>
#include <new>
#include <utility>

namespace eddy::detail::exchange_pool {

namespace {

// Full batches on their way from the threads that free to those that make: only ever taken as a whole.
constinit std::atomic<block*> stock{nullptr};

void hand_over(block& batch) noexcept {
  batch.next_batch = stock.load(std::memory_order_relaxed);
  // release: whoever takes it sees its links
  while (!stock.compare_exchange_weak(batch.next_batch, &batch, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

block* take_stock() noexcept {
  return stock.load(std::memory_order_relaxed) != nullptr ? stock.exchange(nullptr, std::memory_order_acquire)
                                                          : nullptr;
}

block* make_batch() {
  static_assert(sizeof(block) == block_size);
  auto* made = static_cast<block*>(::operator new(batch_size * block_size, std::align_val_t(block_size)));
  for (unsigned i = 0; i < batch_size; ++i) made[i] = {i + 1 < batch_size ? &made[i + 1] : nullptr, nullptr};
  return made;
}

struct keeper {
  keeper() { blocks_of_thread.kept = true; }
  keeper(const keeper&) = delete;
  keeper& operator=(const keeper&) = delete;
  ~keeper() {
    thread_blocks& blocks = blocks_of_thread;
    blocks.kept = false;
    if (blocks.free != nullptr) hand_over(*std::exchange(blocks.free, nullptr));
    if (blocks.freed != nullptr) hand_over(*std::exchange(blocks.freed, nullptr));
    blocks.freed_count = 0;
    for (block* batch = std::exchange(blocks.batches, nullptr); batch != nullptr;)
      hand_over(*std::exchange(batch, batch->next_batch));
  }
};

// Before a thread first holds anything.
EDDY_NOINLINE void keep() {
  static thread_local keeper of_thread;
  (void)of_thread;
}

}  // namespace

constinit thread_local thread_blocks blocks_of_thread{};

void* allocate_slowly(thread_blocks& blocks, std::size_t size) {
  if (EDDY_ASAN || size > block_size) return ::operator new(size);
  keep();
  if (blocks.batches == nullptr) blocks.batches = take_stock();
  if (blocks.batches != nullptr) {
    blocks.free = std::exchange(blocks.batches, blocks.batches->next_batch);
  } else if (blocks.freed != nullptr) {
    blocks.free = std::exchange(blocks.freed, nullptr);
    blocks.freed_count = 0;
  } else {
    blocks.free = make_batch();
  }
  return std::exchange(blocks.free, blocks.free->next);
}

void release_slowly(thread_blocks& blocks, void* memory, std::size_t size) noexcept {
  if (EDDY_ASAN || size > block_size) {
    ::operator delete(memory);
    return;
  }
  keep();
  auto* freed = static_cast<block*>(memory);
  if (!blocks.kept) {  // the thread is about to end
    freed->next = nullptr;
    hand_over(*freed);
    return;
  }
  if (blocks.freed_count == batch_size) {
    hand_over(*std::exchange(blocks.freed, nullptr));
    blocks.freed_count = 0;
  }
  freed->next = blocks.freed;
  blocks.freed = freed;
  ++blocks.freed_count;
}

}  // namespace eddy::detail::exchange_pool
