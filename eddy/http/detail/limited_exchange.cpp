// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/limited_exchange.hpp"

#include "eddy/http/detail/exchange.hpp"

namespace eddy::http::detail {

void limited_exchange::begin() {
  eddy::detail::scheduler& loop = context_->scheduler();
  exchange_->attach(*this, loop);
  armed_for_ = exchange_->deadlines().next();
  if (armed_for_ != deadlines::never) loop.timers.arm(*this, armed_for_);
}

void limited_exchange::await_resume() {
  if (expired_ && result().cancelled()) exchange_->throw_timeout();
  take_result();
}

std::string limited_exchange::describe() const { return exchange_->name(); }

void limited_exchange::deadline_changed() noexcept {
  const time_point next = exchange_->deadlines().next();
  if (next >= armed_for_) return;  // the timer looks again when it fires
  eddy::detail::timer_queue& timers = context_->scheduler().timers;
  if (armed()) timers.cancel(*this);
  armed_for_ = next;
  timers.arm(*this, next);
}

std::coroutine_handle<> limited_exchange::branch_ended(eddy::detail::branch_base& ended) noexcept {
  if (armed()) context_->scheduler().timers.cancel(*this);
  exchange_->detach();
  return single_scope::branch_ended(ended);
}

void limited_exchange::due() noexcept {
  eddy::detail::scheduler& loop = context_->scheduler();
  armed_for_ = exchange_->deadlines().next();
  if (armed_for_ > loop.now()) {
    if (armed_for_ != deadlines::never) loop.timers.arm(*this, armed_for_);
    return;
  }
  expired_ = true;
  exchange_->deadlines().expire(loop.now());
  eddy::detail::cancellation going(loop, "a limit of the request was reached");
  going.add(*branch_);
  going.run();
}

request_operation::request_operation(eddy::detail::owned<exchange> x)
    : limited_exchange(*x, &exchange::fetch), owned_(std::move(x)) {}
request_operation::~request_operation() = default;

http::reply request_operation::await_resume() {
  limited_exchange::await_resume();
  return owned_->take_reply();
}

}  // namespace eddy::http::detail
