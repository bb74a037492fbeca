// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/every.hpp"

#include <utility>

#include "eddy/base/errors.hpp"

namespace eddy {

namespace {

time_point later(time_point from, std::chrono::nanoseconds by) noexcept {
  return by > time_point::max() - from ? time_point::max() : from + by;
}

}  // namespace

ticker::ticker(std::chrono::nanoseconds interval) : interval_(interval) {
  if (interval.count() <= 0) throw misuse_error("every: the interval must be longer than nothing");
}

ticker::ticker(ticker&& other) noexcept
    : interval_(other.interval_),
      pause_(other.pause_),
      policy_(other.policy_),
      next_(other.next_),
      number_(other.number_) {
  EDDY_ASSERT(!other.awaited_, "a stream of ticks was moved while a task waits for its next one");
}

ticker::~ticker() {
  EDDY_ASSERT(!awaited_,
              "a stream of ticks was destroyed while a task waits for its next one; let it outlive the task");
}

ticker::next_operation ticker::next() noexcept { return next_operation(*this); }

// The tick at next_, or for `skip` the latest one that is due.
tick ticker::take(time_point now) noexcept {
  std::uint64_t missed = 0;
  if (policy_ == missed_ticks::skip && now > *next_) missed = static_cast<std::uint64_t>((now - *next_) / interval_);
  const time_point when = *next_ + static_cast<std::int64_t>(missed) * interval_;
  const tick taken(number_ + missed, when, missed);
  number_ += missed + 1;
  next_ = later(policy_ == missed_ticks::delay ? now : when, interval_);
  return taken;
}

bool ticker::next_operation::try_complete() {
  if (stream_->awaited_) throw misuse_error("every: two tasks wait for the same ticks; make a stream for each of them");
  const detail::scheduler& s = context_->scheduler();
  if (!stream_->next_) stream_->next_ = s.deadline_in(stream_->pause_);
  const time_point now = s.now();
  if (now < *stream_->next_) return false;
  tick_.emplace(stream_->take(now));
  return true;
}

void ticker::next_operation::begin() {
  context_->scheduler().timers.arm(*this, *stream_->next_);
  stream_->awaited_ = true;
}

bool ticker::next_operation::take_back() noexcept {
  context_->scheduler().timers.cancel(*this);
  stream_->awaited_ = false;
  return true;
}

void ticker::next_operation::due() noexcept {
  stream_->awaited_ = false;
  tick_.emplace(stream_->take(context_->scheduler().now()));
  context_->completed();
}

std::string ticker::next_operation::describe() const {
  return "every(" + detail::format_duration(stream_->interval_) + ")";
}

std::optional<tick> ticker::next_operation::await_resume() const noexcept {
  return tick_ ? std::optional(*tick_) : std::nullopt;
}

}  // namespace eddy
