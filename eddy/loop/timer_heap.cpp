// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/timer_heap.hpp"

#include <algorithm>

namespace eddy::detail {

void timer_heap::arm(timer& t, time_point deadline) {
  entries_.emplace_back();
  t.sequence_ = next_sequence_++;
  sift_up(entries_.size() - 1, {deadline.time_since_epoch().count(), &t});
}

void timer_heap::cancel(timer& t) noexcept {
  if (t.armed()) remove_at(t.index_);
}

void timer_heap::fire(time_point now) noexcept {
  // Timers armed by those that fire have a later number: a zero delay cannot keep this loop going for ever.
  const std::uint64_t end = next_sequence_;
  while (!entries_.empty() && entries_[0].deadline <= now.time_since_epoch().count() &&
         entries_[0].owner->sequence_ < end) {
    timer& t = *entries_[0].owner;
    remove_at(0);
    t.due();
  }
}

void timer_heap::remove_at(std::size_t index) noexcept {
  entries_[index].owner->index_ = timer::idle;
  const entry last = entries_.back();
  entries_.pop_back();
  if (index == entries_.size()) return;
  if (index > 0 && before(last, entries_[(index - 1) / 4]))
    sift_up(index, last);
  else
    sift_down(index, last);
}

void timer_heap::sift_up(std::size_t index, entry e) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 4;
    if (!before(e, entries_[parent])) break;
    put(index, entries_[parent]);
    index = parent;
  }
  put(index, e);
}

void timer_heap::sift_down(std::size_t index, entry e) noexcept {
  const std::size_t count = entries_.size();
  for (std::size_t first = 4 * index + 1; first < count; first = 4 * index + 1) {
    std::size_t least = first;
    for (std::size_t child = first + 1; child < std::min(first + 4, count); ++child)
      if (before(entries_[child], entries_[least])) least = child;
    if (!before(entries_[least], e)) break;
    put(index, entries_[least]);
    index = least;
  }
  put(index, e);
}

}  // namespace eddy::detail
