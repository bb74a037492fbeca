// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/sync/mutex.hpp"

namespace eddy {

/// Waits until what a mutex protects has changed: `co_await changed.wait(held, [&] { return !stock.empty(); });`.
///
/// A wait unlocks the mutex, waits for a notification, and takes the mutex again before it ends: with a value and
/// cancelled alike, so that `held` always holds what it says. Notified waiters go on in the order they came. It must
/// outlive its waiters, and so must the guard and its mutex.
///
/// Between two awaits nothing needs a mutex, and often an `event` or a `queue` says better what is waited for.
///
/// **Thread safety.** Only on one loop's thread.
/// **In asyncio.** `Condition`; there notify() needs the lock, here it may be called with and without.
class condition {
 public:
  /// @param name  For reports; a literal, or text that outlives the condition.
  condition(const char* name = nullptr,  // NOLINT: `condition c("stock")` and the member of an aggregate alike
            std::source_location made = std::source_location::current()) noexcept
      : label_(name, made) {}
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;
  ~condition() {
    EDDY_ASSERT(waiters_.empty(),
                "a condition was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
  }

  class wait_operation;

  /// Unlocks `held`, waits for a notification, and locks it again. Look whether it is what you waited for.
  /// @throws misuse_error  `held` holds nothing.
  ///
  /// **Cancellation.** A cancellation point. A cancelled wait takes the mutex again first, shielded, which may take as
  /// long as others hold it; when the grace is over it ends without, and `held` is empty. A notification that was given
  /// to a waiter counts: it is resumed with it, although it was cancelled meanwhile, and cancelled at its next await.
  [[nodiscard]] wait_operation wait(mutex_guard& held, std::source_location place = std::source_location::current());

  /// Waits until `predicate()` is true; it is called with the mutex locked, first at once.
  ///
  /// **Cancellation.** As wait(), whenever it has to wait.
  /// **In asyncio.** `Condition.wait_for`.
  template <class Predicate>
    requires std::predicate<Predicate&>
  [[nodiscard]] coro<> wait(mutex_guard& held, Predicate predicate,
                            std::source_location place = std::source_location::current()) {
    static_assert(detail::safe_in_await<Predicate>,
                  "g++ destroys a closure that owns something twice when it is made inside a co_await expression; name "
                  "it first:  auto full = [owned = ...] { ... };  co_await c.wait(held, std::ref(full));");
    return wait_until(held, std::move(predicate), place);
  }

  /// Wakes the `n` oldest waiters, or as many as there are. They go on when the mutex is free, in their order.
  void notify(std::size_t n = 1) noexcept;
  /// Wakes all that wait now.
  void notify_all() noexcept { notify(waiters_.size()); }
  /// How many wait for a notification.
  std::size_t waiting() const noexcept { return waiters_.size(); }

 private:
  template <class Predicate>
  coro<> wait_until(mutex_guard& held, Predicate predicate, std::source_location place);

  detail::label label_;
  detail::intrusive_list<wait_operation> waiters_;
};

/// One wait. Its states:
/// ```
///   waits for a notification ──notified──> takes the mutex again ──> completed
///              └────────────cancelled────> takes the mutex again ──> withdrawn
/// ```
class condition::wait_operation final : public detail::leaf<wait_operation>, public detail::mutex_waiter {
 public:
  wait_operation(condition& c, mutex_guard& held, std::source_location place)
      : mutex_waiter(place), condition_(&c), held_(&held), mutex_(held.mutex_) {
    if (mutex_ == nullptr)
      throw misuse_error("condition::wait: this guard holds nothing; lock the mutex first and pass its guard");
  }
  wait_operation(wait_operation&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() noexcept {
    who_.task = context_->task_number();
    condition_->waiters_.push_back(*this);
    held_->unlock();
  }
  bool take_back() noexcept {
    if (state_ != state::waits) {  // it stands in the mutex's line, shielded
      if (!context_->shields_lifted()) return false;
      unlink();
      return true;
    }
    unlink();
    state_ = state::cancelled;
    if (context_->shields_lifted()) return true;
    return lock_again();
  }
  void await_resume() const noexcept {}

  std::string describe() const override {
    return state_ == state::waits ? condition_->label_.describe("condition::wait") : mutex_->label_.describe("mutex");
  }
  void visit_holders(const detail::function<void(const detail::holder&)>& visit) const override {
    if (state_ != state::waits) visit(mutex_->holder_);
  }

 private:
  friend class condition;
  enum class state : unsigned char { waits, notified, cancelled };

  // Out of the condition's list already.
  void notified() noexcept {
    state_ = state::notified;
    if (lock_again()) context_->completed();
  }
  /// @returns whether it has the mutex; otherwise granted() follows.
  bool lock_again() noexcept {
    if (mutex_->take(who_)) {
      *held_ = mutex_guard(*mutex_);
      return true;
    }
    mutex_->line_.push_back(*this);
    return false;
  }
  void granted() noexcept override {
    *held_ = mutex_guard(*mutex_);
    if (state_ == state::cancelled)
      context_->withdrawn();
    else
      context_->completed();
  }

  condition* condition_;
  mutex_guard* held_;  // empty while it waits
  mutex* mutex_;
  state state_ = state::waits;
};

// ---------------------------------------------------------------------------------------------------------------------

inline condition::wait_operation condition::wait(mutex_guard& held, std::source_location place) {
  return {*this, held, place};
}

inline void condition::notify(std::size_t n) noexcept {
  for (; n > 0 && !waiters_.empty(); --n) waiters_.pop_front().notified();
}

template <class Predicate>
coro<> condition::wait_until(mutex_guard& held, Predicate predicate, std::source_location place) {
  while (!predicate()) co_await wait(held, place);
}

}  // namespace eddy
