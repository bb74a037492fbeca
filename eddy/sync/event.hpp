// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <source_location>
#include <string>

#include "eddy/sync/label.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// A flag that tasks can wait for.
///
/// set() wakes all waiters and lets later ones pass until clear(). It must outlive its waiters.
///
/// **Thread safety.** Only on one loop's thread; from another use `loop.call_soon_threadsafe([&] { e.set(); })`.
/// **In asyncio.** `Event`.
class event {
 public:
  /// @param name  For reports; a literal, or text that outlives the event.
  event(const char* name = nullptr,  // NOLINT: `event e("ready")` and the member of an aggregate alike
        std::source_location made = std::source_location::current()) noexcept
      : label_(name, made) {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;
  ~event() {
    EDDY_ASSERT(waiters_.empty(),
                "an event was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
                "before their task_group");
  }

  class wait_operation final : public detail::waiter<wait_operation> {
   public:
    explicit wait_operation(event& e) noexcept : event_(&e) {}
    wait_operation(wait_operation&&) = default;
    bool try_complete() const noexcept { return event_->set_; }
    void begin() noexcept { event_->waiters_.push_back(*this); }
    void await_resume() const noexcept {}
    std::string describe() const override { return event_->label_.describe("event::wait"); }

   private:
    event* event_;
  };

  /// Waits until the flag is set. A waiter that set() has woken goes on also when clear() follows at once.
  ///
  /// **Cancellation.** A cancellation point, also when it is set.
  [[nodiscard]] wait_operation wait() noexcept { return wait_operation(*this); }

  /// Wakes all that wait, in the order they came; they run in later turns.
  void set() noexcept {
    set_ = true;
    while (!waiters_.empty()) waiters_.pop_front().grant();
  }
  /// From now on wait() waits again.
  void clear() noexcept { set_ = false; }
  bool is_set() const noexcept { return set_; }

 private:
  detail::label label_;
  bool set_ = false;
  detail::intrusive_list<wait_operation> waiters_;
};

}  // namespace eddy
