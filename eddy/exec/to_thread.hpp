// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/exec/thread_pool.hpp"

namespace eddy {

/// Lets a cancelled `to_thread` leave at once, and its thread go on alone: `to_thread(abandon, f, args...)`.
struct abandon_t {
  explicit constexpr abandon_t() = default;
};
inline constexpr abandon_t abandon{};

namespace detail {

/// Calls a function with arguments of its own and keeps its end.
template <class T, class F, class... Args>
class bound_call {
 public:
  template <class G, class... As>
  explicit bound_call(G&& f, As&&... args) : bound_(std::forward<G>(f), std::forward<As>(args)...) {}

  void call() noexcept {
    try {
      std::apply(
          [this](F& f, Args&... args) {
            if constexpr (std::is_void_v<T>) {
              detail::invoke_callable(std::move(f), static_cast<std::unwrap_ref_decay_t<Args>&&>(args)...);
              result.emplace();
            } else {
              result.emplace(
                  detail::invoke_callable(std::move(f), static_cast<std::unwrap_ref_decay_t<Args>&&>(args)...));
            }
          },
          bound_);
    } catch (...) {
      result = outcome<T>::from_exception(std::current_exception());
    }
  }

  outcome<T> result;

 private:
  std::tuple<F, Args...> bound_;
};

/// A job that lives in the awaiting frame: once it has started, the frame waits for it.
template <class T, class F, class... Args>
class thread_operation final : public leaf<thread_operation<T, F, Args...>>, private pool_job {
 public:
  template <class G, class... As>
  explicit thread_operation(thread_pool* pool, G&& f, As&&... args)
      : pool_(pool), call_(std::forward<G>(f), std::forward<As>(args)...) {}
  thread_operation(thread_operation&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() {
    detail::scheduler& s = this->context_->scheduler();
    if (pool_ == nullptr) pool_ = &thread_pool::of(s);
    pool_->submit(*this, s);
  }
  bool take_back() noexcept { return pool_->withdraw(*this); }
  T await_resume() { return std::move(call_.result).value(); }
  std::string describe() const override { return "a job on a thread"; }

 private:
  void work() noexcept override { call_.call(); }
  void back() noexcept override { this->context_->completed(); }

  thread_pool* pool_;
  bound_call<T, F, Args...> call_;
};

/// A job that owns everything it touches, so that nobody has to wait for it.
template <class T, class F, class... Args>
class abandoned_operation final : public leaf<abandoned_operation<T, F, Args...>> {
 public:
  template <class G, class... As>
  explicit abandoned_operation(G&& f, As&&... args)
      : job_(make_owned<job>(std::forward<G>(f), std::forward<As>(args)...)) {}
  abandoned_operation(abandoned_operation&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() {
    detail::scheduler& s = this->context_->scheduler();
    pool_ = &thread_pool::of(s);
    pool_->submit(*job_, s);
    job_->waiter = this;
  }
  bool take_back() noexcept {
    if (pool_->withdraw(*job_)) return true;
    job_->waiter = nullptr;
    job_->loop = &this->context_->loop();
    pool_->abandon(*job_);
    --this->context_->scheduler().external;  // the loop need not wait for it either
    job_.release();                          // owns itself until it comes back
    return true;
  }
  T await_resume() { return std::move(job_->call.result).value(); }
  std::string describe() const override { return "a job on a thread that may be abandoned"; }

 private:
  struct job final : pool_job {
    template <class G, class... As>
    explicit job(G&& f, As&&... args) : call(std::forward<G>(f), std::forward<As>(args)...) {}

    void work() noexcept override { call.call(); }
    void back() noexcept override {
      if (waiter != nullptr) {
        waiter->context_->completed();
        return;
      }
      ++loop->scheduler().external;  // counted down before, when it was abandoned
      if (call.result.has_exception())
        loop->handle_exception({"an abandoned thread job failed", call.result.exception()});
      delete this;
    }

    void orphaned() noexcept override { delete this; }

    abandoned_operation* waiter = nullptr;
    event_loop* loop = nullptr;
    bound_call<T, F, Args...> call;
  };

  thread_pool* pool_ = nullptr;
  owned<job> job_;
};

template <class F, class... Args>
using thread_result_t = std::invoke_result_t<std::decay_t<F>&&, std::unwrap_ref_decay_t<Args>&&...>;

template <class A>
constexpr bool owned_argument =
    !std::is_pointer_v<std::decay_t<A>> && std::is_same_v<std::decay_t<A>, std::unwrap_ref_decay_t<A>>;

}  // namespace detail

/// Calls `f(args...)` on a thread of the loop's default pool and awaits its value; other tasks run meanwhile.
///
/// `f` and the arguments are copied or moved; with `std::ref` (or a lambda that captures by reference) it may use the
/// caller's locals, since the caller waits until the thread is done with them. Exceptions come back.
///
/// **Cancellation.** A cancellation point. A job that has not started is withdrawn. One that has started is waited for,
/// also by a limit around it, and its value is then delivered; `to_thread(abandon, f, args...)` leaves at once instead.
/// **In asyncio.** `to_thread(f, *args)`.
template <class F, class... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, abandon_t>)
[[nodiscard]] auto to_thread(F&& f, Args&&... args) {
  EDDY_CHECK_CLOSURE(F);
  return detail::thread_operation<detail::thread_result_t<F, Args...>, std::decay_t<F>, std::decay_t<Args>...>(
      nullptr, std::forward<F>(f), std::forward<Args>(args)...);
}

/// The same on a pool of one's own, which must outlive the call.
///
/// **In asyncio.** `loop.run_in_executor(pool, f, *args)`.
template <class F, class... Args>
[[nodiscard]] auto run_in_executor(thread_pool& pool, F&& f, Args&&... args) {
  EDDY_CHECK_CLOSURE(F);
  return detail::thread_operation<detail::thread_result_t<F, Args...>, std::decay_t<F>, std::decay_t<Args>...>(
      &pool, std::forward<F>(f), std::forward<Args>(args)...);
}

/// As to_thread(), but a cancelled caller leaves at once and the thread goes on alone: `f` must own all that it
/// touches, so references and pointers among the arguments are refused. A late exception reaches the loop's handler. At
/// the end of `run` an abandoned job is not waited for.
template <class F, class... Args>
[[nodiscard]] auto to_thread(abandon_t, F&& f, Args&&... args) {
  EDDY_CHECK_CLOSURE(F);
  static_assert(
      (detail::owned_argument<Args> && ...),
      "to_thread(abandon, ...) needs arguments that it owns: no std::ref, no pointers; pass values, or a shared_ptr");
  return detail::abandoned_operation<detail::thread_result_t<F, Args...>, std::decay_t<F>, std::decay_t<Args>...>(
      std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace eddy
