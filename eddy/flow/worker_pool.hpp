// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/flow/detail/call_for_effect.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/queue.hpp"

namespace eddy {

/// So many workers on a queue: `co_await with(worker_pool<job>(4, handle), [&](worker_pool<job>& pool) -> coro<> {
/// co_await pool.put(a_job); })`.
///
/// Each worker takes an item, awaits `handle(item)`, and takes the next. Leaving the scope with a value lets them
/// finish every item that was put; leaving it with an exception, and cancelling it, cancels them, and destroys the
/// items that are left. An item whose handling throws ends the pool like a failing child of a task_group: workers and
/// body are cancelled, and all failures come as one exception_group; with on_error() they are handed to a callable
/// instead, and the worker goes on.
///
/// For workers that differ, or that share more than a queue, write the loop: a `queue` and a `task_group`. For the
/// results, in order, choose map_concurrent().
///
/// **Cancellation.** Cancels body and workers, and waits until all have ended.
/// **Thread safety.** Only on the loop's thread.
/// **In asyncio.** A worker loop, `queue.join()`, and cancelling the workers.
template <class T>
class worker_pool final : public detail::child_tasks {
 public:
  /// @param workers  How many items are dealt with at once; at least 1.
  /// @param handle   Called with each item, as `T&` or, when it takes only that, as `T&&`; may await. Kept.
  template <class F>
  worker_pool(std::size_t workers, F&& handle)
      : workers_(workers),
        capacity_(workers),
        handle_(detail::make_owned<handler_of<std::decay_t<F>>>(std::forward<F>(handle))) {
    EDDY_CHECK_CLOSURE(F);
    if (workers == 0) throw misuse_error("worker_pool: at least one worker");
    jobs_ = detail::make_owned<queue<T>>(capacity_);
  }
  worker_pool(worker_pool&&) = default;

  /// Items that wait at most, before put() does; 0 for no limit. Default: as many as workers.
  worker_pool&& capacity(std::size_t items) && {
    jobs_ = detail::make_owned<queue<T>>(items);
    return std::move(*this);
  }
  /// Is given the exception of an item's handling; the worker goes on. What it throws itself ends the pool.
  worker_pool&& on_error(detail::function<void(const std::exception_ptr&)> report) && {
    on_error_ = std::move(report);
    return std::move(*this);
  }

  /// Waits for room and puts an item; see queue::put. A handler may put more, if the capacity is not all used up by
  /// handlers that wait to do so.
  [[nodiscard]] auto put(T&& item) { return jobs().put(std::move(item)); }
  [[nodiscard]] auto put(const T& item) { return jobs().put(item); }
  /// Puts an item if there is room. @returns whether it did; if not, `item` is as it was.
  bool try_put(T&& item) { return jobs().try_put(std::move(item)); }
  bool try_put(const T& item) { return jobs().try_put(item); }
  /// Waits until every item that was put has been dealt with.
  [[nodiscard]] auto join() { return jobs().join(); }

  /// Items that wait for a worker.
  std::size_t size() const noexcept { return jobs_->size(); }
  /// Items that wait or are being dealt with.
  std::size_t unfinished() const noexcept { return jobs_->unfinished(); }

  /// Cancels workers and body; the scope then ends without an error unless one of them fails.
  void cancel(std::string_view reason = "the worker_pool was cancelled") {
    check_entered();
    cancel_all(reason);
  }

  void open(context& parent, context& body, detail::scope_resource_owner& owner) noexcept override;
  bool body_ended(const outcome<>& how) noexcept override;
  bool failed() const noexcept override { return worker_failed_; }
  /// An idle worker that is cancelled takes nothing from the body's value: what counts is an item that is not done.
  bool any_cancelled() const noexcept override { return jobs_->unfinished() != 0; }
  std::exception_ptr finish() override;

 private:
  class handler {
   public:
    virtual ~handler() = default;
    virtual coro<> call(T& item) = 0;
  };
  template <class F>
  class handler_of final : public handler {
   public:
    template <class G>
    explicit handler_of(G&& f) : f_(std::forward<G>(f)) {}
    coro<> call(T& item) override {
      static_assert(std::is_invocable_v<F&, T&> || std::is_invocable_v<F&, T&&>,
                    "the worker_pool's callable cannot be called with an item");
      return detail::call_for_effect([&]() -> decltype(auto) {
        if constexpr (std::is_invocable_v<F&, T&>)
          return detail::invoke_callable(f_, item);
        else
          return detail::invoke_callable(f_, std::move(item));
      });
    }

   private:
    [[no_unique_address]] F f_;
  };

  void check_entered() const {
    if (context_ == nullptr)
      throw misuse_error("a worker_pool owns its workers: use it as co_await with(worker_pool<T>(n, f), body)");
  }
  queue<T>& jobs() const {
    check_entered();
    return *jobs_;
  }
  coro<> work();
  coro<> handle(T& item);
  void child_ended(detail::task_state& task) noexcept override;

  std::size_t workers_;
  std::size_t capacity_;
  detail::owned<handler> handle_;
  detail::owned<queue<T>> jobs_;
  detail::function<void(const std::exception_ptr&)> on_error_;
  bool draining_ = false;  // the body has ended well: what is left is finished, then the workers go
  bool worker_failed_ = false;
};

// ---------------------------------------------------------------------------------------------------------------------

template <class T>
void worker_pool<T>::open(context& parent, context& body, detail::scope_resource_owner& owner) noexcept {
  child_tasks::open(parent, body, owner);
  try {
    for (std::size_t i = 0; i < workers_; ++i) add(*detail::make_task(parent.scheduler(), &parent, work()), nullptr);
  } catch (...) {  // out of memory
    worker_failed_ = true;
    note_body_error(outcome<>::from_exception(std::current_exception()));
    cancel_all("the worker_pool could not start its workers");
  }
}

template <class T>
coro<> worker_pool<T>::work() {
  while (true) {
    T item = co_await jobs_->get();
    co_await handle(item);
    jobs_->task_done();
    if (draining_ && jobs_->unfinished() == 0) cancel_all("every item has been dealt with");
  }
}

template <class T>
coro<> worker_pool<T>::handle(T& item) {
  std::exception_ptr error;
  try {
    co_await handle_->call(item);
    co_return;
  } catch (...) {
    error = std::current_exception();
  }
  if (!on_error_) std::rethrow_exception(error);
  on_error_(error);
}

template <class T>
bool worker_pool<T>::body_ended(const outcome<>& how) noexcept {
  body_ = nullptr;
  if (how.has_exception()) note_body_error(how);
  if (!how.has_value())
    cancel_all("the body of its worker_pool has ended early");
  else if (jobs_->unfinished() == 0)
    cancel_all("every item has been dealt with");
  else
    draining_ = true;
  return child_tasks::body_ended(how);
}

template <class T>
void worker_pool<T>::child_ended(detail::task_state& task) noexcept {
  if (task.how() != detail::task_state::end::exception) return;
  task.set_looked_at();
  worker_failed_ = true;
  note_error(task);
  if (!cancelled_) cancel_all("a worker of its worker_pool failed");
}

// The body's exception alone keeps its type.
template <class T>
std::exception_ptr worker_pool<T>::finish() {
  if (!worker_failed_) return nullptr;
  return errors_as_group("worker_pool");
}

}  // namespace eddy
