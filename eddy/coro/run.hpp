// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "eddy/coro/task.hpp"

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
  /// The backend's name; empty (the default) for EDDY_BACKEND or else the best.
  run_options& backend(std::string name) {
    backend_ = std::move(name);
    return *this;
  }
  /// Whether Ctrl-C (SIGINT) cancels main. Default: yes, when nobody else handles SIGINT.
  run_options& handle_interrupt(bool on) {
    handle_interrupt_ = on;
    return *this;
  }

 private:
  friend class runner_base;
  bool debug_ = false;
  std::chrono::nanoseconds grace_ = std::chrono::seconds(10);
  std::string backend_;
  bool handle_interrupt_ = true;
};

/// Drives a loop for one main task after the other: what `run` and the test macros stand on.
class runner_base {
 public:
  /// @throws misuse_error when a loop runs on this thread already.
  explicit runner_base(const run_options& options);
  ~runner_base();
  runner_base(const runner_base&) = delete;
  runner_base& operator=(const runner_base&) = delete;

  event_loop& loop() noexcept { return loop_; }
  detail::task_registry& registry() noexcept { return registry_; }

  /// Starts `main` and runs the loop until it and everything else has ended. @throws interrupted after Ctrl-C.
  void drive(detail::task_state& main);

  /// What to do when nothing is runnable, scheduled or outstanding. The default reports it, once.
  std::function<void()> on_deadlock;
  /// The report: who waits for whom, and the tree of tasks.
  std::string describe_deadlock();
  /// How long a loop that waits for promises alone may be idle until that counts as a deadlock. In debug mode and on a
  /// virtual clock only; otherwise for ever, since another thread may set one.
  std::chrono::nanoseconds patience = std::chrono::seconds(5);
  /// Called when main has ended, before the others are cancelled.
  std::function<void()> on_main_ended;
  /// Set by on_deadlock to stop although tasks are left, which then leak: for tests that have failed anyway.
  bool give_up = false;

 private:
  class interrupt;

  void shut_down();
  void look_for_deadlock(bool waited_long);
  void report_deadlock();

  event_loop loop_;
  detail::task_registry registry_;
  bool handle_interrupt_;
  bool deadlock_reported_ = false;
};

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
  state->check_value();
  if constexpr (std::is_reference_v<result>)
    return static_cast<result>(*state->value());
  else if constexpr (!std::is_void_v<result>)
    return result(std::move(state->value()));
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
