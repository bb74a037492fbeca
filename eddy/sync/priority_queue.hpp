// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <queue>
#include <vector>

#include "eddy/sync/basic_queue.hpp"

namespace eddy {

namespace detail {

/// A heap in which equals keep the order in which they were put.
template <class T, class Compare>
class priority_order {
 public:
  static_assert(std::movable<T>, "a priority_queue moves its items about: they need move construction and assignment");
  static constexpr const char* kind = "priority_queue";

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  void push(T&& item) { insert(std::move(item), ++last_); }
  void put_back(T&& item) { insert(std::move(item), --first_); }
  T pop() { return heap_.take(); }

 private:
  struct entry {
    entry(T&& i, std::int64_t n) : item(std::move(i)), number(n) {}
    T item;
    std::int64_t number;
  };
  struct goes_after {
    bool operator()(const entry& a, const entry& b) const {
      if (Compare{}(b.item, a.item)) return true;
      return !Compare{}(a.item, b.item) && a.number > b.number;
    }
  };

  // The heap of <queue>, since <algorithm> is dear to compile; it has no pop that gives the item.
  struct heap : std::priority_queue<entry, std::vector<entry>, goes_after> {
    T take() {
      T item = std::move(this->c.front().item);
      this->pop();  // puts the first at the end without comparing it
      return item;
    }
  };

  void insert(T&& item, std::int64_t number) { heap_.emplace(std::move(item), number); }

  heap heap_;
  std::int64_t last_ = 0;   // counts up with each item that was put,
  std::int64_t first_ = 0;  // and down with each that came back: those go before their equals
};

}  // namespace detail

/// Hands items from tasks to tasks, the least first; equals in the order they were put. See `basic_queue` for what it
/// can do.
///
/// `Compare` says which one goes first, as for std::sort: with the default 1 comes before 2. (`std::priority_queue` has
/// it the other way round.) Those who wait are served first come, first served, as everywhere.
///
/// **Complexity.** put and get are logarithmic in the number of items.
/// **In asyncio.** `PriorityQueue`; there equals come in no certain order.
template <class T, class Compare = std::less<T>>
using priority_queue = basic_queue<T, detail::priority_order<T, Compare>>;

}  // namespace eddy
