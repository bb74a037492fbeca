// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <source_location>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/holder.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/sync/label.hpp"

namespace eddy {

class condition;
class mutex;

/// Holds a locked mutex and unlocks it when it goes: `auto held = co_await m.lock();`.
class [[nodiscard]] mutex_guard {
 public:
  /// Holds nothing.
  mutex_guard() noexcept = default;
  /// Takes over a lock that was taken for it.
  explicit mutex_guard(mutex& m) noexcept : mutex_(&m) {}
  mutex_guard(mutex_guard&& other) noexcept : mutex_(detail::exchanged(other.mutex_, nullptr)) {}
  mutex_guard& operator=(mutex_guard&& other) noexcept {
    mutex* taken = detail::exchanged(other.mutex_, nullptr);
    unlock();
    mutex_ = taken;
    return *this;
  }
  ~mutex_guard();

  /// Unlocks now; nothing when it holds none.
  void unlock() noexcept;
  explicit operator bool() const noexcept { return mutex_ != nullptr; }

 private:
  friend class condition;
  mutex* mutex_ = nullptr;
};

namespace detail {

/// Whoever stands in the line for a mutex: a lock(), or the wait of a condition that has to take it again.
class mutex_waiter : public list_hook {
 public:
  /// The mutex has been locked for it.
  virtual void granted() noexcept = 0;
  const holder& who() const noexcept { return who_; }

 protected:
  explicit mutex_waiter(std::source_location place) noexcept : who_(place, 0) {}
  mutex_waiter(mutex_waiter&&) = default;
  ~mutex_waiter() = default;

  holder who_;
};

}  // namespace detail

/// Lets one task at a time into a part of a program that awaits.
///
/// Fair: first come, first served; unlocking hands the lock over, nobody barges in. Parts that do not await need no
/// mutex: all tasks of a loop share one thread. Not recursive. It must outlive its waiters and guards. For many readers
/// at once choose `shared_mutex`; to wait for a change of what it protects, `condition`.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Lock`.
class mutex {
 public:
  /// @param name  For reports; a literal, or text that outlives the mutex.
  mutex(const char* name = nullptr,  // NOLINT: `mutex m("stock")` and the member of an aggregate alike
        std::source_location made = std::source_location::current()) noexcept
      : label_(name, made) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  ~mutex() {
    EDDY_ASSERT(line_.empty(),
                "a mutex was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
    EDDY_ASSERT(!locked_,
                "a mutex was destroyed while it is locked; let it outlive its guards: declare it before them, and keep "
                "no guard in something that lives longer");
  }

  class lock_operation final : public detail::leaf<lock_operation>, public detail::mutex_waiter {
   public:
    lock_operation(mutex& m, std::source_location place) noexcept : mutex_waiter(place), mutex_(&m) {}
    lock_operation(lock_operation&&) = default;
    bool try_complete() noexcept { return mutex_->take({who_.place, *context_}); }
    void begin() noexcept {
      who_.task = context_->task_number();
      mutex_->line_.push_back(*this);
      detail::note_wait(*context_);
    }
    bool take_back() noexcept {
      unlink();
      return true;
    }
    mutex_guard await_resume() noexcept { return mutex_guard(*mutex_); }
    std::string describe() const override { return mutex_->label_.describe("mutex"); }
    void visit_holders(const detail::function<void(const detail::holder&)>& visit) const override {
      visit(mutex_->holder_);
    }

   private:
    void granted() noexcept override { context_->completed(); }

    mutex* mutex_;
  };

  /// Waits for the lock. @returns its guard.
  ///
  /// **Cancellation.** A cancellation point, also when the lock is free. Atomic: cancelled means not held.
  [[nodiscard]] lock_operation lock(std::source_location place = std::source_location::current()) noexcept {
    return {*this, place};
  }
  /// Takes the lock if it is free. @returns a guard that may hold nothing.
  mutex_guard try_lock(std::source_location place = std::source_location::current()) noexcept {
    return !locked_ && take(detail::holder::here(place)) ? mutex_guard(*this) : mutex_guard();
  }
  /// Whether somebody holds it, or is about to.
  bool locked() const noexcept { return locked_; }

 private:
  friend class condition;
  friend class mutex_guard;

  bool take(const detail::holder& who) noexcept {
    if (locked_) return false;
    locked_ = true;
    holder_ = who;
    return true;
  }
  void unlock() noexcept {
    if (line_.empty()) {
      locked_ = false;
      return;
    }
    detail::mutex_waiter& next = line_.pop_front();  // it stays locked: for the oldest waiter
    holder_ = next.who();
    next.granted();
  }

  detail::label label_;
  detail::holder holder_;  // while it is locked: for whom
  bool locked_ = false;
  detail::intrusive_list<detail::mutex_waiter> line_;
};

// ---------------------------------------------------------------------------------------------------------------------

// Most guards end so, and nobody looks at what they held.
inline mutex_guard::~mutex_guard() {
  if (mutex_ != nullptr) mutex_->unlock();
}

inline void mutex_guard::unlock() noexcept {
  if (mutex_ != nullptr) detail::exchanged(mutex_, nullptr)->unlock();
}

}  // namespace eddy
