// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/timeout.hpp"

#include "eddy/flow/named_work.hpp"

namespace eddy {

namespace detail {

std::string innermost_wait(const context& c) {
  const context* at = &c;
  while (const operation* waits_for = at->waits_for()) {
    if (dynamic_cast<const named_work*>(waits_for) != nullptr) return waits_for->describe();
    const context* child = nullptr;
    waits_for->visit_children([&](context& each) {
      if (child == nullptr) child = &each;
    });
    if (child == nullptr) return waits_for->describe();
    at = child;
  }
  return {};
}

}  // namespace detail

bool timeout_scope::set(time_point deadline, std::source_location where) {
  if (closed()) return false;
  detail::timer_queue& timers = awaiting_->scheduler().timers;
  if (armed())
    timers.move(*this, deadline);
  else
    timers.arm(*this, deadline);
  limit_.reset();
  deadline_ = deadline;
  where_ = where;
  return true;
}

bool timeout_scope::lift(std::source_location where) noexcept {
  if (closed()) return false;
  awaiting_->scheduler().timers.cancel(*this);
  limit_.reset();
  deadline_.reset();
  where_ = where;
  return true;
}

void timeout_scope::arm(context& awaiting) {
  if (limit_) deadline_ = awaiting.scheduler().deadline_in(*limit_);
  if (deadline_) awaiting.scheduler().timers.arm(*this, *deadline_);
  awaiting_ = &awaiting;
}

void timeout_scope::disarm() noexcept {
  awaiting_->scheduler().timers.cancel(*this);
  awaiting_ = nullptr;
}

void timeout_scope::due() noexcept {
  expired_ = true;
  context& branch = limited();
  waited_for_ = detail::innermost_wait(branch);
  detail::cancellation going(branch.scheduler(),
                             limit_ ? "limit of " + detail::format_duration(*limit_) + " reached" : "deadline reached");
  going.add(branch);
  going.run();
}

void timeout_scope::throw_expired() const {
  if (limit_) throw timeout_error(*limit_, where_, waited_for_);
  throw timeout_error(where_, waited_for_);
}

std::string timeout_scope::describe_limit() const {
  const std::string limit = limit_ ? "timeout(" + detail::format_duration(*limit_) + ")" : "timeout_at";
  return limit + " set at " + detail::format_place(where_);
}

}  // namespace eddy
