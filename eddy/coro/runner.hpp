// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include "eddy/coro/run.hpp"

namespace eddy {

/// Several runs on one loop, one after the other: `runner r; r.run(set_up); r.run(work, 1);`.
///
/// What a run leaves behind (tasks, connections, timers) stays, rests between the runs and goes on with the next one.
/// close(), or the destructor, ends it all. For a single run choose `run`.
///
/// **Thread safety.** Only on the thread that made it.
/// **In asyncio.** `Runner`.
class runner {
 public:
  explicit runner(const run_options& options = run_options());
  /// Closes it: tasks that are left are cancelled and joined here.
  ~runner();
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  /// Runs `main_coro(args...)`, or a coroutine, until it has ended. Ctrl-C cancels it, as with `run`.
  /// @returns its value.  @throws what it throws; interrupted; misuse_error when a loop runs on this thread already, or
  /// after close().
  template <class F, class... Args>
  decltype(auto) run(F&& main_coro, Args&&... args) {
    return loop_.run_until_complete(std::forward<F>(main_coro), std::forward<Args>(args)...);
  }

  /// The loop, to start tasks and callbacks on before the next run.
  event_loop& get_loop() noexcept { return loop_; }

  /// Cancels and joins what is left and ends the executors. Idempotent. @throws misuse_error  Inside of a run.
  void close() { loop_.close(); }

 private:
  event_loop loop_;
};

// ---------------------------------------------------------------------------------------------------------------------

template <class F, class... Args>
decltype(auto) event_loop::run_until_complete(F&& main, Args&&... args) {
  check_open("run_until_complete");
  detail::loop_driver& driver = detail::loop_driver::of(*this);
  if constexpr (detail::is_task<std::remove_cvref_t<F>>::value) {
    static_assert(sizeof...(Args) == 0, "a task has its arguments already");
    auto kept = main;  // NOLINT(performance-unnecessary-copy-initialization): the caller's may go meanwhile
    driver.run_until_ended(kept.state());
    return kept.result();
  } else {
    if (try_current() != nullptr)
      throw misuse_error("run_until_complete was called inside a running loop; use co_await or create_task there");
    auto main_task = create_task(std::forward<F>(main), std::forward<Args>(args)...);
    driver.run_until_ended(main_task.state());
    return detail::take_result(main_task.state());
  }
}

template <class F, class... Args>
auto event_loop::create_task(F&& f, Args&&... args) {
  check_thread("create_task", "run_coroutine_threadsafe(loop, f, args...)");
  check_open("create_task");
  detail::task_registry& registry = detail::loop_driver::of(*this).registry();
  auto* state = detail::make_task(scheduler_, nullptr, std::forward<F>(f), std::forward<Args>(args)...);
  task<typename std::remove_pointer_t<decltype(state)>::result_type> handle(*state);
  state->start(registry, nullptr);
  return handle;
}

}  // namespace eddy
