// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/custom_operation.hpp"

namespace eddy {

namespace detail {

/// Who waits for a callback.
class callback_wait {
 public:
  /// Any thread; the state's lock is not held. It may be gone afterwards.
  virtual void settled() noexcept = 0;

 protected:
  ~callback_wait() = default;
};

/// What the resolvers of one await share with it. It outlives the await: a callback may come late.
template <class T>
class callback_state {
 public:
  /// Any thread. @returns false when it has an end, or nobody waits any more.
  template <class Settle>
  bool settle(Settle&& set) {
    callback_wait* waiter = nullptr;
    {
      const std::scoped_lock guard(lock_);
      if (settled_) return false;
      set(result_);
      settled_ = true;
      waiter = detail::exchanged(waiter_, nullptr);
    }
    if (waiter != nullptr) waiter->settled();
    return true;
  }
  /// All resolvers are gone.
  void dropped() noexcept {
    settle([this](outcome<T>& end) {
      broken_ = true;
      end.emplace_exception(std::make_exception_ptr(broken_promise()));
    });
  }

  bool is_settled() {
    const std::scoped_lock guard(lock_);
    return settled_;
  }
  /// @returns false when it was settled before: nobody will call `waiter`.
  bool wait(callback_wait& waiter) {
    const std::scoped_lock guard(lock_);
    if (settled_) return false;
    waiter_ = &waiter;
    return true;
  }
  /// The waiter leaves. @returns false when it has been claimed: it is told.
  bool leave() noexcept {
    const std::scoped_lock guard(lock_);
    if (waiter_ == nullptr) return false;
    waiter_ = nullptr;
    settled_ = true;
    return true;
  }
  /// Whether it was given up rather than ended: by cancelled(), or by dropping every resolver. Once it is settled.
  bool given_up() const noexcept { return broken_ || result_.cancelled(); }

  outcome<T>& result() noexcept { return result_; }

 private:
  std::mutex lock_;
  bool settled_ = false;
  bool broken_ = false;
  callback_wait* waiter_ = nullptr;
  outcome<T> result_;
};

}  // namespace detail

/// Ends an await of from_callback: what one gives to the foreign library. May be copied, and called from any thread.
///
/// The first call counts. When the last copy goes without a call the await throws `broken_promise`, never hangs.
///
/// **Thread safety.** Distinct copies: independent. It may be called when the await and its loop are long gone.
template <class T = void>
class resolver {
 public:
  /// Empty; only to be assigned to.
  resolver() noexcept = default;

  /// Ends the await with a value. @returns whether somebody gets it: false when it has an end already, or was
  /// cancelled; then an argument that is an rvalue is as it was.
  template <class... Args>
  bool operator()(Args&&... args) const {
    return settle([&](outcome<T>& end) { end.emplace(std::forward<Args>(args)...); });
  }
  /// Ends the await with an exception. @returns as above.
  bool fail(std::exception_ptr error) const {
    return settle([&](outcome<T>& end) { end.emplace_exception(std::move(error)); });
  }
  /// Says that the work was called off without an effect: a cancelled await is unwound, another throws cancelled_error.
  bool cancelled(std::string reason = "called off by the other side") const {
    return settle([&](outcome<T>& end) { end.emplace_cancelled(std::move(reason)); });
  }

  explicit operator bool() const noexcept { return share_ != nullptr; }

  /// For from_callback.
  explicit resolver(std::shared_ptr<detail::callback_state<T>> state)
      : share_(std::make_shared<share>(std::move(state))) {}

 private:
  // Counts the copies; the await itself holds the state alone.
  class share {
   public:
    explicit share(std::shared_ptr<detail::callback_state<T>> state) noexcept : state_(std::move(state)) {}
    share(const share&) = delete;
    share& operator=(const share&) = delete;
    ~share() { state_->dropped(); }
    detail::callback_state<T>& operator*() const noexcept { return *state_; }

   private:
    std::shared_ptr<detail::callback_state<T>> state_;
  };

  template <class Settle>
  bool settle(Settle&& set) const {
    if (share_ == nullptr) throw misuse_error("this resolver is empty; use the one that from_callback gives");
    return (**share_).settle(std::forward<Settle>(set));
  }

  std::shared_ptr<share> share_;
};

namespace detail {

struct no_hook {};

template <class T, class Start, class Hook>
class callback_operation final : public custom_operation<callback_operation<T, Start, Hook>>, private callback_wait {
  static constexpr bool hooked = !std::is_same_v<Hook, no_hook>;

 public:
  callback_operation(Start start, Hook hook) : start_(std::move(start)), hook_(std::move(hook)) {}
  callback_operation(callback_operation&&) = default;
  ~callback_operation() {
    if constexpr (hooked)
      if (hook_call_) hook_call_->cancel();
  }

  bool ready() {
    state_ = std::make_shared<callback_state<T>>();
    detail::invoke_callable(std::move(start_), resolver<T>(state_));
    return state_->is_settled();
  }
  void start() {
    if (!state_->wait(*this)) tell();
  }
  bool cancel() noexcept {
    if constexpr (!hooked) {
      return state_->leave();
    } else {
      // The user's code has no place inside of a cancellation: it has a turn of its own.
      if (!hook_call_) hook_call_.emplace(this->context_->loop().call_soon([this] { detail::invoke_callable(hook_); }));
      return false;
    }
  }
  T result() { return std::move(state_->result()).value(); }
  std::string describe() const override { return "a callback"; }

 private:
  void settled() noexcept override { tell(); }
  void tell() noexcept {
    if (state_->given_up())
      this->withdraw_threadsafe();
    else
      this->complete_threadsafe();
  }

  Start start_;
  [[no_unique_address]] Hook hook_;
  [[no_unique_address]] std::conditional_t<hooked, std::optional<callback_handle>, no_hook> hook_call_;
  std::shared_ptr<callback_state<T>> state_;
};

}  // namespace detail

/// Awaits what a callback brings: `int n = co_await from_callback<int>([&](auto resolve) { lib_read(h, resolve); });`.
///
/// `start(resolve)` is called when the await begins, on the loop's thread; it hands `resolve` to the foreign library,
/// which calls `resolve(value)`, `resolve.fail(error)` or drops it, now or later, on any thread. An exception of
/// `start` comes out of the await.
///
/// @returns a `T`.  @throws what `fail` was given; broken_promise when every copy of the resolver went without a call.
///
/// **Cancellation.** A cancellation point that leaves at once. The work behind the callback goes on; when it calls
/// later, `resolve` returns false and leaves the value with the caller. So `start` must hand out nothing that dies with
/// the awaiting frame; with a hook it may.
/// **Thread safety.** The resolver: any thread, at any time.
/// **Complexity.** Two allocations.
/// **In asyncio.** `loop.create_future()` and `call_soon_threadsafe(fut.set_result, x)` by hand.
template <class T = void, class Start>
  requires std::invocable<std::decay_t<Start>&&, resolver<T>>
[[nodiscard]] auto from_callback(Start&& start) {
  EDDY_CHECK_CLOSURE(Start);
  return detail::callback_operation<T, std::decay_t<Start>, detail::no_hook>(std::forward<Start>(start),
                                                                             detail::no_hook());
}

/// The same with a way to call the work off: `hook()` is called, once and on the loop's thread, when the await is
/// cancelled.
///
/// The await then goes on until the resolver is called or dropped, so what `start` has handed out stays alive till
/// then. A value that comes all the same is delivered, and so is an exception; `resolve.cancelled()`, or dropping it,
/// means that nothing has happened, and the coroutine is unwound. A library that neither calls nor drops its callback
/// after having been told would be waited for for ever: leave the hook away there.
template <class T = void, class Start, class Hook>
  requires std::invocable<std::decay_t<Start>&&, resolver<T>> && std::invocable<std::decay_t<Hook>&>
[[nodiscard]] auto from_callback(Start&& start, Hook&& hook) {
  EDDY_CHECK_CLOSURE(Start);
  EDDY_CHECK_CLOSURE(Hook);
  return detail::callback_operation<T, std::decay_t<Start>, std::decay_t<Hook>>(std::forward<Start>(start),
                                                                                std::forward<Hook>(hook));
}

}  // namespace eddy
