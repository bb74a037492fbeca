// SPDX-License-Identifier: BSL-1.0
// The ruler's timers: a heap of four children a node, the deadline in the array, the place in the timer.
#pragma once

#include <ctime>
#include <optional>
#include <vector>

#include "limit_loop.hpp"

namespace limit {

using nanoseconds = long;  // since the clock's start

/// A deadline in the heap, or not. Lets go when it is destroyed.
class timer : public node {
 public:
  timer() = default;
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() { disarm(); }
  inline void arm(nanoseconds deadline);
  inline void disarm();
  bool armed() const { return place_ != nowhere; }

 private:
  friend class timer_heap;
  static constexpr std::size_t nowhere = ~std::size_t{0};
  std::size_t place_ = nowhere;
};

class timer_heap {
 public:
  bool empty() const { return heap_.empty(); }
  nanoseconds first() const { return heap_.front().deadline; }
  void add(timer& one, nanoseconds deadline) {
    heap_.push_back({deadline, &one});
    up(heap_.size() - 1, {deadline, &one});
  }
  void remove(timer& one) {
    const std::size_t place = std::exchange(one.place_, timer::nowhere);
    const entry last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    if (place > 0 && last.deadline < heap_[(place - 1) / 4].deadline) return up(place, last);
    down(place, last);
  }
  /// All that are due become ready.
  void fire(nanoseconds now) {
    while (!heap_.empty() && heap_.front().deadline <= now) {
      timer& one = *heap_.front().who;
      remove(one);
      ready.push(one);
    }
  }

 private:
  struct entry {
    nanoseconds deadline;
    timer* who;
  };
  void put(std::size_t place, entry one) {
    heap_[place] = one;
    one.who->place_ = place;
  }
  void up(std::size_t place, entry one) {
    while (place > 0) {
      const std::size_t above = (place - 1) / 4;
      if (heap_[above].deadline <= one.deadline) break;
      put(place, heap_[above]);
      place = above;
    }
    put(place, one);
  }
  void down(std::size_t place, entry one) {
    const std::size_t size = heap_.size();
    for (std::size_t below = 4 * place + 1; below < size; below = 4 * place + 1) {
      std::size_t least = below;
      const std::size_t end = below + 4 < size ? below + 4 : size;
      for (std::size_t i = below + 1; i < end; ++i)
        if (heap_[i].deadline < heap_[least].deadline) least = i;
      if (one.deadline <= heap_[least].deadline) break;
      put(place, heap_[least]);
      place = least;
    }
    put(place, one);
  }
  std::vector<entry> heap_;
};

inline timer_heap timers;
inline constinit nanoseconds now = 0;  // read once a turn, and only where a timer is armed

inline void read_clock() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  now = t.tv_sec * 1'000'000'000L + t.tv_nsec;
}

inline void timer::arm(nanoseconds deadline) { timers.add(*this, deadline); }
inline void timer::disarm() {
  if (armed()) timers.remove(*this);
}

/// co_await sleep_for(ns).
class sleep_for {
 public:
  explicit sleep_for(nanoseconds how_long) : how_long_(how_long) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    timer_.waiter = self;
    timer_.arm(now + how_long_);
  }
  void await_resume() const noexcept {}

 private:
  nanoseconds how_long_;
  timer timer_;
};

/// co_await wait_for(child, ns): its value, or nothing when the time is over; the child's frame then goes, which must
/// wait for something that lets go in its destructor. A child that finishes in the very turn in which its time is over
/// is not looked after: no row has one.
template <class T>
class wait_for {
 public:
  wait_for(coro<T> child, nanoseconds how_long) : child_(std::move(child)), how_long_(how_long) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) {
    timer_.waiter = self;
    timer_.arm(now + how_long_);
    return child_.await_suspend(self);
  }
  std::optional<T> await_resume() {
    if (!timer_.armed()) return {};
    timer_.disarm();
    return child_.await_resume();
  }

 private:
  coro<T> child_;
  nanoseconds how_long_;
  timer timer_;
};

}  // namespace limit
