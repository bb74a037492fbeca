// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/timer_heap.hpp"

#include <algorithm>
#include <cstddef>

namespace eddy::detail {

namespace {

constexpr std::size_t fits_caches = 16 * 1024;  // entries: 256 KiB

// Whichever child is the least, its children are on their way while the children are compared: with a million timers
// the lower half of the levels lies in no cache. Beyond the end of the array it does nothing.
template <class Entry>
void fetch_grandchildren(const Entry* first) noexcept {
  for (int line = 0; line < 4; ++line) __builtin_prefetch(first + std::ptrdiff_t{4} * line);
}

}  // namespace

void timer_heap::move(timer& t, time_point deadline) {
  if (!t.armed()) {
    arm(t, deadline);
    return;
  }
  const std::uint32_t before = t.slot_;
  arm(t, deadline);
  slots_[before].owner = nullptr;
  --live_;
  if (entries_.size() > 2 * live_ + tolerated_graves) [[unlikely]]
    bury_all();
}

void timer_heap::fire(time_point now) noexcept {
  // Timers armed by those that fire have a later number: a zero delay cannot keep this loop going for ever.
  fired_up_to_ = next_sequence_;
  while (!empty() && next() <= now && entries_[root].sequence() < fired_up_to_) {
    const std::uint32_t number = entries_[root].slot();
    timer& t = *slots_[number].owner;
    t.slot_ = timer::idle;
    --live_;
    free_slot(number);
    remove_top();
    if (!empty()) __builtin_prefetch(slots_[entries_[root].slot()].owner);
    t.due();
  }
}

// For one more entry and one more slot.
void timer_heap::make_room() {
  if (next_sequence_ == sequence_end) number_anew();
  if (entries_.empty()) entries_.resize(root);
  if (entries_.size() == entries_.capacity()) entries_.reserve(2 * entries_.size() + 26);
  if (free_slots_ != timer::idle) return;
  if (slots_.size() == std::size_t{1} << slot_bits) throw std::bad_alloc();
  slots_.push_back({nullptr, timer::idle});
  free_slots_ = static_cast<std::uint32_t>(slots_.size() - 1);
}

void timer_heap::remove_top() noexcept {
  const entry last = entries_.back();
  entries_.pop_back();
  if (entries_.size() > root) sift_down(root, last);
}

// Builds the heap anew from what lives, in linear time.
void timer_heap::bury_all() noexcept {
  std::size_t kept = root;
  for (std::size_t i = root; i < entries_.size(); ++i) {
    if (grave(entries_[i]))
      free_slot(entries_[i].slot());
    else
      entries_[kept++] = entries_[i];
  }
  entries_.resize(kept);
  if (kept <= root + 1) return;
  for (std::size_t i = parent_of(kept - 1) + 1; i > root; --i) sift_down(i - 1, entries_[i - 1]);
}

// Once in some 70 thousand million armings: the old numbers keep their order, and new ones come after them.
void timer_heap::number_anew() noexcept {
  std::sort(entries_.begin() + root, entries_.end(), before);  // sorted is a heap, too
  next_sequence_ = 0;
  for (std::size_t i = root; i < entries_.size(); ++i)
    entries_[i].order = (next_sequence_++ << slot_bits) | entries_[i].slot();
  fired_up_to_ = next_sequence_;
}

void timer_heap::sift_up(std::size_t index, entry e) noexcept {
  while (index > root) {
    const std::size_t parent = parent_of(index);
    if (!before(e, entries_[parent])) break;
    entries_[index] = entries_[parent];
    index = parent;
  }
  entries_[index] = e;
}

void timer_heap::sift_down(std::size_t index, entry e) noexcept {
  const std::size_t count = entries_.size();
  entry* const all = entries_.data();
  for (std::size_t first = children_of(index); first < count; first = children_of(index)) {
    if (count > fits_caches) fetch_grandchildren(all + children_of(first));
    std::size_t least = first;
    if (first + 4 <= count) {  // nearly always: two pairs, then the better of both
      const std::size_t left = first + static_cast<std::size_t>(before(all[first + 1], all[first]));
      const std::size_t right = first + 2 + static_cast<std::size_t>(before(all[first + 3], all[first + 2]));
      least = before(all[right], all[left]) ? right : left;
    } else {
      for (std::size_t child = first + 1; child < count; ++child)
        if (before(all[child], all[least])) least = child;
    }
    if (!before(all[least], e)) break;
    all[index] = all[least];
    index = least;
  }
  all[index] = e;
}

}  // namespace eddy::detail
