// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/iterable.hpp"
#include "eddy/flow/detail/outcome_of.hpp"
#include "eddy/flow/task_group.hpp"

namespace eddy {

/// A stream of outcomes that are made concurrently, at most so many at once; see `map_concurrent`.
template <class R, class F>
class concurrent_map final : public detail::child_tasks {
  using iterator = detail::iterator_of<R>;
  using value = detail::called_result_t<F&, detail::element_of<R>>;

 public:
  template <class R2, class F2>
  concurrent_map(R2&& range, std::size_t limit, F2&& f)
      : range_(std::forward<R2>(range)), limit_(limit), f_(std::forward<F2>(f)) {
    if (limit == 0) throw misuse_error("map_concurrent: the limit must be at least 1");
  }
  concurrent_map(concurrent_map&&) = default;

  /// Gives results as they come instead of in the order of the range.
  concurrent_map&& unordered() && {
    ordered_ = false;
    return std::move(*this);
  }

  /// The next outcome; empty after the last. Starts further elements as far as the limit allows.
  ///
  /// **Cancellation.** Atomic: a cancelled next() leaves every outcome in the stream.
  coro<std::optional<outcome<value>>> next() {
    check_open();
    if (range_error_) std::rethrow_exception(detail::exchanged(range_error_, nullptr));
    start_more();
    if (tasks_.empty()) co_return std::nullopt;
    if (!ordered_) co_await ended_operation(*this);
    const auto chosen = ordered_ ? tasks_.begin() : first_ended();
    task<value> oldest = *chosen;  // NOLINT(performance-unnecessary-copy-initialization): tasks_ may change meanwhile
    co_await detail::join_only(oldest.state());
    tasks_.erase(ordered_ ? tasks_.begin() : first_ended());
    std::optional<outcome<value>> result(detail::outcome_of(oldest.state()));
    try {
      start_more();
    } catch (...) {
      range_error_ = std::current_exception();  // the next call throws it; this result is not lost for it
    }
    co_return result;
  }

  bool body_ended(const outcome<>& how) noexcept override {
    body_ = nullptr;
    if (!children_.empty()) cancel_all("the consumer of map_concurrent has left");
    return child_tasks::body_ended(how);
  }
  std::exception_ptr finish() override {
    tasks_.clear();
    return nullptr;
  }

 private:
  /// Waits until some child has ended. Atomic: takes nothing.
  class ended_operation final : public detail::leaf<ended_operation> {
   public:
    explicit ended_operation(concurrent_map& map) noexcept : map_(&map) {}
    ended_operation(ended_operation&&) = default;
    bool try_complete() const noexcept { return map_->first_ended() != map_->tasks_.end(); }
    void begin() noexcept { map_->consumer_ = this; }
    bool take_back() noexcept {
      map_->consumer_ = nullptr;
      return true;
    }
    void one_ended() noexcept { this->context_->completed(); }
    void await_resume() const noexcept {}
    std::string describe() const override { return "map_concurrent::next"; }

   private:
    concurrent_map* map_;
  };

  // An exception that next() does not hand over, since the consumer left, reaches the loop's handler as any task's
  // would.
  void child_ended(detail::task_state&) noexcept override {
    if (consumer_ != nullptr) detail::exchanged(consumer_, nullptr)->one_ended();
  }

  typename std::deque<task<value>>::iterator first_ended() {
    auto at = tasks_.begin();
    while (at != tasks_.end() && !at->state().done()) ++at;
    return at;
  }

  // A call that throws before it is a coroutine is this element's end, like any other.
  detail::typed_task<value>* make_child() {
    detail::element_of<R> element(**at_);
    try {
      return detail::make_task(context_->scheduler(), context_, std::ref(f_), std::move(element));
    } catch (...) {
      return detail::make_task(context_->scheduler(), context_, failed_call(std::current_exception()));
    }
  }
  static coro<value> failed_call(std::exception_ptr error) {
    std::rethrow_exception(error);
    co_return co_await failed_call(error);  // never reached: makes it a coroutine
  }

  void start_more() {
    if (!at_) at_ = detail::iteration::first(range_);
    for (; tasks_.size() < limit_ && *at_ != detail::iteration::last(range_); ++*at_) {
      auto* state = make_child();
      task<value> handle(*state);
      add(*state, nullptr);
      tasks_.push_back(std::move(handle));
    }
  }

  R range_;
  std::optional<iterator> at_;
  std::size_t limit_;
  F f_;
  bool ordered_ = true;
  std::deque<task<value>> tasks_;  // running or not yet handed over, in the order of the range: at most `limit_`
  ended_operation* consumer_ = nullptr;
  std::exception_ptr range_error_;
};

/// Calls `f(element)` for every element of a range, at most `limit` at once, and gives an `outcome` each, in order:
/// `co_await for_each(map_concurrent(urls, 100, fetch), [&](eddy::outcome<page> page) { ... })`.
///
/// For a loop of one's own enter it with `with(map_concurrent(...), [&](auto& pages) -> coro<> { while (auto page =
/// co_await pages.next()) ... })`. One failure is one result and stops nothing. Memory is in proportion to the limit,
/// not to the range: at most `limit` elements run or wait to be handed over. Leaving early cancels and joins what runs.
/// An rvalue range is kept, an lvalue is referred to and has to outlive the scope.
///
/// **In asyncio.** A Semaphore around gather, or as_completed.
template <detail::iterable R, class F>
auto map_concurrent(R&& range, std::size_t limit, F&& f) {
  EDDY_CHECK_CLOSURE(F);
  using kept = std::conditional_t<std::is_lvalue_reference_v<R>, R, std::remove_cvref_t<R>>;
  return concurrent_map<kept, std::decay_t<F>>(std::forward<R>(range), limit, std::forward<F>(f));
}

}  // namespace eddy
