// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "eddy/sync/waiter_list.hpp"

namespace eddy {

class semaphore;

/// One permit of a semaphore; gives it back when it goes.
class [[nodiscard]] semaphore_permit {
 public:
  /// Holds nothing.
  semaphore_permit() noexcept = default;
  explicit semaphore_permit(semaphore& s) noexcept : semaphore_(&s) {}
  semaphore_permit(semaphore_permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
  semaphore_permit& operator=(semaphore_permit&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    return *this;
  }
  ~semaphore_permit() { release(); }

  /// Gives the permit back now; nothing when it holds none.
  void release() noexcept;
  explicit operator bool() const noexcept { return semaphore_ != nullptr; }

 private:
  semaphore* semaphore_ = nullptr;
};

/// Lets so many tasks at a time into a part of a program: `auto permit = co_await limit.acquire();`.
///
/// Fair: first come, first served. A permit that was handed to a waiter which is cancelled meanwhile is not lost: the
/// waiter is resumed with it and gives it back. It must outlive its waiters and permits.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Semaphore`.
class semaphore {
 public:
  /// @param permits  How many at once; with 0 somebody has to release() first.
  explicit semaphore(std::size_t permits) noexcept : available_(permits) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore() {
    EDDY_ASSERT(waiters_.empty(),
                "a semaphore was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
  }

  class acquire_operation final : public detail::waiter<acquire_operation> {
   public:
    explicit acquire_operation(semaphore& s) noexcept : semaphore_(&s) {}
    acquire_operation(acquire_operation&&) = default;
    bool try_complete() noexcept { return semaphore_->take(); }
    void begin() noexcept { semaphore_->waiters_.push_back(*this); }
    semaphore_permit await_resume() noexcept { return semaphore_permit(*semaphore_); }
    std::string describe() const override { return "semaphore::acquire"; }

   private:
    semaphore* semaphore_;
  };

  /// Waits for a permit.
  ///
  /// **Cancellation.** A cancellation point, also when a permit is free. Atomic: cancelled means that none was taken.
  [[nodiscard]] acquire_operation acquire() noexcept { return acquire_operation(*this); }
  /// Takes a permit if one is free. @returns one that may hold nothing.
  semaphore_permit try_acquire() noexcept { return take() ? semaphore_permit(*this) : semaphore_permit(); }
  /// Adds a permit; the oldest waiter gets it.
  void release() noexcept {
    if (waiters_.empty())
      ++available_;
    else
      waiters_.pop_front().grant();
  }
  /// Permits that are free.
  std::size_t available() const noexcept { return available_; }

 private:
  bool take() noexcept {
    if (available_ == 0) return false;
    --available_;
    return true;
  }

  std::size_t available_;
  detail::intrusive_list<acquire_operation> waiters_;
};

// ---------------------------------------------------------------------------------------------------------------------

inline void semaphore_permit::release() noexcept {
  if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release();
}

}  // namespace eddy
