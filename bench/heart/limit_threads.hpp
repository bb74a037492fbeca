// SPDX-License-Identifier: BSL-1.0
// The ruler's way in from other threads, and its sleep: one atomic stack, and an eventfd that is written only when the
// loop sleeps.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>

#include "limit_timer.hpp"
#include "measure.hpp"

namespace limit {

/// What another thread wants done. Lives where that thread keeps it, until it has run.
struct job {
  job* next = nullptr;
  void (*run)(job&) = nullptr;
};

class inbox {
 public:
  /// From any thread. True when the owner sleeps and is to be woken.
  bool push(job& one) {
    job* first = first_.load(std::memory_order_relaxed);
    do one.next = first == &asleep_ ? nullptr : first;
    while (!first_.compare_exchange_weak(first, &one, std::memory_order_acq_rel, std::memory_order_relaxed));
    return first == &asleep_;
  }
  bool empty() const { return first_.load(std::memory_order_relaxed) == nullptr; }
  /// The owner says that it sleeps from now on. False when something has come.
  bool fall_asleep() {
    job* nothing = nullptr;
    return first_.compare_exchange_strong(nothing, &asleep_, std::memory_order_acq_rel);
  }
  /// Runs what has come, in the order in which it came.
  void drain() {
    job* one = first_.exchange(nullptr, std::memory_order_acq_rel);
    if (one == &asleep_) return;
    job* in_order = nullptr;
    while (one != nullptr) one = std::exchange(one->next, std::exchange(in_order, one));
    while (in_order != nullptr) {
      job& next = *std::exchange(in_order, in_order->next);
      next.run(next);
    }
  }

 private:
  std::atomic<job*> first_{nullptr};
  job asleep_;  // first_ points here while the owner sleeps
};

/// The loop's side: where others post, and where it sleeps.
struct doorbell {
  doorbell() {
    epoll_event what{};
    what.events = EPOLLIN | EPOLLET;  // edge-triggered: nobody has to read the eventfd
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, event, &what);
  }
  void post(job& one) {
    if (!posted.push(one)) return;
    [[maybe_unused]] const auto written = ::eventfd_write(event, 1);
  }
  void sleep() {
    if (spin.count() > 0) {
      const auto until = heart::clock::now() + spin;
      while (posted.empty() && heart::clock::now() < until) __builtin_ia32_pause();
    }
    int timeout = -1;
    if (!timers.empty()) timeout = static_cast<int>((timers.first() - now + 999'999) / 1'000'000);
    if (!posted.fall_asleep()) return;
    epoll_event events[8];
    ::epoll_wait(epoll, events, 8, timeout);
  }
  inbox posted;
  std::chrono::nanoseconds spin{};  // turn so long for a post before sleeping
  int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

inline doorbell door;

inline void look_around() {
  if (!timers.empty()) {
    read_clock();
    timers.fire(now);
  }
  if (ready.empty() && door.posted.empty()) {
    door.sleep();
    if (!timers.empty()) {
      read_clock();
      timers.fire(now);
    }
  }
  if (!door.posted.empty()) door.posted.drain();
}

}  // namespace limit
