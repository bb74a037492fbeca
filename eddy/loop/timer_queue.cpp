// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/timer_queue.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace eddy::detail {

namespace {

constexpr std::size_t near_limit = 2048;  // the heap takes 32 KiB then
constexpr std::size_t most_runs = 64;
constexpr std::size_t spilled_runs = 32;   // what is left of them is for splitting
constexpr std::size_t split_ways = 8;      // at a time
constexpr std::size_t samples_a_way = 16;  // to find limits between the parts of a run
constexpr std::size_t cache_line = 64;
constexpr std::size_t large_page = 2 * 1024 * 1024;

}  // namespace

// Entries with deadlines from `from` on, up to where the next later run begins.
struct timer_queue::run {
  std::int64_t from = 0;
  entries waiting;
};

struct timer_queue::runs {
  std::array<run, most_runs> all;  // the latest first
  std::size_t count = 0;

  bool empty() const noexcept { return count == 0; }
  run& earliest() noexcept { return all[count - 1]; }
};

timer_queue::~timer_queue() { delete far_; }

void* timer_queue::allocate_lines(std::size_t size) {
  if (size < large_page) return ::operator new(size, std::align_val_t(cache_line));
  void* const memory = ::operator new(size, std::align_val_t(large_page));
  ::madvise(memory, size, MADV_HUGEPAGE);  // a wish: without it the pages are just small
  return memory;
}

void timer_queue::free_lines(void* memory, std::size_t size) noexcept {
  ::operator delete(memory, std::align_val_t(size < large_page ? cache_line : large_page));
}

void timer_queue::move(timer& t, time_point deadline) {
  if (!t.armed()) {
    arm(t, deadline);
    return;
  }
  const std::uint32_t before = t.slot_;
  arm(t, deadline);
  slots_[before].owner = nullptr;
  --live_;
  ++graves_;
  if (graves_ > live_ + tolerated_graves) [[unlikely]]
    bury_all();
}

void timer_queue::fire(time_point now) noexcept {
  // Timers armed by those that fire have a later number: a zero delay cannot keep this loop going for ever.
  fired_up_to_ = next_sequence_;
  while (!empty() && next() <= now && near_[root].sequence() < fired_up_to_) {
    const std::uint32_t number = near_[root].slot();
    timer& t = *slots_[number].owner;
    t.slot_ = timer::idle;
    --live_;
    free_slot(number);
    remove_top();
    if (near_.size() > root) __builtin_prefetch(slots_[near_[root].slot()].owner);
    t.due();
  }
}

// For one more entry in the heap, and one more slot.
void timer_queue::make_room() {
  if (near_.empty()) near_.resize(root);
  if (next_sequence_ == sequence_end) number_anew();
  if (near_.size() == near_.capacity() && (near_.size() < near_limit || !spill())) near_.reserve(2 * near_.size() + 26);
  if (free_slots_ != timer::idle) return;
  if (slots_.size() == std::size_t{1} << slot_bits) throw std::bad_alloc();
  slots_.push_back({.next = timer::idle});
  free_slots_ = static_cast<std::uint32_t>(slots_.size() - 1);
}

void timer_queue::append_to_run(entry made) {
  run* at = far_->all.data();
  while (made.deadline < at->from) ++at;
  at->waiting.push_back(made);
  last_armed_ = &at->waiting;
}

// The later half of the heap becomes the earliest run, or joins it when there are many. Not when all of the earlier
// half have one deadline: then it changes nothing and returns false.
bool timer_queue::spill() {
  if (far_ == nullptr) far_ = new runs;
  const bool joins = far_->count >= spilled_runs;
  run& to = joins ? far_->earliest() : far_->all[far_->count];
  to.waiting.reserve(to.waiting.size() + near_.size());
  if (to.waiting.empty()) to.waiting.resize(root);
  const auto begin = near_.begin() + root;
  const auto middle = begin + (near_.end() - begin) / 2;
  std::nth_element(begin, middle, near_.end(), before);
  const std::int64_t limit = middle->deadline;
  const auto later = std::partition(begin, near_.end(), [&](const entry& e) { return e.deadline < limit; });
  if (later != begin) {
    to.waiting.insert(to.waiting.end(), later, near_.end());
    near_.erase(later, near_.end());
    to.from = limit;
    near_last_ = limit - 1;
    if (!joins) ++far_->count;
  }
  order_near();
  return later != begin;
}

// The earliest run becomes the heap, which is empty; what was cancelled does not come along. Not when nothing is armed.
void timer_queue::refill() noexcept {
  try {
    while (far_->earliest().waiting.size() > near_limit + root && split()) {
    }
  } catch (const std::bad_alloc&) {  // then all of it is the heap: slower, but right
  }
  near_.swap(far_->earliest().waiting);
  drop_earliest();
  remove_graves(near_);
  // Who is called next is fetched into the cache meanwhile: neighbours in time are none in memory.
  for (std::size_t i = root; i < near_.size(); ++i) __builtin_prefetch(slots_[near_[i].slot()].owner);
  order_near();
}

// With its memory: a place that once had many would hold it for ever, and the next run stands in another.
void timer_queue::drop_earliest() noexcept {
  entries().swap(far_->earliest().waiting);
  --far_->count;
  near_last_ = far_->empty() ? INT64_MAX : far_->earliest().from - 1;
}

// The earliest run becomes several, each with about as many. Not when most of it has one deadline, or when there are
// too many runs: then it changes nothing and returns false.
bool timer_queue::split() {
  run& from = far_->earliest();
  const std::size_t count = from.waiting.size() - root;
  const std::size_t ways = std::min({split_ways, most_runs - far_->count + 1, 2 * count / near_limit});
  // Limits between the parts, from samples. None is the least sample, so that no part is empty.
  std::array<std::int64_t, split_ways * samples_a_way> samples;
  const std::size_t taken = ways * samples_a_way;
  for (std::size_t i = 0; i < taken; ++i) samples[i] = from.waiting[root + i * (count / taken)].deadline;
  std::sort(samples.begin(), samples.begin() + taken);
  std::array<std::int64_t, split_ways> limits;
  std::size_t parts = 1;  // and one limit less
  for (std::size_t i = samples_a_way; i < taken; i += samples_a_way)
    if (samples[i] > (parts == 1 ? samples.front() : limits[parts - 2])) limits[parts++ - 1] = samples[i];
  if (parts == 1) return false;

  std::array<entries, split_ways> made;  // the latest first
  for (std::size_t i = 0; i < parts; ++i) {
    made[i].reserve(root + count / parts + count / (4 * parts));
    made[i].resize(root);
  }
  for (std::size_t i = root; i < from.waiting.size(); ++i) {
    std::size_t part = parts - 1;
    for (std::size_t limit = 0; limit < parts - 1; ++limit)
      part -= static_cast<std::size_t>(from.waiting[i].deadline >= limits[limit]);
    made[part].push_back(from.waiting[i]);
  }
  const std::int64_t least = from.from;
  for (std::size_t i = 0; i < parts; ++i) {
    run& to = far_->all[far_->count - 1 + i];
    to.waiting.swap(made[i]);
    to.from = i == parts - 1 ? least : limits[parts - 2 - i];
  }
  far_->count += parts - 1;
  return true;
}

void timer_queue::remove_top() noexcept {
  const entry last = near_.back();
  near_.pop_back();
  if (near_.size() > root) sift_down(root, last);
}

void timer_queue::remove_graves(entries& all) noexcept {
  std::size_t kept = root;
  for (std::size_t i = root; i < all.size(); ++i) {
    if (grave(all[i]))
      free_grave(all[i]);
    else
      all[kept++] = all[i];
  }
  all.resize(kept);
}

void timer_queue::bury_all() noexcept {
  remove_graves(near_);
  order_near();
  if (far_ == nullptr) return;
  for (std::size_t i = 0; i < far_->count; ++i) remove_graves(far_->all[i].waiting);
  while (!far_->empty() && far_->earliest().waiting.size() == root) drop_earliest();
}

// Makes a heap of what stands there, in linear time.
void timer_queue::order_near() noexcept {
  if (near_.size() <= root + 1) return;
  for (std::size_t i = parent_of(near_.size() - 1) + 1; i > root; --i) sift_down(i - 1, near_[i - 1]);
}

// Once in some 70 thousand million armings: the old numbers keep their order, and new ones come after them.
void timer_queue::number_anew() {
  if (far_ != nullptr) {
    std::size_t all = near_.size();
    for (std::size_t i = 0; i < far_->count; ++i) all += far_->all[i].waiting.size();
    near_.reserve(all);
    while (!far_->empty()) {
      entries& later = far_->earliest().waiting;
      near_.insert(near_.end(), later.begin() + root, later.end());
      drop_earliest();
    }
  }
  std::sort(near_.begin() + root, near_.end(), before);  // sorted is a heap, too
  next_sequence_ = 0;
  for (std::size_t i = root; i < near_.size(); ++i) near_[i].order = (next_sequence_++ << slot_bits) | near_[i].slot();
  fired_up_to_ = next_sequence_;
}

void timer_queue::sift_up(std::size_t index, entry e) noexcept {
  while (index > root) {
    const std::size_t parent = parent_of(index);
    if (!before(e, near_[parent])) break;
    near_[index] = near_[parent];
    index = parent;
  }
  near_[index] = e;
}

void timer_queue::sift_down(std::size_t index, entry e) noexcept {
  const std::size_t count = near_.size();
  entry* const all = near_.data();
  for (std::size_t first = children_of(index); first < count; first = children_of(index)) {
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
