// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "eddy/coro/leaf.hpp"

namespace eddy {

/// The base of an awaitable of one's own that ends by some outside event: a callback, an interrupt, another thread.
///
/// `class my_wait : public eddy::custom_operation<my_wait>` is then awaited like eddy's own, with laws L1, L7 and L11
/// kept by this base: cancellation is looked at first, one that has had its effect is resumed, nobody is starved. It
/// needs no allocation; it lives in the frame that awaits it. `Derived` provides
/// - `bool ready()`: does it at once if it can; true means that its effect has happened. May be left out;
/// - `void start()`: begins, when ready() gave false. Afterwards exactly one of complete(), complete_threadsafe() and
///   the forms of withdraw() is called once, also from inside of start(); an exception means that nothing has begun;
/// - `bool cancel() noexcept`: a cancellation asks. True: it is taken back without an effect, and none of the above
///   will be called. False: it cannot be, or not at once, and one of them will. It is called on the loop's thread, it
///   may be called more than once after it said false, and it must neither wait nor call complete() itself;
/// - `T result()`: what the await gives or throws;
/// - `std::string describe() const`: what it is, for listings and reports. May be left out.
///
/// A bridge to a callback is less work with `from_callback`.
///
/// **Cancellation.** As cancel() says; see docs/guide/own_awaitables.md.
/// **Thread safety.** Everything on the loop's thread, but for the `_threadsafe` functions: after one of those other
/// threads touch this object no more. Whoever lets a thread complete it and a loop cancel it decides between the two
/// under a lock, or with an atomic exchange.
/// **Lifetime.** Movable until it is awaited, so `Derived` needs `Derived(Derived&&) = default`; then it stays in
/// place.
template <class Derived>
class custom_operation : public detail::leaf<Derived>, private detail::runnable {
 public:
  // For the leaf below.
  bool try_complete() { return self().ready(); }
  void begin() {
    count(1);
    try {
      self().start();
    } catch (...) {
      count(-1);
      throw;
    }
  }
  bool take_back() noexcept {
    if (!self().cancel()) return false;
    count(-1);
    return true;
  }
  decltype(auto) await_resume() { return self().result(); }
  std::string describe() const override { return "an awaitable of another's making"; }

  bool ready() noexcept { return false; }

  /// It has happened: the coroutine goes on in its turn, with result().
  void complete() noexcept { arrive(); }
  /// The same from any thread. The loop lives until it has been told, since somebody on it waits for this.
  void complete_threadsafe() noexcept {
    detail::scheduler& home = this->context_->scheduler();
    // A loop that runs here needs no mailbox.
    if (event_loop::try_current() == &home.owner)
      arrive();
    else
      home.post(*this);
  }
  /// It was taken back after all, without an effect, after cancel() had said false: the coroutine is unwound. When
  /// nobody has asked for a cancellation it goes on with result().
  void withdraw() noexcept {
    withdrawn_ = true;
    complete();
  }
  void withdraw_threadsafe() noexcept {
    withdrawn_ = true;  // the post publishes it
    complete_threadsafe();
  }

 protected:
  custom_operation() = default;
  custom_operation(custom_operation&&) = default;
  ~custom_operation() = default;

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }

  // Waits that others end count, so that a loop in which all tasks wait for such is not taken for a deadlock.
  void count(int difference) noexcept {
    this->context_->scheduler().open_promises += static_cast<std::size_t>(difference);
  }
  void run() noexcept final { arrive(); }
  void arrive() noexcept {
    count(-1);
    if (withdrawn_ && this->context_->cancel_requested())
      this->context_->withdrawn();
    else
      this->context_->completed();
  }

  bool withdrawn_ = false;
};

}  // namespace eddy
