// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace eddy {

/// The clock of every deadline in eddy. A loop in a test may run it virtually.
using clock = std::chrono::steady_clock;
using time_point = std::chrono::time_point<clock, std::chrono::nanoseconds>;

namespace detail {

/// A deadline that a loop will announce. Lives in a coroutine frame or another object; never allocates.
class timer {
 public:
  bool armed() const noexcept { return index_ != idle; }

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

  std::uint32_t index_ = idle;  // its place in the heap's array
  std::uint64_t sequence_ = 0;  // the order of arming: equal deadlines fire in it
};

/// A 4-ary heap of deadlines, exact to the nanosecond: arm and cancel cost O(log n), the next deadline O(1).
///
/// The deadline stands in the array, so that sifting touches no timer but the one that moves. The array grows by
/// doubling; arming below its high-water mark allocates nothing.
class timer_heap {
 public:
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  /// The earliest deadline. Only when not empty.
  time_point next() const noexcept { return time_point(std::chrono::nanoseconds(entries_[0].deadline)); }

  /// The timer with the earliest deadline. Only when not empty.
  timer& first() const noexcept { return *entries_[0].owner; }

  void arm(timer& t, time_point deadline);
  void cancel(timer& t) noexcept;
  /// Fires every timer whose deadline is not after `now`, in the order of deadlines. Timers armed meanwhile wait for
  /// the next call.
  void fire(time_point now) noexcept;

 private:
  struct entry {
    std::int64_t deadline;  // ns
    timer* owner;
  };

  static bool before(const entry& a, const entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.owner->sequence_ < b.owner->sequence_;
  }
  void put(std::size_t index, entry e) noexcept {
    entries_[index] = e;
    e.owner->index_ = static_cast<std::uint32_t>(index);
  }
  void sift_up(std::size_t index, entry e) noexcept;
  void sift_down(std::size_t index, entry e) noexcept;
  void remove_at(std::size_t index) noexcept;

  std::vector<entry> entries_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace detail
}  // namespace eddy
