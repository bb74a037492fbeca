// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/context_manager.hpp"

#include "eddy/base/reports.hpp"

namespace eddy::detail {

manager_base::~manager_base() {
  if (frame_ == nullptr || running_ || !debugging()) return;
  const bool entered = frame().value != nullptr;
  report("context_manager " + describe_function() +
         (entered ? " was dropped before its part behind the co_yield could run" : " was never entered") +
         "; use it as co_await with(" + "..., body)");
}

manager_base::enter_base::enter_base(manager_base& m) : run_part(m) {
  if (m.frame_ == nullptr || m.running_ || m.frame().value != nullptr)
    throw misuse_error("context_manager " + m.describe_function() +
                       " was entered before, or moved from; it opens once: call the function again");
}

void* manager_base::enter_base::yielded() {
  manager_base& m = manager();
  m.running_ = false;
  if (!m.at_end()) return m.frame().value;
  m.take_end();
  throw misuse_error("context_manager " + m.describe_function() + " ended without a co_yield; it needs exactly one");
}

manager_base::leave_operation::leave_operation(manager_base& m, const outcome<>& how) : run_part(m) {
  if (m.frame_ == nullptr || m.running_ || m.frame().value == nullptr)
    throw misuse_error("context_manager " + m.describe_function() + " is not open; enter it with co_await with(...)");
  static_cast<manager_promise_base&>(m.frame()).how = &how;
}

void manager_base::leave_operation::await_resume() {
  manager_base& m = manager();
  m.running_ = false;
  if (m.at_end()) {
    m.take_end();
    return;
  }
  const std::string where = format_place(m.frame().place);
  m.destroy_frame();
  throw misuse_error("context_manager " + m.describe_function() + " came to a second co_yield at " + where +
                     "; it needs exactly one");
}

}  // namespace eddy::detail
