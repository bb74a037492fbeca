// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/channel.hpp"

namespace eddy::detail {

bool thread_claim::wait(limit deadline) {
  std::unique_lock guard(lock_);
  if (deadline) {
    if (wake_.wait_until(guard, *deadline, [this] { return granted_; })) return true;
    if (claim()) return false;
  }
  wake_.wait(guard, [this] { return granted_; });
  return true;
}

void thread_claim::granted() noexcept {
  const std::scoped_lock guard(lock_);
  granted_ = true;
  wake_.notify_one();  // under the lock: this object may be gone once it is released
}

void check_may_block(const char* what, const char* instead) {
  if (event_loop::try_current() != nullptr)
    throw misuse_error(std::string(what) + " was called on a thread that runs a loop, which it would stop; co_await " +
                       instead + " there");
}

}  // namespace eddy::detail
