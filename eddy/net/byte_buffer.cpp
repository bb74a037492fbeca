// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/byte_buffer.hpp"

#include <algorithm>

namespace eddy::detail {

namespace {

constexpr std::size_t smallest = 224;  // bytes: with what stands in front of them 256

}  // namespace

void byte_buffer::make_more_room(std::size_t more) {
  if (block_ == nullptr) {
    block_ = byte_block::make(std::max(smallest, more));
    return;
  }
  // Moving down costs a copy of what is there; worth it while that is at most half of the memory.
  if (block_->capacity - block_->size >= more && block_->size <= block_->capacity / 2) {
    std::memmove(block_->bytes(), data(), block_->size);
    block_->begin = 0;
  } else {
    grow(0, more);
  }
}

void byte_buffer::prepend(const void* bytes, std::size_t count) {
  if (count == 0) return;
  if (block_ == nullptr || block_->begin < count) grow(count, 0);
  block_->begin -= count;
  std::memcpy(block_->bytes() + block_->begin, bytes, count);
  block_->size += count;
}

std::size_t byte_buffer::take(void* out, std::size_t count) noexcept {
  const std::size_t taken = std::min(count, size());
  if (taken == 0) return 0;
  std::memcpy(out, data(), taken);
  consume(taken);
  return taken;
}

void byte_buffer::grow(std::size_t front, std::size_t more) {
  const std::size_t kept = size();
  const std::size_t wanted = std::max({smallest, 2 * kept, front + kept + more});
  byte_block* const larger = byte_block::make(wanted);
  larger->begin = front;
  larger->size = kept;
  if (kept != 0) std::memcpy(larger->bytes() + front, data(), kept);
  if (block_ != nullptr) free_memory();
  block_ = larger;
}

void byte_buffer::free_memory() noexcept {
  byte_block::release(block_);
  block_ = nullptr;
}

}  // namespace eddy::detail
