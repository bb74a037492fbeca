// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "eddy/sync/waiter_list.hpp"

namespace eddy {

class mutex;

/// Holds a locked mutex and unlocks it when it goes: `auto held = co_await m.lock();`.
class [[nodiscard]] mutex_guard {
 public:
  /// Holds nothing.
  mutex_guard() noexcept = default;
  explicit mutex_guard(mutex& m) noexcept : mutex_(&m) {}
  mutex_guard(mutex_guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
  mutex_guard& operator=(mutex_guard&& other) noexcept {
    std::swap(mutex_, other.mutex_);
    return *this;
  }
  ~mutex_guard() { unlock(); }

  /// Unlocks now; nothing when it holds none.
  void unlock() noexcept;
  explicit operator bool() const noexcept { return mutex_ != nullptr; }

 private:
  mutex* mutex_ = nullptr;
};

/// Lets one task at a time into a part of a program that awaits.
///
/// Fair: first come, first served; unlocking hands the lock over, nobody barges in. Parts that do not await need no
/// mutex: all tasks of a loop share one thread. Not recursive. It must outlive its waiters.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Lock`.
class mutex {
 public:
  mutex() = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  ~mutex() {
    EDDY_ASSERT(waiters_.empty(),
                "a mutex was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
  }

  class lock_operation final : public detail::waiter<lock_operation> {
   public:
    explicit lock_operation(mutex& m) noexcept : mutex_(&m) {}
    lock_operation(lock_operation&&) = default;
    bool try_complete() noexcept { return mutex_->take(); }
    void begin() noexcept { mutex_->waiters_.push_back(*this); }
    mutex_guard await_resume() noexcept { return mutex_guard(*mutex_); }
    std::string describe() const override { return "mutex::lock"; }

   private:
    mutex* mutex_;
  };

  /// Waits for the lock. @returns its guard.
  ///
  /// **Cancellation.** A cancellation point, also when the lock is free. Atomic: cancelled means not held.
  [[nodiscard]] lock_operation lock() noexcept { return lock_operation(*this); }
  /// Takes the lock if it is free. @returns a guard that may hold nothing.
  mutex_guard try_lock() noexcept { return take() ? mutex_guard(*this) : mutex_guard(); }
  /// Whether somebody holds it, or is about to.
  bool locked() const noexcept { return locked_; }

 private:
  friend class mutex_guard;

  bool take() noexcept { return !std::exchange(locked_, true); }
  void unlock() noexcept {
    if (waiters_.empty())
      locked_ = false;
    else
      waiters_.pop_front().grant();  // it stays locked: for the oldest waiter
  }

  bool locked_ = false;
  detail::intrusive_list<lock_operation> waiters_;
};

// ---------------------------------------------------------------------------------------------------------------------

inline void mutex_guard::unlock() noexcept {
  if (mutex_ != nullptr) std::exchange(mutex_, nullptr)->unlock();
}

}  // namespace eddy
