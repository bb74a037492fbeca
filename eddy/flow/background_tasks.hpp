// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/outcome.hpp"
#include "eddy/coro/task.hpp"

namespace eddy {

/// What `background_tasks::shutdown` gives: who has ended how, and who is overdue.
class shutdown_report {
 public:
  struct ended_task {
    std::string name;
    outcome<> how;
  };

  /// Those that had not ended when the shutdown began, in the order of their ends.
  std::vector<ended_task> ended;
  /// Those that were cancelled and still run when the limit was reached: name, reason, and what each waits for where.
  std::vector<std::string> overdue;

  /// Whether nothing is left.
  bool complete() const noexcept { return overdue.empty(); }
};

namespace detail {
class background_entry;
class background_drained;
}  // namespace detail

/// Tasks in the background of an object or a program: holds what runs, forgets what has ended, and ends what is left.
///
/// ```
/// eddy::background_tasks background;
/// background.create_task(refresh_cache, key);
/// ...
/// auto report = co_await background.shutdown(5s);
/// ```
/// An error of one ends no other: it is handed to `on_error`. For children that work on one thing together, and fail
/// together, choose `task_group`.
///
/// It may be a member of a long-lived object, since its tasks belong to the loop. Then call shutdown() before what they
/// use goes away; inside of `with(background_tasks(), body)` that is done for you, after every end. Destroying it only
/// cancels what runs, and waits for nothing: errors that come later reach the loop's handler.
///
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** A set of tasks with `add_done_callback(tasks.discard)`, and a loop over it at the end.
class background_tasks {
 public:
  /// @param on_error  Is given the exception of every task here that fails, with a sentence that names the task, in a
  ///                  callback of the loop. Empty: the loop's exception handler.
  explicit background_tasks(exception_handler on_error = {});
  background_tasks(background_tasks&& other) noexcept;
  background_tasks& operator=(background_tasks&&) = delete;
  ~background_tasks();

  /// Runs `f(args...)` in the background, as eddy::create_task.
  ///
  /// @returns its handle, which may be dropped.
  /// @throws misuse_error  It was shut down before. While it shuts down tasks are born cancelled.
  template <class F, class... Args>
  EDDY_NOINLINE auto create_task(F&& f, Args&&... args) {
    check_open();
    detail::task_registry& registry = detail::current_registry();
    auto* state =
        detail::make_task(registry.loop().scheduler(), nullptr, std::forward<F>(f), std::forward<Args>(args)...);
    task<typename std::remove_pointer_t<decltype(state)>::result_type> handle(*state);
    state->start(registry, __builtin_return_address(0));
    hold(*state);
    return handle;
  }
  /// Takes a task that runs already into its care; nothing when it has ended.
  template <class T>
  void add(const task<T>& running) {
    check_open();
    hold(running.state());
  }

  /// Tasks that have not ended.
  std::size_t size() const noexcept { return running_.size(); }
  bool empty() const noexcept { return running_.empty(); }
  /// Cancels what runs now; it may be used further.
  void cancel(std::string_view reason = "the background tasks were cancelled") noexcept;

  /// Cancels every task, waits until all have ended, for `limit` at most, and says who ended how.
  ///
  /// From then on nothing can be started here. It may be called again, for those that are overdue.
  ///
  /// @throws nothing of the tasks: their exceptions are in the report, and have been handed to `on_error`.
  ///
  /// **Cancellation.** A cancellation point. A cancelled call has cancelled the tasks; what ended is in the next
  /// report.
  coro<shutdown_report> shutdown(std::chrono::nanoseconds limit = std::chrono::nanoseconds::max());

  /// For `with`: shuts down, without a limit but the grace.
  coro<> aexit();

 private:
  friend class detail::background_entry;
  friend class detail::background_drained;
  enum class phase : unsigned char { open, closing, closed };

  void check_open() const;
  void hold(detail::task_state& task);
  void ended(detail::background_entry& entry) noexcept;
  shutdown_report take_report();

  std::shared_ptr<const exception_handler> on_error_;
  detail::intrusive_list<detail::background_entry> running_;  // owned
  detail::intrusive_list<detail::background_entry> ended_;    // owned; since the shutdown began
  detail::intrusive_list<detail::background_drained> waiting_;
  phase phase_ = phase::open;
};

}  // namespace eddy
