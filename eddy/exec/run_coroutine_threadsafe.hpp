// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/coro/task.hpp"

namespace eddy {

namespace detail {

/// What a thread and a loop share about a task that the one asked the other to run.
class remote_task {
 public:
  explicit remote_task(event_loop& loop) noexcept : loop_(&loop) {}
  virtual ~remote_task() = default;
  remote_task(const remote_task&) = delete;
  remote_task& operator=(const remote_task&) = delete;

  /// Any thread. @returns false when it has ended.
  bool cancel(std::string reason, const std::shared_ptr<remote_task>& self);

  /// The loop's thread: the task is `task` from now on. @returns whether it was cancelled before.
  bool started(task_state& task, std::string& reason);
  /// The loop's thread, when the task has ended. Afterwards the loop may go.
  void ended() noexcept;
  /// Any thread: it will never start.
  void fail(const std::string& why) noexcept;

 protected:
  virtual void set_cancelled(const std::string& text) noexcept = 0;

 private:
  enum class state { posted, running, ended };

  std::mutex lock_;
  event_loop* loop_;  // lives while the task is posted or running
  task_state* task_ = nullptr;
  state state_ = state::posted;
  bool cancel_wanted_ = false;
  std::string reason_;
};

template <class T>
class remote_result final : public remote_task {
 public:
  using remote_task::remote_task;
  std::promise<T> promise;

  /// The end of `task`, to whoever waits for the future.
  void take(typed_task<T>& task) noexcept {
    task.set_looked_at();
    ended();  // first: whoever has the end is not told by cancel() that it goes on
    try {
      if (task.how() == task_state::end::exception)
        promise.set_exception(task.exception());
      else if (task.how() == task_state::end::cancelled)
        set_cancelled(task.describe() + " was cancelled" +
                      (task.cancel_reason().empty() ? "" : ": " + std::string(task.cancel_reason())));
      else if constexpr (std::is_void_v<T>)
        promise.set_value();
      else if constexpr (std::is_reference_v<T>)
        promise.set_value(static_cast<T>(*task.value()));
      else
        promise.set_value(std::move(task.value()));
    } catch (...) {
      promise.set_exception(std::current_exception());  // the value's move constructor threw
    }
  }

 private:
  void set_cancelled(const std::string& text) noexcept override {
    promise.set_exception(std::make_exception_ptr(cancelled_error(text)));
  }
};

/// What is posted to the loop. Dropped there without having run, it fails the future.
template <class T, class F, class... Args>
class remote_start {
 public:
  template <class G, class... As>
  explicit remote_start(std::shared_ptr<remote_result<T>> end, G&& f, As&&... args)
      : end_(std::move(end)), bound_(std::forward<G>(f), std::forward<As>(args)...) {}
  remote_start(remote_start&&) = default;
  remote_start& operator=(remote_start&&) = delete;
  ~remote_start() {
    if (end_ != nullptr) end_->fail("the loop ended before the coroutine could start");
  }

  void operator()() {
    task_registry& registry = current_registry();
    if (registry.closing()) return;
    const auto end = std::move(end_);
    try {
      start(registry, end);
    } catch (...) {
      end->ended();
      end->promise.set_exception(std::current_exception());
    }
  }

 private:
  void start(task_registry& registry, const std::shared_ptr<remote_result<T>>& end) {
    auto* state = std::apply(
        [&](F& f, Args&... args) {
          return make_task(registry.loop().scheduler(), nullptr, std::move(f), std::move(args)...);
        },
        bound_);
    const task<T> kept(*state);
    state->add_callback([state, end] { end->take(*state); });
    state->start(registry, nullptr);
    std::string reason;
    if (end->started(*state, reason)) state->cancel(reason);
  }

  std::shared_ptr<remote_result<T>> end_;
  std::tuple<F, Args...> bound_;
};

}  // namespace detail

/// A `std::future` of something that runs on a loop, with a way to cancel it.
///
/// May be moved into a plain `std::future<T>`, which then cannot cancel. Dropping it does neither cancel nor wait.
///
/// **Thread safety.** As std::future; cancel() also while another thread waits.
/// **In asyncio.** The `concurrent.futures.Future` of `run_coroutine_threadsafe`.
template <class T>
class [[nodiscard("dropping it neither waits nor cancels; call get() or cancel()")]] loop_future
    : public std::future<T> {
 public:
  loop_future() noexcept = default;
  loop_future(std::future<T> end, std::shared_ptr<detail::remote_task> task) noexcept
      : std::future<T>(std::move(end)), task_(std::move(task)) {}

  /// Asks the coroutine to end; get() then throws cancelled_error, unless it ends otherwise. Does not wait.
  /// @returns false when it has ended.
  bool cancel(std::string reason = "cancelled through its future") const {
    return task_ != nullptr && task_->cancel(std::move(reason), task_);
  }

 private:
  std::shared_ptr<detail::remote_task> task_;
};

/// Runs `f(args...)`, which makes a coroutine, on a loop of another thread, and gives a `std::future` of its end.
///
/// `f` and the arguments are copied or moved to the loop and live there until the coroutine has ended; a reference is
/// asked for with `std::ref`. Stopping either side is safe: a loop that ends cancels the coroutine, or never starts it,
/// and the future then throws `cancelled_error`; it never hangs. An exception of the coroutine comes out of get().
/// Inside of a coroutine never wait for the future: that stops its own loop; `from_future` awaits it.
///
/// For a loop that exists for such calls choose a `loop_thread`.
///
/// @param loop  Alive at the time of the call, as within the `run` that drives it.
/// @throws misuse_error  Called on the loop's own thread, where create_task is the right word.
///
/// **Thread safety.** Any thread but the loop's own.
/// **In asyncio.** `run_coroutine_threadsafe(coro, loop)`; there the loop comes last.
template <class F, class... Args>
  requires std::invocable<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>...>
auto run_coroutine_threadsafe(event_loop& loop, F&& f, Args&&... args) {
  using result = detail::called_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>...>;
  if (loop.on_own_thread())
    throw misuse_error(
        "run_coroutine_threadsafe was called on the loop's own thread, where waiting for the future would stop the "
        "loop; use create_task, or co_await");
  auto end = std::make_shared<detail::remote_result<result>>(loop);
  loop_future<result> future(end->promise.get_future(), end);
  const bool open = loop.post_unless_closed(detail::remote_start<result, std::decay_t<F>, std::decay_t<Args>...>(
      end, std::forward<F>(f), std::forward<Args>(args)...));
  if (!open) end->fail("the loop is closed");
  return future;
}

}  // namespace eddy
