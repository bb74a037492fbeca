// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/sync/grip.hpp"
#include "eddy/sync/label.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

class semaphore;

/// One permit of a semaphore; gives it back when it goes.
class [[nodiscard]] semaphore_permit {
 public:
  /// Holds nothing.
  semaphore_permit() noexcept = default;
  semaphore_permit(semaphore_permit&& other) noexcept
      : semaphore_(detail::exchanged(other.semaphore_, nullptr)), grip_(std::move(other.grip_)) {}
  semaphore_permit& operator=(semaphore_permit&& other) noexcept {
    semaphore_permit taken(std::move(other));
    release();
    semaphore_ = detail::exchanged(taken.semaphore_, nullptr);
    grip_ = std::move(taken.grip_);
    return *this;
  }
  ~semaphore_permit() { release(); }

  /// Gives the permit back now; nothing when it holds none.
  void release() noexcept;
  /// Lets go of the permit without giving it back: somebody else will call the semaphore's release().
  void detach() noexcept;
  explicit operator bool() const noexcept { return semaphore_ != nullptr; }

 private:
  friend class semaphore;
  semaphore_permit(semaphore& s, detail::grip&& g) noexcept : semaphore_(&s), grip_(std::move(g)) {}

  semaphore* semaphore_ = nullptr;
  detail::grip grip_;
};

/// Lets so many tasks at a time into a part of a program: `auto permit = co_await limit.acquire();`.
///
/// Fair: first come, first served. A permit that was handed to a waiter which is cancelled meanwhile is not lost: the
/// waiter is resumed with it and gives it back. It must outlive its waiters and permits. One that must never have more
/// permits than at its beginning is a `bounded_semaphore`.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Semaphore`.
class semaphore {
 public:
  /// @param permits  How many at once; with 0 somebody has to release() first.
  /// @param name     For reports; a literal, or text that outlives the semaphore.
  explicit semaphore(std::size_t permits, const char* name = nullptr,
                     std::source_location made = std::source_location::current()) noexcept
      : label_(name, made), available_(permits) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore() {
    EDDY_ASSERT(waiters_.empty(),
                "a semaphore was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
    EDDY_ASSERT(holders_.empty(),
                "a semaphore was destroyed while permits of it are held; let it outlive them: declare it before them, "
                "and keep no permit in something that lives longer");
  }

  class acquire_operation final : public detail::waiter<acquire_operation> {
   public:
    acquire_operation(semaphore& s, std::source_location place) noexcept : semaphore_(&s), grip_(place) {}
    acquire_operation(acquire_operation&&) = default;
    bool try_complete() noexcept {
      if (!semaphore_->take()) return false;
      hold();
      return true;
    }
    void begin() noexcept {
      semaphore_->waiters_.push_back(*this);
      detail::note_wait(*context_);
    }
    semaphore_permit await_resume() noexcept { return {*semaphore_, std::move(grip_)}; }
    std::string describe() const override { return semaphore_->label_.describe("semaphore"); }
    void visit_holders(const detail::function<void(const detail::holder&)>& visit) const override {
      detail::visit_grips(semaphore_->holders_, visit);
    }

   private:
    friend class semaphore;
    void hold() noexcept {
      grip_.who.task = context_->task_number();
      semaphore_->holders_.push_back(grip_);
    }

    semaphore* semaphore_;
    detail::grip grip_;  // in the list once it has the permit
  };

  /// Waits for a permit.
  ///
  /// **Cancellation.** A cancellation point, also when a permit is free. Atomic: cancelled means that none was taken.
  [[nodiscard]] acquire_operation acquire(std::source_location place = std::source_location::current()) noexcept {
    return {*this, place};
  }
  /// Takes a permit if one is free. @returns one that may hold nothing.
  semaphore_permit try_acquire(std::source_location place = std::source_location::current()) noexcept {
    if (!take()) return {};
    detail::grip grip(place);
    grip.who = detail::holder::here(place);
    holders_.push_back(grip);
    return {*this, std::move(grip)};
  }
  /// Adds a permit; the oldest waiter gets it.
  void release() noexcept {
    if (detached_ != 0) --detached_;
    give_back();
  }
  /// Permits that are free.
  std::size_t available() const noexcept { return available_; }

 protected:
  /// Permits that were detached and not released since.
  std::size_t detached() const noexcept { return detached_; }

 private:
  friend class semaphore_permit;

  bool take() noexcept {
    if (available_ == 0) return false;
    --available_;
    return true;
  }
  void give_back() noexcept {
    if (waiters_.empty()) {
      ++available_;
      return;
    }
    acquire_operation& oldest = waiters_.pop_front();
    oldest.hold();
    oldest.grant();
  }

  detail::label label_;
  std::size_t available_;
  std::size_t detached_ = 0;
  detail::intrusive_list<acquire_operation> waiters_;
  detail::intrusive_list<detail::grip> holders_;
};

// ---------------------------------------------------------------------------------------------------------------------

inline void semaphore_permit::release() noexcept {
  if (semaphore_ == nullptr) return;
  grip_.leave();
  detail::exchanged(semaphore_, nullptr)->give_back();
}

inline void semaphore_permit::detach() noexcept {
  if (semaphore_ == nullptr) return;
  grip_.leave();
  ++detail::exchanged(semaphore_, nullptr)->detached_;
}

}  // namespace eddy
