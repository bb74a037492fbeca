// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/base/thread_id.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/holder.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy {

template <class T>
class future;
template <class T>
class promise;

namespace detail {

class future_wait;

/// What a promise and its futures share. Counted, not atomic: it lives on its loop's thread.
///
/// When the loop ends, a promise that is open is broken, and from then on the count is kept under a lock: another
/// thread may hold the promise still, and has no loop any more to send it to.
class future_state_base : public loop_dependent {
 public:
  future_state_base(event_loop& loop, std::source_location made) noexcept;
  virtual ~future_state_base() = default;
  future_state_base(const future_state_base&) = delete;

  /// Null when the loop has ended. Only on its thread.
  event_loop* loop() const noexcept { return loop_; }
  loop_ticket ticket() const noexcept { return ticket_; }
  bool on_own_thread() const noexcept { return thread_id::here() == thread_; }
  bool done() const noexcept { return done_; }
  void settled();
  /// Settles it with broken_promise, unless it is settled.
  void abandon() noexcept;
  /// For the writing side: throws wrong_thread, or misuse_error when the loop has ended.
  void check_writer(const char* what) const;
  void check_open(const char* what) const;

  void retain() noexcept {
    if (loop_ == nullptr) [[unlikely]]
      return retain_after_loop();
    ++references_;
  }
  void release() noexcept {
    if (loop_ == nullptr) [[unlikely]]
      return release_after_loop();
    if (--references_ == 0) delete this;
  }
  /// The same for any thread, once the loop has ended.
  void release_after_loop() noexcept;

  bool looked_at() const noexcept { return looked_at_; }
  void set_looked_at() noexcept { looked_at_ = true; }
  void add_callback(detail::function<void()> callback);
  [[noreturn]] static void throw_no_loop(const char* what);

  /// `a future (promise made at shop.cpp:12 by task 7)`
  std::string describe() const;

  intrusive_list<future_wait> waiters;

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { frame_pool::release(block, size); }

 protected:
  virtual void break_it() noexcept = 0;
  virtual std::exception_ptr failure() const noexcept = 0;
  void tell_unseen() noexcept;

 private:
  void loop_ended() noexcept override;
  void retain_after_loop() noexcept;

  event_loop* loop_;
  const loop_ticket ticket_;
  const thread_id thread_;
  const holder maker_;  // who made the promise; it may have been handed on
  unsigned references_ = 1;
  bool done_ = false;
  bool looked_at_ = false;  // somebody has been given its end
  std::vector<detail::function<void()>> callbacks_;
};

template <class T>
class future_state final : public future_state_base {
 public:
  using future_state_base::future_state_base;
  ~future_state() override {
    if (loop() != nullptr) tell_unseen();
  }

  /// The value or the exception, for somebody who deals with it.
  decltype(auto) look() {
    set_looked_at();
    return std::as_const(result).value();
  }

  outcome<T> result;

 private:
  void break_it() noexcept override { result.emplace_exception(std::make_exception_ptr(broken_promise())); }
  std::exception_ptr failure() const noexcept override { return result.has_exception() ? result.exception() : nullptr; }
};

/// Waits for a future. Atomic: the value stays in the future.
class future_wait : public leaf<future_wait>, public list_hook {
 public:
  explicit future_wait(future_state_base& state) noexcept : state_(&state) { state_->retain(); }
  future_wait(future_wait&& other) noexcept
      : leaf(std::move(other)),
        list_hook(),
        state_(detail::exchanged(other.state_, nullptr)) {}  // NOLINT(bugprone-use-after-move)
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
  std::string describe() const override { return state_->describe(); }

 protected:
  future_state_base* state_;
};

}  // namespace detail

/// A value that somebody will set: the reading side of a `promise`. May be copied, and awaited by many.
///
/// `co_await f` gives `const T&`; the exception of set_exception() comes out of the await. A promise that goes away
/// without a value gives `broken_promise`, never a hang. An exception that nobody looked at reaches the loop's
/// exception handler. It may outlive `run`: then it still gives what it has.
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
  future(future&& other) noexcept : state_(detail::exchanged(other.state_, nullptr)) {}
  future& operator=(future other) noexcept {
    state_ = detail::exchanged(other.state_, state_);
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
    if (s.loop() == nullptr) s.throw_no_loop("future::add_done_callback");
    auto schedule = [state = &s, f = std::make_shared<F>(std::move(f))] {
      state->loop()->call_soon([kept = future(*state), f] { (*f)(kept); });
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
    if (state_->loop() != nullptr)
      state_->loop()->check_thread("future", "promise::set_value_threadsafe, and await the future on its loop");
    return *state_;
  }

  detail::future_state<T>* state_ = nullptr;
};

/// The writing side of a `future`: sets its value or exception, once.
///
/// **Thread safety.** Made on the loop's thread. set_value() and set_exception() only there (others get wrong_thread);
/// the
/// `_threadsafe` forms, and the destructor, from any thread. It may outlive `run`: then it may be dropped, and nothing
/// else.
/// **In asyncio.** `Future.set_result`, `set_exception`; from other threads `loop.call_soon_threadsafe(fut.set_result,
/// x)`.
template <class T = void>
class promise {
 public:
  /// @throws misuse_error  No loop runs on this thread.
  promise(std::source_location made = std::source_location::current())  // NOLINT: converts from nothing useful
      : state_(new detail::future_state<T>(event_loop::current(), made)) {}
  promise(promise&& other) noexcept : state_(detail::exchanged(other.state_, nullptr)) {}
  promise& operator=(promise&& other) noexcept {
    state_ = detail::exchanged(other.state_, state_);
    return *this;
  }
  ~promise() {
    if (state_ == nullptr) return;
    if (state_->on_own_thread()) {  // also when the loop is about to go, and drops the callback that held this
      state_->abandon();
      state_->release();
    } else if (!state_->ticket().with_loop([this](event_loop& loop) { send_home(loop); })) {
      state_->release_after_loop();
    }
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

  /// The same from any thread: gives the promise up. @throws misuse_error  The loop has ended, so nobody waits.
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
    state_->check_writer(what);
    return state_;
  }
  // To its own thread, where it is dropped with the callback, whether that runs or not.
  void send_home(event_loop& loop) {
    loop.call_soon_threadsafe([home = promise(detail::exchanged(state_, nullptr))] {});
  }
  void settle_threadsafe(outcome<T> end) {
    if (state_ == nullptr) throw misuse_error("this promise was moved from or given up");
    promise given(detail::exchanged(state_, nullptr));
    const detail::loop_ticket ticket = given.state_->ticket();
    const bool sent = ticket.with_loop([&](event_loop& loop) {
      loop.call_soon_threadsafe([home = std::move(given), end = std::move(end)]() mutable {
        if (home.state_->done()) return;
        home.state_->result = std::move(end);
        home.state_->settled();
      });
    });
    if (!sent) state_type::throw_no_loop("promise::set_value_threadsafe or set_exception_threadsafe");
  }
  explicit promise(state_type* state) noexcept : state_(state) {}

  state_type* state_;
};

}  // namespace eddy
