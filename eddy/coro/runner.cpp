// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/runner.hpp"

namespace eddy {

runner::runner(const run_options& options) : loop_(options.backend_) {
  detail::loop_driver::attach(loop_, options.grace_, options.handle_interrupt_);
  if (options.debug_) loop_.set_debug(true);
  loop_.scheduler().spin = options.spin_;
}

runner::~runner() = default;  // the loop closes itself

}  // namespace eddy
