// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/loop/callback.hpp"
#include "eddy/loop/loop_life.hpp"
#include "eddy/loop/scheduler.hpp"

namespace eddy {

/// An error that reached nobody else: what a loop's exception handler is given.
struct unhandled_error {
  std::string message;       // what was going on, with the task's name and place
  std::exception_ptr error;  // never null
};

using exception_handler = std::function<void(const unhandled_error&)>;

/// One thread's scheduler: ready queue, timers, I/O, and a mailbox for other threads.
///
/// Programs start with `run`, which makes a loop of its own; `event_loop::current()` is that loop inside of it. The
/// loop belongs to the thread that made it.
///
/// **Thread safety.** Only the loop's own thread, except for call_soon_threadsafe(); others get `wrong_thread`.
/// **In asyncio.** `AbstractEventLoop`.
class event_loop {
 public:
  /// @param backend  "epoll", or empty for EDDY_BACKEND from the environment or else the default.
  explicit event_loop(std::string_view backend = {});
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// The loop that runs on this thread. @throws misuse_error when there is none.
  static event_loop& current();
  /// The same, or null when there is none.
  static event_loop* try_current() noexcept;

  /// The loop's clock: real time, or the virtual time of a test. **In asyncio.** `loop.time()`.
  time_point now() const noexcept { return scheduler_.now(); }

  /// Runs `f(args...)` in the next turn; callbacks run in the order of submission.
  template <class F, class... Args>
  callback_handle call_soon(F&& f, Args&&... args);
  /// Runs `f(args...)` after `delay`; zero or less means as soon as possible.
  template <class F, class... Args>
  callback_handle call_later(std::chrono::nanoseconds delay, F&& f, Args&&... args);
  /// Runs `f(args...)` at `when`, by now()'s clock.
  template <class F, class... Args>
  callback_handle call_at(time_point when, F&& f, Args&&... args);
  /// Runs `f(args...)` on the loop's thread, in order of submission; may be called from any thread while the loop
  /// lives.
  template <class F, class... Args>
  void call_soon_threadsafe(F&& f, Args&&... args);

  /// Sets who learns of errors that reach nobody else, and returns the one before. The default writes a report.
  exception_handler set_exception_handler(exception_handler handler);
  /// Hands an error to the handler. What the handler throws is reported and dropped.
  void handle_exception(const unhandled_error& what) noexcept;

  /// Switches the reports of debug mode on or off: never awaited, never looked at, leaked tasks, slow steps.
  /// EDDY_DEBUG=1 does it at start.
  void set_debug(bool on);
  bool debug() const noexcept { return scheduler_.debug; }

  /// How long one step of a task, or one callback, may hold up the loop before debug mode reports it. Default 100 ms.
  ///
  /// **In asyncio.** `loop.slow_callback_duration`.
  std::chrono::nanoseconds slow_callback_duration() const noexcept { return slow_callback_duration_; }
  /// @param longest  Measured by the real clock, also in a test whose clock is virtual.
  void set_slow_callback_duration(std::chrono::nanoseconds longest) noexcept { slow_callback_duration_ = longest; }

  std::string_view backend_name() const noexcept { return scheduler_.io->name(); }

  struct statistics_type {
    std::size_t ready;               // waiting for their turn
    std::size_t timers;              // armed deadlines
    std::size_t pending_operations;  // I/O that the system has not completed
    std::size_t external_jobs;       // on other threads
  };
  statistics_type statistics() const noexcept;

  /// Calls `body` with this loop as the thread's current one. The building block of `run`; use that instead.
  /// @throws misuse_error when another loop runs on this thread already.
  void run_with(const std::function<void()>& body);

  /// Whether this is the loop's thread, running or not.
  bool on_own_thread() const noexcept { return std::this_thread::get_id() == thread_; }
  /// Throws wrong_thread, naming `what` was called and `instead`, unless this is the loop's thread.
  void check_thread(const char* what, const char* instead) const {
    if (!on_own_thread()) [[unlikely]]
      throw_wrong_thread(what, instead);
  }

  [[noreturn]] static void throw_wrong_thread(const char* what, const char* instead);

  detail::scheduler& scheduler() noexcept { return scheduler_; }

  // -- for what handles may keep beyond the loop
  // ---------------------------------------------------------------------

  /// Tells `dependent` when the loop ends, unless it is gone by then.
  void add_dependent(detail::loop_dependent& dependent) noexcept { dependents_.push_back(dependent); }
  detail::loop_ticket ticket() const noexcept { return life_.ticket(); }
  std::thread::id thread() const noexcept { return thread_; }

 private:
  void drop_callbacks() noexcept;

  detail::scheduler scheduler_;
  std::thread::id thread_;
  detail::intrusive_list<detail::loop_dependent> dependents_;
  detail::loop_life life_;
  exception_handler exception_handler_;
  std::chrono::nanoseconds slow_callback_duration_ = std::chrono::milliseconds(100);
};

/// The current loop's time: real, or virtual in a test. **In asyncio.** `get_running_loop().time()`.
time_point now();

// ---------------------------------------------------------------------------------------------------------------------

template <class F, class... Args>
callback_handle event_loop::call_soon(F&& f, Args&&... args) {
  check_thread("call_soon", "call_soon_threadsafe");
  auto* node = detail::make_callback(*this, std::forward<F>(f), std::forward<Args>(args)...);
  scheduler_.make_ready(*node);
  return callback_handle(*node);
}

template <class F, class... Args>
callback_handle event_loop::call_later(std::chrono::nanoseconds delay, F&& f, Args&&... args) {
  return call_at(scheduler_.deadline_in(delay), std::forward<F>(f), std::forward<Args>(args)...);
}

template <class F, class... Args>
callback_handle event_loop::call_at(time_point when, F&& f, Args&&... args) {
  check_thread("call_at", "call_soon_threadsafe");
  auto* node = detail::make_callback(*this, std::forward<F>(f), std::forward<Args>(args)...);
  callback_handle handle(*node);
  scheduler_.timers.arm(*node, when);
  return handle;
}

template <class F, class... Args>
void event_loop::call_soon_threadsafe(F&& f, Args&&... args) {
  scheduler_.post(*detail::make_callback(*this, std::forward<F>(f), std::forward<Args>(args)...));
}

}  // namespace eddy
