// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy {

template <class T>
class future;
template <class T>
class promise;

namespace detail {

class future_wait;

/// What a promise and its futures share. Counted, not atomic: it lives on its loop's thread.
class future_state_base {
 public:
  explicit future_state_base(event_loop& loop) noexcept : loop_(loop) { ++loop_.scheduler().open_promises; }
  virtual ~future_state_base() = default;
  future_state_base(const future_state_base&) = delete;

  event_loop& loop() const noexcept { return loop_; }
  bool done() const noexcept { return done_; }
  void settled();
  void check_open(const char* what) const;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  bool looked_at() const noexcept { return looked_at_; }
  void set_looked_at() noexcept { looked_at_ = true; }
  void add_callback(std::function<void()> callback) { callbacks_.push_back(std::move(callback)); }

  intrusive_list<future_wait> waiters;

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 private:
  event_loop& loop_;
  unsigned references_ = 1;
  bool done_ = false;
  bool looked_at_ = false;  // somebody has been given its end
  std::vector<std::function<void()>> callbacks_;
};

template <class T>
class future_state final : public future_state_base {
 public:
  using future_state_base::future_state_base;
  ~future_state() override {
    if (result.has_exception() && !looked_at())
      loop().handle_exception({"the exception of a future was never looked at", result.exception()});
  }

  /// The value or the exception, for somebody who deals with it.
  decltype(auto) look() {
    set_looked_at();
    return std::as_const(result).value();
  }

  outcome<T> result;
};

/// Waits for a future. Atomic: the value stays in the future.
class future_wait : public leaf<future_wait>, public list_hook {
 public:
  explicit future_wait(future_state_base& state) noexcept : state_(&state) { state_->retain(); }
  future_wait(future_wait&& other) noexcept
      : leaf(std::move(other)),
        list_hook(),
        state_(std::exchange(other.state_, nullptr)) {}  // NOLINT(bugprone-use-after-move)
  ~future_wait() {
    if (state_ != nullptr) state_->release();
  }

  bool try_complete() const noexcept { return state_->done(); }
  void begin() noexcept { state_->waiters.push_back(*this); }
  bool take_back() noexcept {
    unlink();
    return true;
  }
  void settled() noexcept { context_->completed(); }
  std::string describe() const override { return "a future"; }

 protected:
  future_state_base* state_;
};

}  // namespace detail

/// A value that somebody will set: the reading side of a `promise`. May be copied, and awaited by many.
///
/// `co_await f` gives `const T&`; the exception of set_exception() comes out of the await. A promise that goes away
/// without a value gives `broken_promise`, never a hang. An exception that nobody looked at reaches the loop's
/// exception handler.
///
/// **Cancellation.** Awaiting is a cancellation point; nothing is lost, the value stays.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** `Future`, whose writing side is `promise` here.
template <class T = void>
class future {
 public:
  using value_type = T;

  future() noexcept = default;
  future(const future& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->retain();
  }
  future(future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  future& operator=(future other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~future() {
    if (state_ != nullptr) state_->release();
  }

  /// Whether it has a value or an exception.
  bool done() const { return checked().done(); }
  /// The value. @throws the exception; misuse_error when it is not there yet.
  decltype(auto) result() const {
    auto& s = checked();
    if (!s.done()) throw misuse_error("future::result: there is no result yet; await the future, or ask done() first");
    return s.look();
  }
  /// Calls `f(future)` through call_soon once it is done.
  template <class F>
  void add_done_callback(F f) {
    auto& s = checked();
    auto schedule = [state = &s, f = std::make_shared<F>(std::move(f))] {
      state->loop().call_soon([kept = future(*state), f] { (*f)(kept); });
    };
    if (s.done())
      schedule();
    else
      s.add_callback(std::move(schedule));
  }

  class wait_operation : public detail::future_wait {
   public:
    explicit wait_operation(detail::future_state<T>& state) noexcept : future_wait(state) {}
    decltype(auto) await_resume() const { return static_cast<detail::future_state<T>*>(state_)->look(); }
  };
  wait_operation operator co_await() const { return wait_operation(checked()); }

 private:
  friend class promise<T>;
  explicit future(detail::future_state<T>& state) noexcept : state_(&state) { state.retain(); }

  detail::future_state<T>& checked() const {
    if (state_ == nullptr)
      throw misuse_error("this future is empty or was moved from; get one from promise::get_future()");
    state_->loop().check_thread("future", "promise::set_value_threadsafe, and await the future on its loop");
    return *state_;
  }

  detail::future_state<T>* state_ = nullptr;
};

/// The writing side of a `future`: sets its value or exception, once.
///
/// **Thread safety.** Made on the loop's thread. set_value() and set_exception() only there (others get wrong_thread);
/// the
/// `_threadsafe` forms, and the destructor, from any thread while the loop runs.
/// **In asyncio.** `Future.set_result`, `set_exception`; from other threads `loop.call_soon_threadsafe(fut.set_result,
/// x)`.
template <class T = void>
class promise {
 public:
  /// @throws misuse_error  No loop runs on this thread.
  promise() : state_(new detail::future_state<T>(event_loop::current())) {}
  promise(promise&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  promise& operator=(promise&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~promise() {
    if (state_ == nullptr) return;
    if (state_->loop().on_own_thread())  // also when the loop is about to go, and drops the callback that held this
      drop(state_);
    else
      state_->loop().call_soon_threadsafe([state = state_] { drop(state); });
  }

  /// A reading side; may be called again.  @throws misuse_error  The promise was given up.
  future<T> get_future() const { return future<T>(*checked("promise::get_future")); }

  /// @throws misuse_error  It has a value or an exception already.
  template <class... Args>
  void set_value(Args&&... args) {
    auto* s = checked("promise::set_value");
    s->check_open("set_value");
    s->result.emplace(std::forward<Args>(args)...);
    s->settled();
  }
  void set_exception(std::exception_ptr error) {
    auto* s = checked("promise::set_exception");
    s->check_open("set_exception");
    s->result.emplace_exception(std::move(error));
    s->settled();
  }

  /// The same from any thread: gives the promise up. The loop has to be running still.
  template <class... Args>
  void set_value_threadsafe(Args&&... args) && {
    settle_threadsafe(outcome<T>::from_value(std::forward<Args>(args)...));
  }
  void set_exception_threadsafe(std::exception_ptr error) && {
    settle_threadsafe(outcome<T>::from_exception(std::move(error)));
  }

 private:
  using state_type = detail::future_state<T>;

  state_type* checked(const char* what) const {
    if (state_ == nullptr) throw misuse_error(std::string(what) + ": this promise was moved from or given up");
    state_->loop().check_thread(what, "the _threadsafe form of it");
    return state_;
  }
  static void drop(state_type* state) noexcept {
    if (!state->done()) {
      state->result.emplace_exception(std::make_exception_ptr(broken_promise()));
      state->set_looked_at();  // nothing has failed: who waits learns of it, nobody else has to
      state->settled();
    }
    state->release();
  }
  void settle_threadsafe(outcome<T> end) {
    if (state_ == nullptr) throw misuse_error("this promise was moved from or given up");
    state_type* state = std::exchange(state_, nullptr);
    state->loop().call_soon_threadsafe([state, end = std::move(end)]() mutable {
      if (!state->done()) {
        state->result = std::move(end);
        state->settled();
      }
      state->release();
    });
  }

  state_type* state_;
};

}  // namespace eddy
