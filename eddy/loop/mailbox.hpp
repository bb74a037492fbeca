// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>

#include "eddy/loop/runnable.hpp"

namespace eddy::detail {

/// Where other threads leave runnables for a loop: a lock-free stack, taken whole and turned round by the loop.
///
/// One word says it all: nothing, the last runnable posted, or that the loop sleeps. A poster that replaces the latter
/// has to wake the loop, and is counted until it has: the loop waits for it before it goes. Every other poster is done
/// with the loop the moment its node is published, so a post costs a single read-modify-write.
class mailbox {
 public:
  /// Any thread, also a signal handler. The loop may take `node`, and end, before this returns, when it returns false.
  /// @returns true when the loop sleeps: the caller has to wake it, and then to call woken().
  bool post(runnable& node) noexcept {
    runnable* top = top_.load(std::memory_order_relaxed);
    bool counted = false;
    do {
      if (top == asleep() && !counted) {
        counted = true;
        waking_.fetch_add(1, std::memory_order_relaxed);  // published by the exchange below
      }
      node.next_runnable = top == asleep() ? nullptr : top;
      // release: publishes the node, and the count, to the loop that takes it.
    } while (!top_.compare_exchange_weak(top, &node, std::memory_order_release, std::memory_order_relaxed));
    if (!counted) return false;
    if (top == asleep()) return true;
    woken();  // another poster was first, so it is the one that wakes
    return false;
  }
  /// Any thread, before a post: the loop waits for woken() before it goes, whatever the post brings about.
  void visit() noexcept { waking_.fetch_add(1, std::memory_order_relaxed); }
  /// The last touch of the loop by a poster that had to wake it, or that visits.
  void woken() noexcept { waking_.fetch_sub(1, std::memory_order_release); }

  /// The loop's thread, before it goes: waits until whoever wakes it has let go of it.
  void wait_for_wakers() const noexcept {
    // acquire: what they did comes before the loop goes.
    while (waking_.load(std::memory_order_acquire) != 0) ::sched_yield();
  }

  /// The loop's thread. Moves everything posted so far to the end of `queue`, oldest first.
  void take(runnable_queue& queue) noexcept {
    if (empty()) return;
    // acquire: sees what each poster wrote into its node before it posted.
    runnable* const newest = top_.exchange(nullptr, std::memory_order_acquire);
    runnable* oldest = nullptr;
    for (runnable* node = newest; node != nullptr;) {
      runnable* const next = node->next_runnable;
      node->next_runnable = oldest;
      oldest = node;
      node = next;
    }
    queue.append(*oldest, *newest);
  }

  /// The loop's thread, before it blocks. @returns false when something was posted: then do not sleep.
  bool prepare_sleep() noexcept {
    runnable* none = nullptr;
    return top_.compare_exchange_strong(none, asleep(), std::memory_order_relaxed) || none == asleep();
  }
  /// The loop's thread, after it blocked.
  void end_sleep() noexcept {
    runnable* expected = asleep();
    top_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);
  }

  bool empty() const noexcept {
    const runnable* top = top_.load(std::memory_order_relaxed);
    return top == nullptr || top == asleep();
  }

 private:
  // No runnable lies there.
  static runnable* asleep() noexcept { return reinterpret_cast<runnable*>(std::uintptr_t{1}); }

  std::atomic<runnable*> top_{nullptr};
  std::atomic<unsigned> waking_{0};  // posters between publishing to a sleeping loop and having woken it
};

}  // namespace eddy::detail
