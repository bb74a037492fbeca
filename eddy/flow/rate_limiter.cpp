// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/rate_limiter.hpp"

#include <algorithm>

#include "eddy/loop/event_loop.hpp"

namespace eddy {

namespace {

// Longer spans than a hundred years of burst would leave the clock's range.
constexpr double longest_burst = 3e18;

}  // namespace

rate::rate(std::uint32_t permits, std::chrono::nanoseconds period) : permits_(permits), period_(period) {
  if (permits == 0) throw misuse_error("rate: at least one permit a period; for none at all close what it protects");
  if (period.count() <= 0) throw misuse_error("rate: the period must be longer than nothing");
}

rate& rate::burst(std::uint32_t permits) {
  if (permits == 0) throw misuse_error("rate::burst: at least 1, which lets them pass evenly spaced");
  burst_ = permits;
  return *this;
}

rate_limiter::rate_limiter(rate limit)
    : permits_(limit.permits_),
      burst_(limit.burst_),
      interval_(limit.period_ / limit.permits_),
      interval_part_(static_cast<std::uint64_t>(limit.period_.count()) % limit.permits_) {
  const double span = static_cast<double>(burst_) * static_cast<double>(limit.period_.count()) / permits_;
  if (span > longest_burst) throw misuse_error("rate_limiter: its burst takes more than a hundred years to come back");
}

rate_limiter::~rate_limiter() {
  EDDY_ASSERT(waiters_.empty(),
              "a rate_limiter was destroyed while tasks wait for it; let it outlive them, for example by declaring it "
              "before their task_group");
}

rate_limiter::acquire_operation rate_limiter::acquire(std::uint32_t permits) {
  check(permits);
  return {*this, permits};
}

bool rate_limiter::try_acquire(std::uint32_t permits) {
  check(permits);
  const time_point now = event_loop::current().now();
  if (!waiters_.empty() || due_at(permits) > now) return false;
  use(permits, now);
  return true;
}

rate_limiter::statistics_type rate_limiter::statistics() const {
  const time_point now = event_loop::current().now();
  std::uint32_t available = 0;  // the most that are due
  for (std::uint32_t least = 0, most = burst_; least <= most && most > 0;) {
    const std::uint32_t middle = least + (most - least) / 2;
    if (middle == 0 || due_at(middle) <= now) {
      available = middle;
      least = middle + 1;
    } else {
      most = middle - 1;
    }
  }
  auto& waiters = const_cast<rate_limiter*>(this)->waiters_;
  const std::uint32_t wanted = waiters.empty() ? 1 : waiters.front().permits_;
  return {waiters.size(), available, granted_, std::max(now, due_at(wanted))};
}

void rate_limiter::check(std::uint32_t permits) const {
  if (permits == 0) throw misuse_error("rate_limiter: acquire at least 1 permit");
  if (permits > burst_)
    throw misuse_error("rate_limiter: " + std::to_string(permits) + " permits are never there at once, the burst is " +
                       std::to_string(burst_) + "; make the burst larger, or acquire them in parts");
}

rate_limiter::moment rate_limiter::later(moment from, std::uint32_t permits) const noexcept {
  const std::uint64_t part = from.part + permits * interval_part_;
  return {from.whole + permits * interval_ + std::chrono::nanoseconds(part / permits_), part % permits_};
}

// The earliest nanosecond at which so many are saved up: as many intervals before it is full as will then still be
// missing.
time_point rate_limiter::due_at(std::uint32_t permits) const noexcept {
  if (full_.whole == time_point::min()) return full_.whole;
  const std::uint32_t missing = burst_ - permits;
  const std::uint64_t part = missing * interval_part_;
  const time_point whole = full_.whole - missing * interval_ - std::chrono::nanoseconds(part / permits_);
  return full_.part > part % permits_ ? whole + std::chrono::nanoseconds(1) : whole;
}

// What is saved up beyond the burst is gone: it counts as full since `idle_before` at the earliest.
void rate_limiter::use(std::uint32_t permits, time_point idle_before) noexcept {
  if (full_.whole < idle_before) full_ = {idle_before, 0};
  full_ = later(full_, permits);
  granted_ += permits;
}

// Who waited is served as of the moment when it was due, so that late wake-ups do not add up; but a standstill of more
// than an interval is no reason to let everything pass at once that could have passed meanwhile.
void rate_limiter::due() noexcept {
  const time_point now = scheduler_->now();
  const time_point idle_before = now - interval_;
  if (full_.whole < idle_before) full_ = {idle_before, 0};
  while (!waiters_.empty() && due_at(waiters_.front().permits_) <= now) {
    acquire_operation& served = waiters_.pop_front();
    use(served.permits_, idle_before);
    served.grant();
  }
  schedule();
}

// Needs no memory: it has been armed before.
void rate_limiter::schedule() noexcept {
  scheduler_->timers.cancel(*this);
  if (!waiters_.empty()) scheduler_->timers.arm(*this, due_at(waiters_.front().permits_));
}

void rate_limiter::acquire_operation::begin() {
  detail::scheduler& s = context_->scheduler();
  limiter_->scheduler_ = &s;
  if (limiter_->waiters_.empty()) s.timers.arm(*limiter_, limiter_->due_at(permits_));
  limiter_->waiters_.push_back(*this);
}

bool rate_limiter::acquire_operation::take_back() noexcept {
  const bool was_first = limiter_->waiters_.first() == this;
  unlink();
  if (was_first) limiter_->schedule();
  return true;
}

}  // namespace eddy
