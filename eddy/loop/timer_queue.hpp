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
  friend class timer_queue;
  static constexpr std::uint32_t idle = UINT32_MAX;

  std::uint32_t slot_ = idle;  // its place in the heap's table
};

/// The deadlines that a loop will announce, exact to the nanosecond: arm and cancel cost O(1) on average among timers
/// that are limits, O(log n) at the most; the next deadline O(1).
///
/// The near ones stand in a 4-ary heap of a few thousand at most, which lies in the nearest cache. Those beyond
/// `near_last_` wait unsorted in up to 64 runs, each with its stretch of time: arming them is an append. When the heap
/// has run empty the earliest run takes its place, and is first split where it is too large; when the heap is full its
/// later half becomes a run. So each deadline is moved a few times from one end of an array to another, and only the
/// last of these moves compares it with its neighbours: after a ladder queue (Tang, Goh, Thng: Ladder queue, ACM TOMACS
/// 15(3), 2005), with sampled limits in place of equal widths.
///
/// An entry is the deadline, the order of arming and the number of a slot, whose table knows the timer: sixteen bytes,
/// four children to a cache line, and moving entries touches no timer. What is cancelled leaves an entry behind whose
/// slot is empty, a grave; it goes when it comes to the top or stands last, or with all others once they outnumber the
/// living. Most timers are limits that are cancelled, and a removal would cost more than the arming. Arming below the
/// high-water mark of a few thousand timers allocates nothing.
class timer_queue {
 public:
  timer_queue() noexcept = default;
  /// @param sequence  Of the first timer that is armed; for tests of what happens when numbers run out.
  explicit timer_queue(std::uint64_t sequence) noexcept : next_sequence_(sequence) {}
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;
  ~timer_queue();

  static constexpr unsigned slot_bits = 28;                                            // 268 million timers at a time
  static constexpr std::uint64_t sequence_end = std::uint64_t{1} << (64 - slot_bits);  // then all are numbered anew

  bool empty() const noexcept { return live_ == 0; }
  std::size_t size() const noexcept { return live_; }
  /// The earliest deadline. Only when not empty.
  time_point next() noexcept {
    uncover_top();
    return time_point(std::chrono::nanoseconds(near_[root].deadline));
  }

  /// The timer with the earliest deadline. Only when not empty.
  timer& first() noexcept {
    uncover_top();
    return *slots_[near_[root].slot()].owner;
  }

  /// @throws std::bad_alloc  Then nothing has changed.
  void arm(timer& t, time_point deadline) {
    if (free_slots_ == timer::idle || near_.size() == near_.capacity() || next_sequence_ == sequence_end) [[unlikely]]
      make_room();
    const std::uint32_t number = free_slots_;
    const entry made{deadline.time_since_epoch().count(), next_sequence_ << slot_bits | number};
    if (made.deadline > near_last_)
      append_to_run(made);
    else
      add_near(made);
    ++next_sequence_;
    free_slots_ = slots_[number].next;
    slots_[number].owner = &t;
    t.slot_ = number;
    ++live_;
  }
  /// Gives `t` another deadline, as if it were armed anew; arms it if it is not. @throws std::bad_alloc  As arm().
  void move(timer& t, time_point deadline);
  void cancel(timer& t) noexcept {
    if (!t.armed()) return;
    slots_[t.slot_].owner = nullptr;
    t.slot_ = timer::idle;
    --live_;
    ++graves_;
    entries& last = *last_armed_;  // what is cancelled has often just been armed
    while (last.size() > root && grave(last.back())) {
      free_grave(last.back());
      last.pop_back();
    }
    if (graves_ > live_ + tolerated_graves) [[unlikely]]
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
  union slot {
    timer* owner;        // null for a grave
    std::uint32_t next;  // of the free ones
  };
  // Begins with a cache line, and with a large page where it has many.
  template <class T>
  struct line_allocator {
    using value_type = T;
    line_allocator() = default;
    template <class U>
    line_allocator(const line_allocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor): as allocators do
    T* allocate(std::size_t count) { return static_cast<T*>(allocate_lines(count * sizeof(T))); }
    void deallocate(T* memory, std::size_t count) noexcept { free_lines(memory, count * sizeof(T)); }
    bool operator==(const line_allocator&) const = default;
  };
  using entries = std::vector<entry, line_allocator<entry>>;  // the first `root` of them stand for nothing
  struct run;
  struct runs;

  static void* allocate_lines(std::size_t size);
  static void free_lines(void* memory, std::size_t size) noexcept;

  static constexpr std::size_t tolerated_graves = 64;  // below that, going through the arrays is not worth it

  // The root stands at 3, so that the four children of any entry begin a cache line.
  static constexpr std::size_t root = 3;
  static constexpr std::size_t parent_of(std::size_t index) noexcept { return index / 4 + 2; }
  static constexpr std::size_t children_of(std::size_t index) noexcept { return 4 * index - 8; }

  // One wide comparison instead of two with a branch in between.
  static bool before(const entry& a, const entry& b) noexcept {
    return ((static_cast<wide>(a.deadline) << 64) | a.order) < ((static_cast<wide>(b.deadline) << 64) | b.order);
  }
  bool grave(const entry& e) const noexcept { return slots_[e.slot()].owner == nullptr; }
  void add_near(entry made) noexcept {  // there is room
    const std::size_t index = near_.size();
    near_.push_back(made);
    last_armed_ = &near_;
    // Mostly a limit later than most others.
    if (index > root && before(made, near_[parent_of(index)])) sift_up(index, made);
  }
  void append_to_run(entry made);
  void sift_up(std::size_t index, entry e) noexcept;
  void sift_down(std::size_t index, entry e) noexcept;
  void order_near() noexcept;
  void remove_top() noexcept;
  // So that the earliest timer is the heap's first entry.
  void uncover_top() noexcept {
    for (;;) {
      if (near_.size() <= root) [[unlikely]]
        refill();
      else if (grave(near_[root])) {
        free_grave(near_[root]);
        remove_top();
      } else
        return;
    }
  }
  void refill() noexcept;
  void drop_earliest() noexcept;
  bool split();
  bool spill();
  void remove_graves(entries& all) noexcept;
  void bury_all() noexcept;
  void make_room();
  void number_anew();
  void free_slot(std::uint32_t number) noexcept {
    slots_[number].next = free_slots_;
    free_slots_ = number;
  }
  void free_grave(const entry& e) noexcept {
    free_slot(e.slot());
    --graves_;
  }

  // What is changed together stands apart: as neighbours g++ adds to both at once, which waits for the last store.
  entries near_;                        // a heap
  std::int64_t near_last_ = INT64_MAX;  // deadlines up to here stand in it, later ones in the runs
  std::size_t live_ = 0;
  runs* far_ = nullptr;           // made when the heap first had too many
  entries* last_armed_ = &near_;  // where the last one was added
  std::size_t graves_ = 0;
  std::vector<slot, line_allocator<slot>> slots_;
  std::uint32_t free_slots_ = timer::idle;  // the first of a chain
  std::uint64_t next_sequence_ = 0;
  std::uint64_t fired_up_to_ = 0;  // while it fires: what is armed from here on waits
};

}  // namespace detail
}  // namespace eddy
