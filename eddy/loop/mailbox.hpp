// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>

#include "eddy/loop/runnable.hpp"

namespace eddy::detail {

/// Where other threads leave runnables for a loop: a lock-free stack, taken whole and turned round by the loop.
///
/// Wakes the loop only when it sleeps: `sleeping_` and `top_` follow the store-then-look pattern of Dekker, so either
/// the poster sees a sleeping loop and wakes it, or the loop sees the post before it sleeps.
class mailbox {
 public:
  /// Any thread. @returns true when the loop sleeps and the caller has to wake it.
  bool post(runnable& node) noexcept {
    runnable* top = top_.load(std::memory_order_relaxed);
    do {
      node.next_runnable = top;
      // seq_cst (which includes release): publishes the node to the loop, and stands before the look at sleeping_.
    } while (!top_.compare_exchange_weak(top, &node, std::memory_order_seq_cst, std::memory_order_relaxed));
    // The first poster that finds the loop asleep wakes it; the exchange keeps the others from doing so too.
    return sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false, std::memory_order_seq_cst);
  }

  /// The loop's thread. Moves everything posted so far to the end of `queue`, oldest first.
  void take(runnable_queue& queue) noexcept {
    if (top_.load(std::memory_order_relaxed) == nullptr) return;
    // acquire: sees what each poster wrote into its node before it posted.
    runnable* node = top_.exchange(nullptr, std::memory_order_acquire);
    runnable* oldest = nullptr;
    while (node != nullptr) {
      runnable* next = node->next_runnable;
      node->next_runnable = oldest;
      oldest = node;
      node = next;
    }
    while (oldest != nullptr) {
      runnable* next = oldest->next_runnable;
      queue.push(*oldest);
      oldest = next;
    }
  }

  /// The loop's thread, before it blocks. @returns false when something was posted: then do not sleep.
  bool prepare_sleep() noexcept {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (top_.load(std::memory_order_seq_cst) == nullptr) return true;
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  /// The loop's thread, after it blocked.
  void end_sleep() noexcept { sleeping_.store(false, std::memory_order_relaxed); }

  bool empty() const noexcept { return top_.load(std::memory_order_relaxed) == nullptr; }

 private:
  std::atomic<runnable*> top_{nullptr};
  std::atomic<bool> sleeping_{false};
};

}  // namespace eddy::detail
