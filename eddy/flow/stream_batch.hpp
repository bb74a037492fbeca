// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/flow/stream_pump.hpp"

namespace eddy::streams {

/// Items in bundles of a fixed size; see batch().
template <class S>
class batched final : public detail::over_source<S> {
  using value = value_t<std::remove_reference_t<S>>;

 public:
  batched(S&& s, std::size_t size) : detail::over_source<S>(std::forward<S>(s)), size_(size) {
    if (size == 0) throw misuse_error("streams::batch: the size must be at least 1");
  }

  coro<std::optional<std::vector<value>>> next() {
    while (items_.size() < size_ && !error_) {
      try {
        auto item = co_await this->source_.next();
        if (!item) break;
        items_.push_back(*std::move(item));
      } catch (...) {
        error_ = std::current_exception();  // behind the items that came before it
      }
    }
    if (items_.empty() && error_) std::rethrow_exception(detail::exchanged(error_, nullptr));
    if (items_.empty()) co_return std::nullopt;
    co_return std::optional(detail::exchanged(items_, {}));
  }

 private:
  std::size_t size_;
  std::vector<value> items_;  // stays when next() is cancelled
  std::exception_ptr error_;
};

/// Items in bundles of a size and within a time; see batch().
template <class S>
class timed_batches final : public detail::pumped_stream<value_t<std::remove_reference_t<S>>> {
  using value = value_t<std::remove_reference_t<S>>;

 public:
  timed_batches(S&& s, std::size_t size, std::chrono::nanoseconds within)
      : source_(std::forward<S>(s)), pump_(size), within_(within) {
    if (size == 0) throw misuse_error("streams::batch: the size must be at least 1");
  }
  timed_batches(timed_batches&&) noexcept = default;

  class next_operation;
  [[nodiscard]] next_operation next() {
    this->check_open();
    if (!this->started()) this->start(source_, pump_);
    return next_operation(*this);
  }

 private:
  // Full, over, or failed; otherwise it is up to the clock.
  bool complete() const noexcept { return this->arrived() >= pump_.limit || this->all_ended() || this->has_error(); }
  bool overdue(time_point now) const noexcept { return first_came_ && now - *first_came_ >= within_; }
  /// Takes note of when the first item of a batch came.
  void look(time_point now) noexcept {
    if (this->arrived() != 0 && !first_came_) first_came_ = now;
  }
  void item_arrived() noexcept override { look(this->context_->scheduler().now()); }

  std::optional<std::vector<value>> take_batch() {
    first_came_.reset();
    std::vector<value> items;
    while (this->arrived() != 0 && items.size() < pump_.limit) {
      if (this->front_is_error() && !items.empty()) break;  // behind the items that came before it
      items.push_back(this->take());
    }
    if (items.empty()) return std::nullopt;
    return items;
  }

  S source_;
  typename detail::pumped_stream<value>::pump pump_;
  std::chrono::nanoseconds within_;
  std::optional<time_point> first_came_;
};

/// Waits until a batch is complete or its time is over. Atomic: a cancelled one leaves every item, and its time goes
/// on.
template <class S>
class timed_batches<S>::next_operation final : public detail::leaf<next_operation>,
                                               private detail::stream_consumer,
                                               private detail::timer {
 public:
  explicit next_operation(timed_batches& s) noexcept : stream_(&s) {}
  next_operation(next_operation&& other) noexcept
      : detail::leaf<next_operation>(std::move(other)), stream_(other.stream_) {}

  bool try_complete() const noexcept {
    return stream_->complete() || stream_->overdue(this->context_->scheduler().now());
  }
  void begin() {
    stream_->wait(*this);
    arm_timer();
  }
  bool take_back() noexcept {
    stop();
    return true;
  }
  std::optional<std::vector<value>> await_resume() { return stream_->take_batch(); }
  std::string describe() const override { return "the next batch of a stream"; }

 private:
  void something_arrived() noexcept override {
    if (stream_->complete())
      done();
    else
      arm_timer();
  }
  void due() noexcept override { done(); }
  void arm_timer() noexcept {
    if (!stream_->first_came_ || this->armed()) return;
    detail::scheduler& s = this->context_->scheduler();
    const bool ends = stream_->within_ <= time_point::max() - *stream_->first_came_;
    s.timers.arm(*this, ends ? *stream_->first_came_ + stream_->within_ : time_point::max());
  }
  void stop() noexcept {
    stream_->stop_waiting();
    this->context_->scheduler().timers.cancel(*this);
  }
  void done() noexcept {
    stop();
    this->context_->completed();
  }

  timed_batches* stream_;
};

class batch_shape final : public shape {
 public:
  explicit batch_shape(std::size_t size) noexcept : size_(size) {}
  template <class S>
  auto around(S&& s) && {
    return batched<detail::kept_source<S>>(std::forward<S>(s), size_);
  }

 private:
  std::size_t size_;
};

class timed_batch_shape final : public shape {
 public:
  timed_batch_shape(std::size_t size, std::chrono::nanoseconds within) noexcept : size_(size), within_(within) {}
  template <class S>
  auto around(S&& s) && {
    return timed_batches<detail::kept_source<S>>(std::forward<S>(s), size_, within_);
  }

 private:
  std::size_t size_;
  std::chrono::nanoseconds within_;
};

/// `source | batch(n)`: vectors of `n` items; the last one may be shorter.
///
/// What the source throws comes out of next() after the items that came before it.
///
/// **Cancellation.** As that of the source; items that were collected stay for the next call.
[[nodiscard]] inline batch_shape batch(std::size_t n) noexcept { return batch_shape(n); }

/// `source | batch(n, within)`: vectors of up to `n` items, each handed over at the latest `within` after its first
/// item came, when the consumer waits for it by then.
///
/// The source is asked in a child task, up to `n` items ahead: the time does not cancel it. So it exists only in
/// `for_each` and `with`. When the consumer leaves, items that wait are dropped and the source is cancelled and left.
///
/// **Cancellation.** next() is a cancellation point, and atomic: a cancelled one leaves every item.
[[nodiscard]] inline timed_batch_shape batch(std::size_t n, std::chrono::nanoseconds within) noexcept {
  return timed_batch_shape(n, within);
}

}  // namespace eddy::streams
