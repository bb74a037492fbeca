// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/run.hpp"

namespace eddy {

namespace {

// Before anything is made: neither a loop nor a main task that nobody would run.
const run_options& checked(const run_options& options) {
  if (event_loop::try_current() != nullptr)
    throw misuse_error("run was called inside a running loop; use co_await or create_task there instead");
  return options;  // NOLINT(bugprone-return-const-ref-from-parameter): a constructor's, which outlives this
}

}  // namespace

runner_base::runner_base(const run_options& options)
    : loop_(checked(options).backend_),
      driver_(detail::loop_driver::attach(loop_, options.grace_, options.handle_interrupt_)) {
  if (options.debug_) loop_.set_debug(true);
  loop_.scheduler().spin = options.spin_;
}

runner_base::~runner_base() = default;

void runner_base::drive(detail::task_state& main) { driver_.run_all(main); }

}  // namespace eddy
