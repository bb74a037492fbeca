// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "eddy/base/ring_buffer.hpp"
#include "eddy/sync/basic_queue.hpp"

namespace eddy {

namespace detail {

template <class T>
class fifo_order {
 public:
  static constexpr const char* kind = "queue";

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(kept(std::move(item))); }
  void put_back(T&& item) { items_.push_front(kept(std::move(item))); }
  T pop() {
    T item = std::move(item_of(items_.front()));
    items_.pop_front();
    return item;
  }

 private:
  // Items stay where they are when a move of theirs may throw: none is lost when the ring grows.
  static constexpr bool boxes = !std::is_nothrow_move_constructible_v<T>;
  using element = std::conditional_t<boxes, std::unique_ptr<T>, T>;

  static decltype(auto) kept(T&& item) {
    if constexpr (boxes)
      return std::make_unique<T>(std::move(item));
    else
      return std::move(item);
  }
  static T& item_of(element& e) noexcept {
    if constexpr (boxes)
      return *e;
    else
      return e;
  }

  ring_buffer<element> items_;
};

}  // namespace detail

/// Hands items from tasks to tasks, first in, first out. See `basic_queue` for what it can do.
///
/// For the last one first choose `lifo_queue`, for the most important one first `priority_queue`.
///
/// **In asyncio.** `Queue`.
template <class T>
using queue = basic_queue<T, detail::fifo_order<T>>;

}  // namespace eddy
