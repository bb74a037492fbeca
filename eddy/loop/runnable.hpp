// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace eddy::detail {

/// Something that a loop runs once: a context whose wait is over, a callback. Lives elsewhere; linked while it waits.
///
/// Invariant: `next_runnable` belongs to whichever queue it stands in: the ready queue, a mailbox, or a list of
/// contexts that are being cancelled. A context is never in two of them (it is ready, or it waits).
class runnable {
 public:
  virtual void run() noexcept = 0;

  runnable* next_runnable = nullptr;

 protected:
  runnable() = default;
  ~runnable() = default;
  runnable(const runnable&) noexcept {}
  runnable& operator=(const runnable&) = delete;
};

/// A singly linked first-in first-out queue of runnables. Never allocates.
class runnable_queue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }

  void push(runnable& node) noexcept {
    node.next_runnable = nullptr;
    *last_ = &node;
    last_ = &node.next_runnable;
  }

  /// Puts a chain that is linked already at the end: `oldest` leads to `newest`, which leads nowhere.
  void append(runnable& oldest, runnable& newest) noexcept {
    *last_ = &oldest;
    last_ = &newest.next_runnable;
  }

  runnable& pop() noexcept {
    runnable& node = *first_;
    first_ = node.next_runnable;
    if (first_ == nullptr) last_ = &first_;
    __builtin_prefetch(first_);  // with many tasks it lies in no cache; this one's step hides the way there
    return node;
  }

  /// Takes out the element at `index` (0 is the oldest). For seeded schedules in tests: linear.
  runnable& pop_at(unsigned index) noexcept {
    runnable** link = &first_;
    for (; index > 0; --index) link = &(*link)->next_runnable;
    runnable& node = **link;
    *link = node.next_runnable;
    if (*link == nullptr) last_ = link;
    return node;
  }

  /// The oldest, or null; the others follow by `next_runnable`.
  const runnable* first() const noexcept { return first_; }

  unsigned size() const noexcept {
    unsigned count = 0;
    for (const runnable* at = first_; at != nullptr; at = at->next_runnable) ++count;
    return count;
  }

  runnable_queue() = default;
  runnable_queue(const runnable_queue&) = delete;
  runnable_queue& operator=(const runnable_queue&) = delete;

 private:
  runnable* first_ = nullptr;
  runnable** last_ = &first_;
};

}  // namespace eddy::detail
