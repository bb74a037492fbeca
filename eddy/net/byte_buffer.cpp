// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/byte_buffer.hpp"

#include <algorithm>
#include <cstring>

#include "eddy/base/frame_pool.hpp"

namespace eddy::detail {

namespace {

constexpr std::size_t smallest = 256;

}  // namespace

void byte_buffer::append(const void* bytes, std::size_t count) {
  if (count == 0) return;
  if (capacity_ - begin_ - size_ < count) {
    // Moving down costs a copy of what is there; worth it while that is at most half of the memory.
    if (capacity_ - size_ >= count && size_ <= capacity_ / 2) {
      std::memmove(memory_, data(), size_);
      begin_ = 0;
    } else {
      grow(0, count);
    }
  }
  std::memcpy(memory_ + begin_ + size_, bytes, count);
  size_ += count;
}

void byte_buffer::prepend(const void* bytes, std::size_t count) {
  if (count == 0) return;
  if (begin_ < count) grow(count, 0);
  begin_ -= count;
  std::memcpy(memory_ + begin_, bytes, count);
  size_ += count;
}

std::size_t byte_buffer::take(void* out, std::size_t count) noexcept {
  const std::size_t taken = std::min(count, size_);
  if (taken == 0) return 0;
  std::memcpy(out, data(), taken);
  consume(taken);
  return taken;
}

void byte_buffer::grow(std::size_t front, std::size_t more) {
  const std::size_t wanted = std::max({smallest, 2 * size_, front + size_ + more});
  auto* larger = static_cast<char*>(frame_pool::allocate(wanted));
  if (size_ != 0) std::memcpy(larger + front, data(), size_);
  const std::size_t kept = size_;
  free_memory();
  memory_ = larger;
  capacity_ = wanted;
  begin_ = front;
  size_ = kept;
}

void byte_buffer::free_memory() noexcept {
  if (memory_ != nullptr) frame_pool::release(memory_, capacity_);
  memory_ = nullptr;
  capacity_ = begin_ = size_ = 0;
}

}  // namespace eddy::detail
