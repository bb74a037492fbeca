// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace eddy {

/// The clock of every deadline in eddy. A loop in a test may run it virtually.
using clock = std::chrono::steady_clock;
using time_point = std::chrono::time_point<clock, std::chrono::nanoseconds>;

namespace detail {

/// A deadline that a loop will announce. Lives in a coroutine frame or another object; never allocates.
class timer {
 public:
  bool armed() const noexcept { return slot_ != idle; }

 protected:
  timer() = default;
  ~timer() = default;
  timer(const timer&) noexcept {}
  timer& operator=(const timer&) = delete;

  /// Called by the loop once, after the deadline; the timer is no longer armed then.
  virtual void due() noexcept = 0;

 private:
  friend class timer_heap;
  static constexpr std::uint32_t idle = UINT32_MAX;

  std::uint32_t slot_ = idle;  // its place in the heap's table
};

/// A 4-ary heap of deadlines, exact to the nanosecond: arm costs O(log n), cancel O(1) on average, the next deadline
/// O(1).
///
/// An entry is the deadline, the order of arming and the number of a slot, whose table knows the timer: sixteen bytes,
/// four children to a cache line, and sifting touches no timer. What is cancelled leaves an entry behind whose slot is
/// empty, a grave; it goes when it comes to the top or stands last, or with all others once they outnumber the living.
/// Most timers are limits that are cancelled, and a removal would cost more than the arming. The arrays grow by
/// doubling; arming below their high-water mark allocates nothing.
class timer_heap {
 public:
  timer_heap() noexcept = default;
  /// @param sequence  Of the first timer that is armed; for tests of what happens when numbers run out.
  explicit timer_heap(std::uint64_t sequence) noexcept : next_sequence_(sequence) {}

  static constexpr unsigned slot_bits = 28;                                            // 268 million timers at a time
  static constexpr std::uint64_t sequence_end = std::uint64_t{1} << (64 - slot_bits);  // then all are numbered anew

  bool empty() const noexcept { return live_ == 0; }
  std::size_t size() const noexcept { return live_; }
  /// The earliest deadline. Only when not empty.
  time_point next() noexcept {
    bury_top();
    return time_point(std::chrono::nanoseconds(entries_[root].deadline));
  }

  /// The timer with the earliest deadline. Only when not empty.
  timer& first() noexcept {
    bury_top();
    return *slots_[entries_[root].slot()].owner;
  }

  /// @throws std::bad_alloc  Then nothing has changed.
  void arm(timer& t, time_point deadline) {
    if (free_slots_ == timer::idle || entries_.size() == entries_.capacity() || next_sequence_ == sequence_end)
        [[unlikely]]
      make_room();
    const std::uint32_t number = free_slots_;
    free_slots_ = slots_[number].next;
    slots_[number].owner = &t;
    t.slot_ = number;
    const entry made{deadline.time_since_epoch().count(), next_sequence_++ << slot_bits | number};
    const std::size_t index = entries_.size();
    entries_.push_back(made);
    ++live_;
    // Mostly a limit later than most others.
    if (index > root && before(made, entries_[parent_of(index)])) sift_up(index, made);
  }
  /// Gives `t` another deadline, as if it were armed anew; arms it if it is not. @throws std::bad_alloc  As arm().
  void move(timer& t, time_point deadline);
  void cancel(timer& t) noexcept {
    if (!t.armed()) return;
    slots_[t.slot_].owner = nullptr;
    t.slot_ = timer::idle;
    --live_;
    while (entries_.size() > root && grave(entries_.back())) {
      free_slot(entries_.back().slot());
      entries_.pop_back();
    }
    if (entries_.size() > 2 * live_ + tolerated_graves) [[unlikely]]
      bury_all();
  }
  /// Fires every timer whose deadline is not after `now`, in the order of deadlines; equal ones in the order of arming.
  /// Timers armed meanwhile wait for the next call.
  void fire(time_point now) noexcept;

 private:
  __extension__ using wide = __int128;

  struct entry {
    std::int64_t deadline;  // ns
    std::uint64_t order;    // the sequence number above, the slot below

    std::uint32_t slot() const noexcept { return static_cast<std::uint32_t>(order) & ((1U << slot_bits) - 1); }
    std::uint64_t sequence() const noexcept { return order >> slot_bits; }
  };
  struct slot {
    timer* owner;        // null for a grave
    std::uint32_t next;  // of the free ones
  };
  template <class T>
  struct line_allocator {
    using value_type = T;
    line_allocator() = default;
    template <class U>
    line_allocator(const line_allocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor): as allocators do
    T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(64))); }
    void deallocate(T* memory, std::size_t) noexcept { ::operator delete(memory, std::align_val_t(64)); }
    bool operator==(const line_allocator&) const = default;
  };

  static constexpr std::size_t tolerated_graves = 64;  // below that, going through the array is not worth it

  // The root stands at 3, so that the four children of any entry begin a cache line.
  static constexpr std::size_t root = 3;
  static constexpr std::size_t parent_of(std::size_t index) noexcept { return index / 4 + 2; }
  static constexpr std::size_t children_of(std::size_t index) noexcept { return 4 * index - 8; }

  // One wide comparison instead of two with a branch in between.
  static bool before(const entry& a, const entry& b) noexcept {
    return ((static_cast<wide>(a.deadline) << 64) | a.order) < ((static_cast<wide>(b.deadline) << 64) | b.order);
  }
  bool grave(const entry& e) const noexcept { return slots_[e.slot()].owner == nullptr; }
  void sift_up(std::size_t index, entry e) noexcept;
  void sift_down(std::size_t index, entry e) noexcept;
  void remove_top() noexcept;
  void bury_top() noexcept {
    while (grave(entries_[root])) {
      free_slot(entries_[root].slot());
      remove_top();
    }
  }
  void bury_all() noexcept;
  void make_room();
  void number_anew() noexcept;
  void free_slot(std::uint32_t number) noexcept {
    slots_[number] = {nullptr, free_slots_};
    free_slots_ = number;
  }

  std::vector<entry, line_allocator<entry>> entries_;
  std::vector<slot> slots_;
  std::uint32_t free_slots_ = timer::idle;  // the first of a chain
  std::size_t live_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t fired_up_to_ = 0;  // while it fires: what is armed from here on waits
};

}  // namespace detail
}  // namespace eddy
