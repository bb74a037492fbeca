// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/base/thread_id.hpp"
#include "eddy/loop/callback.hpp"
#include "eddy/loop/loop_life.hpp"
#include "eddy/loop/scheduler.hpp"

namespace eddy {

/// An error that reached nobody else: what a loop's exception handler is given.
struct unhandled_error {
  std::string message;       // what was going on, with the task's name and place
  std::exception_ptr error;  // never null
};

using exception_handler = detail::function<void(const unhandled_error&)>;

namespace detail {

/// What the coroutine layer keeps with a loop: its tasks, and how they are run and ended.
class loop_companion {
 public:
  virtual ~loop_companion() = default;
  /// Ends everything: tasks, executors, and what they posted.
  virtual void close() = 0;
};

}  // namespace detail

/// One thread's scheduler: ready queue, timers, I/O, and a mailbox for other threads.
///
/// Programs start with `run`, which makes a loop of its own; `event_loop::current()` is that loop inside of it. The
/// loop belongs to the thread that made it. A loop that one makes oneself is driven by run_until_complete() or
/// run_forever(), as often as one likes, and ended by close(); for the same with options choose a `runner`.
///
/// **Thread safety.** Only the loop's own thread, except for call_soon_threadsafe() and is_closed(); others get
/// `wrong_thread`.
/// **In asyncio.** `AbstractEventLoop`.
class event_loop {
 public:
  /// @param backend  "epoll", "io_uring", or both with a comma: the first that the system allows. Empty for
  ///                 EDDY_BACKEND from the environment or else the default, epoll.
  /// @throws misuse_error for an unknown name; std::system_error when the system refuses it, with a sentence that says
  /// why.
  explicit event_loop(std::string_view backend = {});
  /// Closes it first when nobody did: tasks that are left are cancelled and joined here.
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

  // -- by hand; what is about coroutines needs eddy/coro/runner.hpp
  // --------------------------------------------------------------

  /// Runs the loop until `main(args...)`, a coroutine or a task has ended, and gives its value or throws its exception.
  ///
  /// Other tasks stay where they are, and go on with the next run. Ctrl-C cancels it, as with `run`.
  ///
  /// @throws what the coroutine throws; interrupted; misuse_error when a loop runs on this thread already, when this
  /// one is closed, and when stop() ended the run first: the task then goes on with the next run.
  template <class F, class... Args>
  decltype(auto) run_until_complete(F&& main, Args&&... args);
  /// Runs the loop until somebody calls stop(). @throws interrupted  Ctrl-C stopped it.  @throws misuse_error  As
  /// above.
  void run_forever();
  /// Ends run_forever() after this turn; from other threads: `loop.call_soon_threadsafe(&event_loop::stop, &loop)`.
  /// @throws misuse_error  It does not run, or `run` drives it, which ends with its main.
  void stop();
  /// Cancels and joins every task that is left, then ends executors; nothing runs on this loop any more, and callbacks
  /// that are submitted all the same are dropped with it. Idempotent. @throws misuse_error  It runs.
  void close();
  /// Starts a task, also before the loop runs: the first run gets to it. @throws misuse_error  It is closed.
  template <class F, class... Args>
  auto create_task(F&& f, Args&&... args);
  bool is_running() const noexcept { return running_; }
  bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  /// Sets who learns of errors that reach nobody else, and returns the one before. The default writes a report.
  exception_handler set_exception_handler(exception_handler handler);
  /// Hands an error to the handler. What the handler throws is reported and dropped.
  void handle_exception(const unhandled_error& what) noexcept;

  /// Switches the reports of debug mode on or off: never awaited, never looked at, leaked tasks, slow steps.
  /// EDDY_DEBUG=1 does it at start.
  void set_debug(bool on);
  bool debug() const noexcept { return scheduler_.debug(); }

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
  void run_with(const detail::function<void()>& body);

  /// Whether this is the loop's thread, running or not.
  bool on_own_thread() const noexcept { return detail::thread_id::here() == thread_; }
  /// Throws wrong_thread, naming `what` was called and `instead`, unless this is the loop's thread.
  void check_thread(const char* what, const char* instead) const {
    if (!on_own_thread()) [[unlikely]]
      throw_wrong_thread(what, instead);
  }

  [[noreturn]] static void throw_wrong_thread(const char* what, const char* instead);

  detail::scheduler& scheduler() noexcept { return scheduler_; }

  // -- for what handles may keep beyond the loop

  /// Tells `dependent` when the loop ends, unless it is gone by then.
  void add_dependent(detail::loop_dependent& dependent) noexcept { dependents_.push_back(dependent); }
  detail::loop_ticket ticket() const noexcept { return life_.ticket(); }
  detail::thread_id thread() const noexcept { return thread_; }

  // -- for the coroutine layer

  detail::owned<detail::loop_companion>& companion() noexcept { return companion_; }
  void check_open(const char* what) const {
    if (is_closed()) [[unlikely]]
      throw_closed(what);
  }
  /// Nothing is taken from the mailbox any more.
  void set_closed() noexcept { closed_.exchange(true, std::memory_order_acq_rel); }
  /// As call_soon_threadsafe(). @returns false when the loop was closed before: then it will not run.
  template <class F>
  bool post_unless_closed(F&& f) {
    auto* node = detail::make_posted_callback(*this, std::forward<F>(f));
    scheduler_.inbox.visit();
    scheduler_.post(*node);
    // A read-modify-write, as in set_closed(): one of the two comes first. If this one does, close() sees the post.
    bool closed = false;
    closed_.compare_exchange_strong(closed, false, std::memory_order_acq_rel, std::memory_order_acquire);
    scheduler_.inbox.woken();  // the last touch: what was posted may have ended the loop
    return !closed;
  }

 private:
  explicit event_loop(detail::chosen_backend backend);
  void drop_callbacks() noexcept;
  [[noreturn]] static void throw_closed(const char* what);

  detail::scheduler scheduler_;
  detail::thread_id thread_;
  detail::intrusive_list<detail::loop_dependent> dependents_;
  detail::loop_life life_;
  std::string backend_reason_;
  bool backend_reported_ = false;
  exception_handler exception_handler_;
  std::chrono::nanoseconds slow_callback_duration_ = std::chrono::milliseconds(100);
  detail::owned<detail::loop_companion> companion_;
  std::atomic<bool> closed_{false};
  bool running_ = false;
};

/// A loop to be run by hand; `event_loop loop;` is as good. **In asyncio.** `new_event_loop()`.
std::unique_ptr<event_loop> new_event_loop(std::string_view backend = {});

/// The loop that runs on this thread. @throws misuse_error when there is none. **In asyncio.** `get_running_loop()`.
inline event_loop& get_running_loop() { return event_loop::current(); }

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
  scheduler_.post(*detail::make_posted_callback(*this, std::forward<F>(f), std::forward<Args>(args)...));
}

}  // namespace eddy
