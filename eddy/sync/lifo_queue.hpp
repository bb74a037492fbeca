// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include "eddy/sync/basic_queue.hpp"

namespace eddy {

namespace detail {

template <class T>
class lifo_order {
 public:
  static constexpr const char* kind = "lifo_queue";

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(std::move(item)); }
  void put_back(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }

 private:
  std::vector<T> items_;
};

}  // namespace detail

/// Hands items from tasks to tasks, the last one put first. See `basic_queue` for what it can do.
///
/// Those who wait are served first come, first served, as everywhere.
///
/// **In asyncio.** `LifoQueue`.
template <class T>
using lifo_queue = basic_queue<T, detail::lifo_order<T>>;

}  // namespace eddy
