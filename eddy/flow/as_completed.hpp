// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/iterable.hpp"
#include "eddy/flow/detail/outcome_of.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

/// A stream of outcomes in the order in which awaitables end; see `as_completed`.
///
/// Invariants: (1) a consumer waits only while no end is there and a child runs; (2) every end is handed to exactly one
/// next(), or dropped with the stream, and then its exception reaches the loop's handler.
template <class T>
class completion_stream final : public detail::child_tasks {
 public:
  explicit completion_stream(std::vector<coro<T>> coros) noexcept : coros_(std::move(coros)) {}
  completion_stream(completion_stream&& other) noexcept
      : child_tasks(std::move(other)), coros_(std::move(other.coros_)) {}  // NOLINT(bugprone-use-after-move): its part
  ~completion_stream() { drop_ended(); }

  class next_operation;
  /// The outcome of the one that ended first among those that were not handed over; empty after the last.
  ///
  /// @throws misuse_error  The stream was not entered.
  ///
  /// **Cancellation.** Atomic: a cancelled next() leaves every outcome in the stream.
  [[nodiscard]] next_operation next() {
    if (context_ == nullptr)
      throw misuse_error(
          "as_completed owns what it runs: use it as co_await for_each(as_completed(...), f), or as "
          "co_await with(as_completed(...), body)");
    return next_operation(*this);
  }

  void open(context& parent, context& body, detail::scope_resource_owner& owner) noexcept override {
    child_tasks::open(parent, body, owner);
    try {
      start_all();
    } catch (...) {  // out of memory: those that have started are cancelled
      errors_.push_back(std::current_exception());
      cancel_all("as_completed could not start all of its work");
    }
  }
  bool body_ended(const outcome<>& how) noexcept override {
    body_ = nullptr;
    if (!children_.empty()) cancel_all("the consumer of as_completed has left");
    return child_tasks::body_ended(how);
  }
  std::exception_ptr finish() override {
    drop_ended();
    return errors_.empty() ? nullptr : errors_.front();
  }

 private:
  using state = detail::typed_task<T>;

  void start_all() {
    for (coro<T>& each : coros_) {
      state* child = detail::make_task(context_->scheduler(), context_, std::move(each));
      child->retain();  // until it is handed over
      add(*child, nullptr);
    }
    coros_.clear();
  }

  void child_ended(detail::task_state& task) noexcept override {
    if (consumers_.empty())
      ended_.push_back(task);
    else
      consumers_.pop_front().give(static_cast<state&>(task));
    while (children_.empty() && !consumers_.empty()) consumers_.pop_front().give_nothing();
  }

  state* pop_ended() noexcept { return ended_.empty() ? nullptr : &static_cast<state&>(ended_.pop_front()); }
  void drop_ended() noexcept {
    while (state* unseen = pop_ended()) unseen->release();
  }

  std::vector<coro<T>> coros_;                        // until open()
  detail::intrusive_list<detail::task_state> ended_;  // in the order of their ends, each retained
  detail::intrusive_list<next_operation> consumers_;
};

template <class T>
class completion_stream<T>::next_operation final : public detail::waiter<next_operation> {
 public:
  explicit next_operation(completion_stream& stream) noexcept : stream_(&stream) {}
  next_operation(next_operation&&) = default;

  bool try_complete() noexcept {
    ended_ = stream_->pop_ended();
    return ended_ != nullptr || stream_->children_.empty();
  }
  void begin() noexcept { stream_->consumers_.push_back(*this); }
  std::optional<outcome<T>> await_resume() noexcept {
    if (ended_ == nullptr) return std::nullopt;
    std::optional<outcome<T>> result(detail::outcome_of(*ended_));
    ended_->release();
    return result;
  }
  std::string describe() const override { return "as_completed::next"; }

 private:
  friend class completion_stream;
  void give(state& ended) noexcept {
    ended_ = &ended;
    this->grant();
  }
  void give_nothing() noexcept { this->grant(); }

  completion_stream* stream_;
  state* ended_ = nullptr;
};

/// Runs awaitables concurrently and gives an `outcome` each, first finished first:
/// `co_await for_each(as_completed(std::move(downloads)), [&](eddy::outcome<page> each) { ... })`.
///
/// For a loop of one's own enter it with `with(as_completed(...), [&](auto& ends) -> coro<> { while (auto end =
/// co_await ends.next()) ... })`. All start when it is entered; one failure is one outcome and stops nothing. Leaving
/// early cancels and joins what runs. A task handle in the range is only waited for: it is neither cancelled nor
/// joined, and one that was cancelled gives a cancelled outcome. Coroutines are moved out of the range.
///
/// For the order of the range, or a limit on how many run at once, choose map_concurrent().
///
/// @returns a stream that is used only inside of `with` or `for_each`, since it owns what it runs.
///
/// **In asyncio.** `for f in as_completed(aws): r = await f`; there leaving early leaves the rest running.
template <detail::awaitable_range R>
[[nodiscard]] auto as_completed(R&& range) {
  return completion_stream<detail::branch_result_t<detail::element_of<R>>>(
      detail::to_coros<true>(std::forward<R>(range)));
}

}  // namespace eddy
