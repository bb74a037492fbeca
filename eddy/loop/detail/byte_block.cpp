// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/detail/byte_block.hpp"

#include <array>
#include <bit>
#include <new>

#include "eddy/base/config.hpp"
#include "eddy/base/frame_pool.hpp"

namespace eddy::detail {

namespace {

constexpr std::size_t smallest_class = 1024;
constexpr std::size_t class_count = 7;  // 1 KiB to 64 KiB
constexpr std::size_t from_pool = frame_pool::largest - sizeof(byte_block);

static_assert(smallest_class << (class_count - 1) == byte_block::largest_kept);

constexpr std::size_t class_of(std::size_t capacity) noexcept {
  return static_cast<std::size_t>(std::bit_width((capacity - 1) / smallest_class));
}

// Trivial, so that it may be used while a thread ends; `keeper` does what a destructor would.
struct kept_blocks {
  std::array<byte_block*, class_count> first;  // linked by `lender`
  std::size_t bytes;
  bool closed;
};

constinit thread_local kept_blocks kept{};

struct keeper {
  keeper() noexcept = default;
  keeper(const keeper&) = delete;
  keeper& operator=(const keeper&) = delete;
  ~keeper() {
    kept.closed = true;
    for (byte_block*& first : kept.first) {
      while (first != nullptr) {
        byte_block* const next = reinterpret_cast<byte_block*>(first->lender);
        ::operator delete(first);
        first = next;
      }
    }
  }
};

EDDY_NOINLINE byte_block* make_large(std::size_t wanted) {
  std::size_t capacity = wanted;
  if (!EDDY_ASAN && wanted <= byte_block::largest_kept) {
    const std::size_t c = class_of(wanted);
    if (byte_block* const found = kept.first[c]) {
      kept.first[c] = reinterpret_cast<byte_block*>(found->lender);
      kept.bytes -= found->capacity;
      found->lender = nullptr;
      return found;
    }
    capacity = smallest_class << c;
  }
  return new (::operator new(sizeof(byte_block) + capacity)) byte_block{capacity, 0, 0, nullptr};
}

EDDY_NOINLINE void release_large(byte_block* block) noexcept {
  const std::size_t capacity = block->capacity;
  if (EDDY_ASAN || capacity > byte_block::largest_kept || kept.closed ||
      kept.bytes + capacity > byte_block::most_kept) {
    ::operator delete(block);
    return;
  }
  static thread_local keeper at_end;
  (void)at_end;
  byte_block*& first = kept.first[class_of(capacity)];
  block->begin = block->size = 0;
  block->lender = reinterpret_cast<byte_block**>(first);
  first = block;
  kept.bytes += capacity;
}

}  // namespace

byte_block* byte_block::make(std::size_t wanted) {
  if (wanted > from_pool) return make_large(wanted);
  return new (frame_pool::allocate(sizeof(byte_block) + wanted)) byte_block{wanted, 0, 0, nullptr};
}

void byte_block::release(byte_block* block) noexcept {
  if (block->capacity > from_pool) return release_large(block);
  frame_pool::release(block, sizeof(byte_block) + block->capacity);
}

}  // namespace eddy::detail
