// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/sync/waiter_list.hpp"

// Primitives with planted bugs, as real runtimes have had them. explore and explore_orders must find each.

namespace eddy::testing::broken {

/// Wakes waiters in the order they came; what a waiter is woken for, it has to take itself.
class wake_list {
 public:
  class wait_operation final : public detail::waiter<wait_operation> {
   public:
    explicit wait_operation(wake_list& list) noexcept : list_(&list) {}
    wait_operation(wait_operation&&) = default;
    bool try_complete() const noexcept { return false; }
    void begin() noexcept { list_->waiters_.push_back(*this); }
    void await_resume() const noexcept {}
    std::string describe() const override { return "wake_list::wait"; }

   private:
    wake_list* list_;
  };

  [[nodiscard]] wait_operation wait() noexcept { return wait_operation(*this); }
  void wake_one() noexcept {
    if (!waiters_.empty()) waiters_.pop_front().grant();
  }
  bool empty() const noexcept { return waiters_.empty(); }

 private:
  detail::intrusive_list<wait_operation> waiters_;
};

/// Loses a permit when the waiter that it was handed to is cancelled before it has got it (gh-90155 in asyncio).
class semaphore {
 public:
  explicit semaphore(int permits) : permits_(permits) {}

  coro<> acquire() {
    if (permits_ > 0) {
      --permits_;
      co_return;
    }
    co_await waiters_.wait();
    co_await checkpoint();  // the planted bug: the permit is this coroutine's already, and nobody gives it back
  }
  void release() {
    if (waiters_.empty())
      ++permits_;
    else
      waiters_.wake_one();  // it goes to the waiter
  }
  int available() const noexcept { return permits_; }

 private:
  int permits_;
  wake_list waiters_;
};

/// Drops an item when the getter that took it is cancelled on its way out.
class queue {
 public:
  void put(int item) {
    items_.push_back(item);
    waiters_.wake_one();
  }
  coro<int> get() {
    while (items_.empty()) co_await waiters_.wait();
    const int item = items_.front();
    items_.pop_front();
    co_await sleep(std::chrono::nanoseconds(0));  // the planted bug
    co_return item;
  }
  std::optional<int> try_get() {
    if (items_.empty()) return std::nullopt;
    const int item = items_.front();
    items_.pop_front();
    return item;
  }

 private:
  std::deque<int> items_;
  wake_list waiters_;
};

/// Lets a newcomer take the lock before the waiter that was woken for it.
class lock {
 public:
  coro<> acquire() {
    while (locked_) co_await waiters_.wait();  // the planted bug: whoever comes first takes it
    locked_ = true;
  }
  void release() {
    locked_ = false;
    waiters_.wake_one();
  }

 private:
  bool locked_ = false;
  wake_list waiters_;
};

/// Does not take part in a cancellation: it ends when its work or its limit does (#86296 in asyncio).
inline coro<> wait_for(std::function<coro<>()> work, std::chrono::nanoseconds limit) {
  const task<> running = create_task(std::move(work));
  const auto result = co_await shield(eddy::wait(std::vector<task<>>(1, running)).limit(limit));
  if (result.done.empty()) co_await cancel_and_join(running);
}

/// Wakes only half of those who wait.
class event {
 public:
  [[nodiscard]] wake_list::wait_operation wait() noexcept { return waiters_.wait(); }
  void set() {
    waiters_.wake_one();  // the planted bug: and the others?
  }

 private:
  wake_list waiters_;
};

/// Runs children and waits for them, unless it is cancelled: then they run on.
class task_group {
 public:
  template <class F>
  void create_task(F f) {
    children_.push_back(eddy::create_task(std::move(f)));
  }
  coro<> join() {
    for (const task<>& child : children_) co_await child;  // the planted bug: nobody cancels them
  }

 private:
  std::vector<task<>> children_;
};

/// Two look at a number, both wait, both write.
class counter {
 public:
  coro<> add_one() {
    const int before = value_;
    co_await sleep(std::chrono::nanoseconds(0));
    value_ = before + 1;  // the planted bug
  }
  int value() const noexcept { return value_; }

 private:
  int value_ = 0;
};

}  // namespace eddy::testing::broken
