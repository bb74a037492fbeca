// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace eddy::detail {

/// Bytes that arrive at the back and leave at the front, in one piece.
///
/// Up to 1 KiB comes from the frame pool, so that small messages cost no call to the global allocator; nothing is held
/// after release(). Not copyable.
class byte_buffer {
 public:
  byte_buffer() noexcept = default;
  ~byte_buffer() { free_memory(); }
  byte_buffer(const byte_buffer&) = delete;
  byte_buffer& operator=(const byte_buffer&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  const char* data() const noexcept { return memory_ + begin_; }
  std::string_view view() const noexcept { return {data(), size_}; }

  /// @throws std::bad_alloc, and nothing has changed.
  void append(const void* bytes, std::size_t count);
  /// Puts bytes back in front. @throws std::bad_alloc, and nothing has changed.
  void prepend(const void* bytes, std::size_t count);
  /// Drops the first `count` bytes; there are as many.
  void consume(std::size_t count) noexcept {
    size_ -= count;
    begin_ = size_ == 0 ? 0 : begin_ + count;
  }
  /// Copies the first bytes out and drops them. @returns how many: at most `count`.
  std::size_t take(void* out, std::size_t count) noexcept;
  /// Gives the memory back when it is empty.
  void release() noexcept {
    if (size_ == 0 && capacity_ != 0) free_memory();
  }
  void clear() noexcept { size_ = begin_ = 0; }

 private:
  /// Makes room for `more` bytes, with `front` free bytes before the first.
  void grow(std::size_t front, std::size_t more);
  void free_memory() noexcept;

  char* memory_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace eddy::detail
