// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/future.hpp"

namespace eddy::detail {

void future_state_base::settled() {
  done_ = true;
  --loop_.scheduler().open_promises;
  while (!waiters.empty()) waiters.pop_front().settled();
  for (const auto& callback : std::exchange(callbacks_, {})) callback();
}

void future_state_base::check_open(const char* what) const {
  if (done_)
    throw misuse_error(std::string("promise::") + what +
                       ": it has a value or an exception already; a promise is set once");
}

}  // namespace eddy::detail
