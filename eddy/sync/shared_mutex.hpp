// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <source_location>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/sync/grip.hpp"
#include "eddy/sync/label.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// Lets either many readers or one writer into a part of a program that awaits.
///
/// Fair: first come, first served. A writer that waits stops the readers that come after it, so a stream of readers
/// cannot keep it out; readers that wait side by side go in together. A reader that wants to write has to unlock first,
/// and look again at what it read. Not recursive. It must outlive its waiters and guards.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** Nothing like it.
class shared_mutex {
  class acquisition;

 public:
  /// @param name  For reports; a literal, or text that outlives the mutex.
  shared_mutex(const char* name = nullptr,  // NOLINT: `shared_mutex m("stock")` and the member of an aggregate alike
               std::source_location made = std::source_location::current()) noexcept
      : label_(name, made) {}
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;
  ~shared_mutex() {
    EDDY_ASSERT(waiters_.empty(),
                "a shared_mutex was destroyed while tasks wait for it; let it outlive them, for example by declaring "
                "it before their task_group");
    EDDY_ASSERT(holders_.empty(),
                "a shared_mutex was destroyed while it is locked; let it outlive its guards: declare it before them, "
                "and keep no guard in something that lives longer");
  }

  /// Holds the mutex, shared or alone, and unlocks it when it goes.
  class [[nodiscard]] guard {
   public:
    /// Holds nothing.
    guard() noexcept = default;
    guard(guard&& other) noexcept : mutex_(detail::exchanged(other.mutex_, nullptr)), grip_(std::move(other.grip_)) {}
    guard& operator=(guard&& other) noexcept {
      guard taken(std::move(other));
      unlock();
      mutex_ = detail::exchanged(taken.mutex_, nullptr);
      grip_ = std::move(taken.grip_);
      return *this;
    }
    ~guard() { unlock(); }

    /// Unlocks now; nothing when it holds none.
    void unlock() noexcept {
      if (mutex_ == nullptr) return;
      grip_.leave();
      detail::exchanged(mutex_, nullptr)->unlocked();
    }
    explicit operator bool() const noexcept { return mutex_ != nullptr; }

   private:
    friend class shared_mutex;
    guard(shared_mutex& m, detail::grip&& g) noexcept : mutex_(&m), grip_(std::move(g)) {}

    shared_mutex* mutex_ = nullptr;
    detail::grip grip_;
  };

  class lock_operation;

  /// Waits until nobody else is in, and locks it for one. @returns its guard.
  ///
  /// **Cancellation.** A cancellation point, also when it is free. Atomic: cancelled means not held.
  [[nodiscard]] lock_operation lock(std::source_location place = std::source_location::current()) noexcept;
  /// Waits until no writer is in or before it in the line, and locks it for readers. @returns its guard.
  ///
  /// **Cancellation.** As lock().
  [[nodiscard]] lock_operation lock_shared(std::source_location place = std::source_location::current()) noexcept;

  /// Locks it for one if it is free. @returns a guard that may hold nothing.
  guard try_lock(std::source_location place = std::source_location::current()) noexcept {
    return try_enter(true, place);
  }
  /// Locks it for readers if no writer is in or waits. @returns a guard that may hold nothing.
  guard try_lock_shared(std::source_location place = std::source_location::current()) noexcept {
    return try_enter(false, place);
  }

  /// Whether a writer is in.
  bool locked() const noexcept { return writer_in_; }
  /// How many readers are in. Linear.
  std::size_t readers() const noexcept { return writer_in_ ? 0 : holders_.size(); }

 private:
  bool may_enter(bool alone) const noexcept { return !writer_in_ && (!alone || holders_.empty()); }
  void enter(bool alone, detail::grip& grip) noexcept {
    writer_in_ = alone;
    holders_.push_back(grip);
  }
  guard try_enter(bool alone, std::source_location place) noexcept {
    if (!waiters_.empty() || !may_enter(alone)) return {};
    detail::grip grip(place);
    grip.who = detail::holder::here(place);
    enter(alone, grip);
    return {*this, std::move(grip)};
  }
  void unlocked() noexcept {
    if (holders_.empty()) writer_in_ = false;
    admit();
  }
  void admit() noexcept;

  detail::label label_;
  bool writer_in_ = false;
  detail::intrusive_list<acquisition> waiters_;
  detail::intrusive_list<detail::grip> holders_;
};

// Waits in the line. When it is cancelled it stays there, marked, until its frame is destroyed: only then, as a step of
// its own task, may those behind it go in; on_cancel must not complete others.
class shared_mutex::acquisition : public detail::waiter<acquisition> {
 public:
  acquisition(shared_mutex& m, bool alone, std::source_location place) noexcept
      : mutex_(&m), grip_(place), alone_(alone) {}
  acquisition(acquisition&&) = default;
  ~acquisition() {
    if (!withdrawn_) return;
    this->unlink();
    mutex_->admit();
  }

  bool try_complete() noexcept {
    if (!mutex_->waiters_.empty() || !mutex_->may_enter(alone_)) return false;
    enter();
    return true;
  }
  void begin() noexcept {
    mutex_->waiters_.push_back(*this);
    detail::note_wait(*context_);
  }
  bool take_back() noexcept {
    withdrawn_ = true;
    return true;
  }
  std::string describe() const override {
    return mutex_->label_.describe(alone_ ? "shared_mutex::lock" : "shared_mutex::lock_shared");
  }
  void visit_holders(const detail::function<void(const detail::holder&)>& visit) const override {
    detail::visit_grips(mutex_->holders_, visit);
  }

 protected:
  friend class shared_mutex;
  void enter() noexcept {
    grip_.who.task = context_->task_number();
    mutex_->enter(alone_, grip_);
  }

  shared_mutex* mutex_;
  detail::grip grip_;  // in the list of holders once it has the lock
  const bool alone_;
  bool withdrawn_ = false;
};

class shared_mutex::lock_operation final : public acquisition {
 public:
  using acquisition::acquisition;
  guard await_resume() noexcept { return {*mutex_, std::move(grip_)}; }
};

// ---------------------------------------------------------------------------------------------------------------------

inline shared_mutex::lock_operation shared_mutex::lock(std::source_location place) noexcept {
  return {*this, true, place};
}
inline shared_mutex::lock_operation shared_mutex::lock_shared(std::source_location place) noexcept {
  return {*this, false, place};
}

// From the head of the line, until somebody has to wait. A completion may bring a cancellation with it, and that only
// marks: the line stays as it is.
inline void shared_mutex::admit() noexcept {
  acquisition* next = waiters_.first();
  while (next != nullptr) {
    acquisition& first = *next;
    next = waiters_.after(first);
    if (first.withdrawn_) continue;  // it has gone in all but name
    if (!may_enter(first.alone_)) return;
    first.unlink();
    first.enter();
    first.grant();
  }
}

}  // namespace eddy
