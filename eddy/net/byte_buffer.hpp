// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "eddy/loop/detail/byte_block.hpp"

namespace eddy::detail {

/// Bytes that arrive at the back and leave at the front, in one piece.
///
/// One pointer while it holds no memory, since a connection that waits has two of these. Nothing is held after
/// release(). Not copyable.
class byte_buffer {
 public:
  byte_buffer() noexcept = default;
  ~byte_buffer() {
    if (block_ != nullptr) free_memory();
  }
  byte_buffer(const byte_buffer&) = delete;
  byte_buffer& operator=(const byte_buffer&) = delete;

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
  std::size_t capacity() const noexcept { return block_ == nullptr ? 0 : block_->capacity; }
  const char* data() const noexcept { return block_ == nullptr ? nullptr : block_->bytes() + block_->begin; }
  std::string_view view() const noexcept { return {data(), size()}; }

  /// @throws std::bad_alloc, and nothing has changed.
  void append(const void* bytes, std::size_t count) {
    if (count == 0) return;
    make_room(count);
    std::memcpy(block_->bytes() + block_->begin + block_->size, bytes, count);
    block_->size += count;
  }
  /// Takes over a block with its bytes; there are none here.
  void adopt(byte_block* block) noexcept {
    if (block_ != nullptr) free_memory();
    block_ = block;
  }
  /// Puts bytes back in front. @throws std::bad_alloc, and nothing has changed.
  void prepend(const void* bytes, std::size_t count);
  /// Drops the first `count` bytes; there are as many.
  void consume(std::size_t count) noexcept {
    if (block_ == nullptr) return;
    block_->size -= count;
    block_->begin = block_->size == 0 ? 0 : block_->begin + count;
  }
  /// Copies the first bytes out and drops them. @returns how many: at most `count`.
  std::size_t take(void* out, std::size_t count) noexcept;
  /// Gives the memory back when it is empty.
  void release() noexcept {
    if (block_ != nullptr && block_->size == 0) free_memory();
  }
  void clear() noexcept {
    if (block_ != nullptr) block_->size = block_->begin = 0;
  }

 private:
  /// Room for `more` bytes at the end.
  void make_room(std::size_t more) {
    if (block_ == nullptr || block_->capacity - block_->begin - block_->size < more) make_more_room(more);
  }
  void make_more_room(std::size_t more);
  /// Makes room for `more` bytes, with `front` free bytes before the first.
  void grow(std::size_t front, std::size_t more);
  void free_memory() noexcept;

  byte_block* block_ = nullptr;
};

}  // namespace eddy::detail
