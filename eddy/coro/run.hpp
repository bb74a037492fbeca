// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "eddy/coro/loop_driver.hpp"

namespace eddy {

/// Asks `run` for debug mode: `run(main_coro, eddy::debug)`.
struct debug_t {
  explicit constexpr debug_t() = default;
};
inline constexpr debug_t debug{};

/// What `run` can be told: `run(run_options().grace(2s).debug(), main_coro)`.
class run_options {
 public:
  /// Reports of debug mode. Default: off, unless EDDY_DEBUG is set.
  run_options& debug(bool on = true) {
    debug_ = on;
    return *this;
  }
  /// How long the clean-up of something cancelled may take before its shields are lifted. Default 10 s.
  run_options& grace(std::chrono::nanoseconds limit) {
    grace_ = limit;
    return *this;
  }
  /// The backend's name: "epoll", "io_uring", or "io_uring,epoll" for the first that the system allows. Empty (the
  /// default) for EDDY_BACKEND or else epoll.
  run_options& backend(std::string name) {
    backend_ = std::move(name);
    return *this;
  }
  /// How long the loop looks for work from other threads before it goes to sleep. Default 0: it sleeps at once.
  ///
  /// Waking a loop that sleeps costs a system call, and on a machine with idle cores some fifty microseconds until the
  /// core has woken up. With 20 to 50 us here a hand-over between two busy threads takes less than one. It costs
  /// processor time whenever the loop has nothing to do: for loops with a core of their own.
  run_options& spin(std::chrono::nanoseconds duration) {
    spin_ = duration;
    return *this;
  }
  /// Whether Ctrl-C (SIGINT) cancels main. Default: yes, when nobody else handles SIGINT.
  run_options& handle_interrupt(bool on) {
    handle_interrupt_ = on;
    return *this;
  }

 private:
  friend class runner_base;
  friend class runner;
  bool debug_ = false;
  std::chrono::nanoseconds grace_ = detail::loop_driver::usual_grace;
  std::string backend_;
  std::chrono::nanoseconds spin_{0};
  bool handle_interrupt_ = true;
};

/// A loop with the settings of a run: what `run` and the test macros stand on.
class runner_base {
 public:
  /// @throws misuse_error when a loop runs on this thread already.
  explicit runner_base(const run_options& options);
  ~runner_base();
  runner_base(const runner_base&) = delete;
  runner_base& operator=(const runner_base&) = delete;

  event_loop& loop() noexcept { return loop_; }
  detail::loop_driver& driver() noexcept { return driver_; }
  detail::task_registry& registry() noexcept { return driver_.registry(); }

  /// Starts `main` and runs the loop until it and everything else has ended. @throws interrupted after Ctrl-C.
  void drive(detail::task_state& main);

 private:
  event_loop loop_;
  detail::loop_driver& driver_;
};

namespace detail {

/// The value that a main task ended with, moved out. @throws its exception; cancelled_error
template <class T>
T take_result(typed_task<T>& ended) {
  ended.check_value();
  if constexpr (std::is_reference_v<T>)
    return static_cast<T>(*ended.value());
  else if constexpr (!std::is_void_v<T>)
    return T(std::move(ended.value()));
}

}  // namespace detail

/// Runs a program: makes a loop, runs `main_coro(args...)` on it, and returns its value or throws its exception.
///
/// At the end the tasks that are left are cancelled and joined, then executors shut down. Ctrl-C cancels main, which
/// cleans up and ends; `run` then throws `interrupted`; a second Ctrl-C lifts the shields of clean-up that takes too
/// long. Call it once or several times, one after the other; inside of a coroutine it is an error. When nothing can
/// ever happen any more, the tree of tasks with all their awaits is reported.
///
/// @throws what the coroutine throws; interrupted; misuse_error when a loop runs on this thread already.
///
/// **Thread safety.** Different threads may run loops of their own; only one of them at a time handles Ctrl-C.
/// **In asyncio.** `asyncio.run(main(), debug=...)`.
template <class F, class... Args>
decltype(auto) run(run_options options, F&& main_coro, Args&&... args) {
  runner_base runner(options);
  auto* state =
      detail::make_task(runner.loop().scheduler(), nullptr, std::forward<F>(main_coro), std::forward<Args>(args)...);
  using result = typename std::remove_pointer_t<decltype(state)>::result_type;
  task<result> main(*state);
  runner.drive(*state);
  return detail::take_result<result>(*state);
}

template <class F, class... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, run_options>)
decltype(auto) run(F&& main_coro, Args&&... args) {
  return run(run_options(), std::forward<F>(main_coro), std::forward<Args>(args)...);
}

template <class F, class... Args>
decltype(auto) run(F&& main_coro, debug_t, Args&&... args) {
  return run(run_options().debug(), std::forward<F>(main_coro), std::forward<Args>(args)...);
}

}  // namespace eddy
