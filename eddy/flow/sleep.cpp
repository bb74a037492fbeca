// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/sleep.hpp"

namespace eddy::detail {

void sleep_operation::begin_waiting() {
  detail::scheduler& s = context_->scheduler();
  const time_point deadline = absolute_ ? time_point(time_) : s.deadline_in(time_);
  if (!absolute_ || deadline > s.now())
    s.timers.arm(*this, deadline);
  else
    context_->completed();
}

}  // namespace eddy::detail
