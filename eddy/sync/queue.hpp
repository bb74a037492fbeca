// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>

#include "eddy/sync/basic_queue.hpp"

namespace eddy {

namespace detail {

template <class T>
class fifo_order {
 public:
  static constexpr const char* kind = "queue";

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(std::move(item)); }
  void put_back(T&& item) { items_.push_front(std::move(item)); }
  T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  std::deque<T> items_;
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
