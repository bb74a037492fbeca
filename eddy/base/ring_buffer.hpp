// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace eddy::detail {

/// A double-ended queue in one block that doubles when it is full: elements wrap around its end. Allocates nothing
/// before the first element, nor below its high-water mark, where a std::deque takes half a kilobyte at once and
/// another piece every so many elements.
template <class T>
class ring_buffer {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "growing moves the elements; what may throw then goes in a box");

 public:
  ring_buffer() noexcept = default;
  ring_buffer(const ring_buffer&) = delete;
  ring_buffer& operator=(const ring_buffer&) = delete;
  ~ring_buffer() {
    while (size_ != 0) pop_front();
    if (block_ != nullptr) std::allocator<T>().deallocate(block_, capacity_);
  }

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  /// Only when not empty.
  T& front() noexcept { return block_[first_]; }

  void push_back(T&& element) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    std::construct_at(block_ + place(size_), std::move(element));
    ++size_;
  }
  void push_front(T&& element) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    const std::size_t before = place(capacity_ - 1);
    std::construct_at(block_ + before, std::move(element));
    first_ = before;
    ++size_;
  }
  /// Only when not empty.
  void pop_front() noexcept {
    std::destroy_at(block_ + first_);
    first_ = place(1);
    --size_;
  }

 private:
  static constexpr std::size_t first_capacity = 4;  // a power of two, as all that follow

  // Of the element so many after the first; the capacity is a power of two.
  std::size_t place(std::size_t index) const noexcept { return (first_ + index) & (capacity_ - 1); }

  void grow() {
    const std::size_t capacity = capacity_ == 0 ? first_capacity : 2 * capacity_;
    T* const block = std::allocator<T>().allocate(capacity);
    for (std::size_t i = 0; i < size_; ++i) {
      std::construct_at(block + i, std::move(block_[place(i)]));
      std::destroy_at(block_ + place(i));
    }
    if (block_ != nullptr) std::allocator<T>().deallocate(block_, capacity_);
    block_ = block;
    capacity_ = capacity;
    first_ = 0;
  }

  T* block_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace eddy::detail
