// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/disturber.hpp"

#include <utility>

#include "eddy/base/errors.hpp"

namespace eddy::detail {

namespace {

task_state* task_of(context& c) noexcept {
  for (context* at = &c; at != nullptr; at = at->parent())
    if (auto* task = dynamic_cast<task_state*>(at)) return task;
  return nullptr;
}

}  // namespace

void disturber::reached(testing::moment m, context& c) {
  note(m, c);
  if (now_.what == trouble::nothing || (now_.when && *now_.when != m) || count_++ != now_.at) return;
  // A context that runs has no innermost suspended frame: before an await, leaf() is an old one that may be gone.
  if (const promise_base* frame = c.leaf(); frame != nullptr && m != testing::moment::before)
    where_ = format_place(frame->place);
  ++hits_;
  disturb(c);
  next();
}

void disturber::next() noexcept {
  count_ = 0;
  now_ = again_ ? then_ : std::exchange(then_, disturbance());
}

// Numbers only, which are the same in every run: no addresses (L10).
void disturber::note(testing::moment m, const context& c) noexcept {
  ++moments_;
  const task_state* task = task_of(const_cast<context&>(c));
  const std::uint64_t here = (task != nullptr ? std::uint64_t{task->number()} << 34 : 0) |
                             std::uint64_t{c.wait_number()} << 2 | static_cast<std::uint64_t>(m);
  trace_ = (trace_ ^ here) * 1099511628211U;
}

void disturber::disturb(context& c) {
  switch (now_.what) {
    case trouble::nothing:
      break;
    case trouble::cancel:
      main_.cancel("explore");
      break;
    case trouble::cancel_task:
      if (task_state* task = task_of(c)) task->cancel("explore");
      break;
    case trouble::time_out:
      if (limit_.limited != nullptr) limit_.limited->expire();
      break;
    case trouble::close_loop:
      runner_.registry().close("explore shuts the loop down");
      break;
    case trouble::lift_shields:
      runner_.registry().lift_shields();
      break;
  }
}

}  // namespace eddy::detail
