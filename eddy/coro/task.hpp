// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/task_state.hpp"

namespace eddy {

/// A handle to a coroutine that the loop runs concurrently.
///
/// The loop keeps the task alive until it has ended: the handle may be copied and dropped. `co_await t` waits for the
/// end and gives `const T&`; `co_await std::move(t)` moves the value out. The exception comes out of the await; a task
/// that was cancelled throws `cancelled_error`. An exception that no handle ever looked at reaches the loop's exception
/// handler. A handle may outlive `run`: then it still tells how the task ended.
///
/// To end with one's own scope choose a `task_group`.
///
/// **Cancellation.** Awaiting is a cancellation point. A cancelled waiter does not cancel the task; cancel_and_join()
/// does.
/// **Thread safety.** Only on the loop's thread; others get wrong_thread. cancel_threadsafe() may be called from any
/// thread.
/// **In asyncio.** `Task`.
template <class T = void>
class task {
 public:
  using value_type = T;
  using state_type = detail::typed_task<T>;

  /// Empty; only to be assigned to.
  task() noexcept = default;
  task(const task& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->retain();
  }
  task(task&& other) noexcept : state_(detail::exchanged(other.state_, nullptr)) {}
  task& operator=(task other) noexcept {
    state_ = detail::exchanged(other.state_, state_);
    return *this;
  }
  ~task() {
    if (state_ != nullptr) state_->release();
  }

  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Asks the task to end; idempotent, and never refused. Does not wait: see cancel_and_join().
  /// @param reason  For people: cancelled_error and reports show it.  @returns false when it has already ended.
  bool cancel(std::string_view reason = {}) {
    check("task::cancel", "task::cancel_threadsafe");
    return state_->cancel(reason);
  }
  /// The same from any thread, while the loop runs.
  void cancel_threadsafe(std::string reason = {});

  /// Whether it has ended, with a value, with an exception, or cancelled.
  bool done() const { return checked("task::done").done(); }
  /// Whether it has ended cancelled. Being asked to is not enough.
  bool cancelled() const { return checked("task::cancelled").how() == detail::task_state::end::cancelled; }
  /// The exception it ended with; null when it ended otherwise or still runs. Counts as having looked at it.
  std::exception_ptr exception() const {
    state_type& s = checked("task::exception");
    s.set_looked_at();
    return s.exception();
  }
  /// The value. @throws the exception it ended with; cancelled_error; misuse_error when it has not ended.
  decltype(auto) result() const {
    state_type& s = checked("task::result");
    s.check_value();
    if constexpr (std::is_void_v<T>)
      return;
    else if constexpr (std::is_reference_v<T>)
      return static_cast<T>(*s.value());
    else
      return static_cast<const T&>(s.value());
  }

  /// Calls `f(task)` through call_soon once it has ended.
  template <class F>
  void add_done_callback(F f);

  std::string name() const { return checked("task::name").name(); }
  /// Sets the name that listings and reports show.
  task& name(std::string name) {
    checked("task::name").set_name(std::move(name));
    return *this;
  }
  /// A number that no other task of this loop has; the same in every run of the same program on the same schedule.
  std::uint32_t number() const { return checked("task::number").number(); }

  class join_operation;
  class value_join;
  value_join operator co_await() && { return value_join(std::move(*this)); }
  join_operation operator co_await() const& { return join_operation(*this); }

  friend bool operator==(const task& a, const task& b) noexcept { return a.state_ == b.state_; }

  /// For combinators.
  explicit task(state_type& state) noexcept : state_(&state) { state.retain(); }
  state_type& state() const { return checked("task"); }

 private:
  void check(const char* what, const char* instead) const {
    if (state_ == nullptr) [[unlikely]]
      throw misuse_error(std::string(what) + ": this handle is empty or was moved from");
    if (!state_->detached()) state_->loop().check_thread(what, instead);
  }
  state_type& checked(const char* what) const {
    check(what, "call_soon_threadsafe to get to the loop's thread");
    return *state_;
  }

  state_type* state_ = nullptr;
};

namespace detail {

/// Waits for a task's end. Atomic: the end stays with the task.
class join_leaf : public leaf<join_leaf>, public join_base {
 public:
  explicit join_leaf(task_state& task) noexcept : task_(&task) {}
  join_leaf(join_leaf&&) = default;

  bool try_complete() const noexcept { return task_->done(); }
  void begin();
  bool take_back() noexcept {
    task_->remove_joiner(*this);
    return true;
  }
  void task_ended() noexcept override { context_->completed(); }
  std::string describe() const override { return task_->describe(); }
  void visit_holders(const detail::function<void(const holder&)>& visit) const override;

 protected:
  task_state* task_;

 private:
  [[noreturn]] void throw_awaits_itself() const;
};

/// Waits for the end alone, whatever it is. The exception is still to be looked at.
class join_only final : public join_leaf {
 public:
  explicit join_only(task_state& task) noexcept : join_leaf(task) { task.retain(); }
  join_only(join_only&& other) noexcept : join_leaf(std::move(other)) { task_->retain(); }
  ~join_only() { task_->release(); }
  void await_resume() const noexcept {}
};

}  // namespace detail

/// `co_await t`: gives `const T&`.
template <class T>
class task<T>::join_operation : public detail::join_leaf {
 public:
  explicit join_operation(const task& t) : join_leaf(t.state()), kept_(t) {}
  decltype(auto) await_resume() const { return kept_.result(); }

 private:
  task kept_;
};

/// `co_await std::move(t)`: gives `T`.
template <class T>
class task<T>::value_join : public detail::join_leaf {
 public:
  explicit value_join(task&& t) : join_leaf(t.state()), kept_(std::move(t)) {}
  T await_resume() const {
    state_type& s = *kept_.state_;
    s.check_value();
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*s.value());
    } else {
      struct taken {
        state_type& state;
        ~taken() { state.mark_taken(); }
      } after{s};
      return std::move(s.value());
    }
  }

 private:
  task kept_;
};

namespace detail {

template <class F, class... Args>
using bound_task_for = bound_task<called_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>...>, std::decay_t<F>,
                                  std::decay_t<Args>...>;

// Whether a function's parameter would refer to something that is made for the call alone, and so be gone before the
// coroutine runs: `create_task(fetch, "a")` for `coro<> fetch(const std::string&)` keeps a pointer, not a string.
template <class Parameter, class Kept>
constexpr bool refers_to_temporary =
    std::is_reference_v<Parameter> &&
    !std::is_convertible_v<std::add_pointer_t<std::unwrap_ref_decay_t<Kept>>,
                           std::add_pointer_t<const std::remove_reference_t<Parameter>>>;

template <class F, class... Args>
struct keeps_what_it_refers_to : std::true_type {};
template <class R, class... Parameters, class... Args>
  requires(sizeof...(Parameters) == sizeof...(Args))
struct keeps_what_it_refers_to<R (*)(Parameters...), Args...>
    : std::bool_constant<(!refers_to_temporary<Parameters, Args> && ...)> {};

/// Makes the state of a task: of a coroutine, or of a callable with its arguments.
template <class T>
typed_task<T>* make_task(detail::scheduler& s, context* parent, coro<T> made) {
  if (!made) throw misuse_error("create_task: this coroutine was awaited or handed over before; it runs once");
  return new typed_task<T>(s, parent, std::move(made));
}
template <class F, class... Args>
  requires std::invocable<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>...>
auto make_task(detail::scheduler& s, context* parent, F&& f, Args&&... args)
    -> typed_task<called_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>...>>* {
  static_assert(
      keeps_what_it_refers_to<std::decay_t<F>, Args...>::value,
      "a reference parameter of this coroutine would refer to a temporary that is converted from the argument: pass an "
      "argument of the parameter's own type, or take the parameter by value");
  using result = called_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>...>;
  if constexpr (sizeof...(Args) == 0 && std::is_empty_v<std::decay_t<F>>) {
    return make_task(s, parent, coro<result>(make_coro(f)));  // nothing to keep
  } else {
    return new bound_task<result, std::decay_t<F>, std::decay_t<Args>...>(s, parent, std::forward<F>(f),
                                                                          std::forward<Args>(args)...);
  }
}

}  // namespace detail

/// Asks create_task to run the first step at once: `create_task(eager, f, args...)`.
struct eager_t {
  explicit constexpr eager_t() = default;
};
inline constexpr eager_t eager{};

/// Runs a coroutine concurrently, on the current loop: `create_task(f, args...)`, or `create_task(f(args...))`.
///
/// The first form is the one to prefer: eddy keeps the callable (with its captures) and the arguments until the
/// coroutine has ended, so nothing dangles. Arguments are copied or moved; a reference is asked for with `std::ref`.
/// Let `f` take them by value: a `const std::string&` that is given a literal refers to a temporary. The coroutine
/// starts in the loop's next turn. `run` cancels and joins what is left of such tasks at its end; choose a `task_group`
/// for work that must not outlive its scope.
///
/// @returns a handle, which may be dropped.
/// @throws misuse_error  No loop runs on this thread. Also what copying the arguments throws.
///
/// **Cancellation.** Not a cancellation point; does not suspend.
/// **In asyncio.** `create_task(f(args))`; there a task must be kept in a variable or may vanish, here the loop keeps
/// it.
template <class F, class... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, eager_t>)
EDDY_NOINLINE auto create_task(F&& f, Args&&... args) {
  detail::task_registry& registry = detail::current_registry();
  auto* state =
      detail::make_task(registry.loop().scheduler(), nullptr, std::forward<F>(f), std::forward<Args>(args)...);
  task<typename std::remove_pointer_t<decltype(state)>::result_type> handle(*state);
  state->start(registry, __builtin_return_address(0));
  return handle;
}

/// The same, but runs the coroutine up to its first wait before create_task returns: one that never has to wait has
/// ended then, without a trip through the loop.
///
/// Good for answers that are often at hand, as from a cache. The new task runs inside of the caller's step: what it
/// changes is changed when create_task returns. It shares the step's budget for waits that are ready at once, after
/// which it goes on in its turn. It starts in its turn, as without `eager`, when eager starts stand inside each other
/// more than a few deep, and while an exception or a cancellation is on its way.
///
/// **Cancellation.** Not a cancellation point. What is born cancelled never runs.
/// **In asyncio.** `eager_task_factory` (3.12), for every task of a loop; here each call says it for itself.
template <class F, class... Args>
EDDY_NOINLINE auto create_task(eager_t, F&& f, Args&&... args) {
  detail::task_registry& registry = detail::current_registry();
  auto* state =
      detail::make_task(registry.loop().scheduler(), nullptr, std::forward<F>(f), std::forward<Args>(args)...);
  task<typename std::remove_pointer_t<decltype(state)>::result_type> handle(*state);
  state->start(registry, __builtin_return_address(0), detail::task_start::at_once);
  return handle;
}

/// Cancels a task and waits until it has ended. Its value, if it had come to one, is left in the handle.
///
/// @throws the exception that the task ended with, also an earlier one: nobody else may have seen it.
///
/// **Cancellation.** A cancellation point; a cancelled waiter has still cancelled the task.
/// **In asyncio.** `task.cancel()`, then awaiting it and catching CancelledError.
template <class T>
coro<> cancel_and_join(task<T> t, std::string reason = {}) {
  t.cancel(reason);
  co_await detail::join_only(t.state());
  if (const std::exception_ptr error = t.exception()) std::rethrow_exception(error);
}

namespace detail {

template <class T>
struct is_task : std::false_type {};
template <class T>
struct is_task<task<T>> : std::true_type {};

}  // namespace detail

// ---------------------------------------------------------------------------------------------------------------------

template <class T>
template <class F>
void task<T>::add_done_callback(F f) {
  state_type& s = checked("task::add_done_callback");
  auto schedule = [state = &s, f = std::make_shared<F>(std::move(f))] {
    state->loop().call_soon([kept = task(*state), f] {
      try {
        (*f)(kept);
      } catch (...) {
        kept.state_->callback_failed(std::current_exception());
      }
    });
  };
  if (s.detached())
    throw misuse_error("task::add_done_callback: the loop of " + s.describe() + " has ended; read its end instead");
  if (s.done())
    schedule();
  else
    s.add_callback(std::move(schedule));
}

template <class T>
void task<T>::cancel_threadsafe(std::string reason) {
  if (state_ == nullptr) throw misuse_error("task::cancel_threadsafe: this handle is empty or was moved from");
  if (state_->detached()) return;  // it has ended
  // By number: the count of handles is not atomic, so none can be made here, and the task may be gone by then.
  event_loop& loop = state_->loop();
  loop.call_soon_threadsafe([&loop, number = state_->number(), reason = std::move(reason)] {
    if (detail::task_registry* registry = loop.scheduler().tasks) registry->cancel_number(number, reason);
  });
}

}  // namespace eddy
