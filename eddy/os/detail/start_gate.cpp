// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/start_gate.hpp"

#include <utility>

namespace eddy::detail {

coro<> start_gate::pass() {
  semaphore_permit permit = co_await turn_.acquire();
  scheduler_.timers.arm(*this, scheduler_.now());
  taken_ = std::move(permit);
}

void start_gate::due() noexcept { taken_.release(); }

void start_gate::shut_down() noexcept {
  if (armed()) scheduler_.timers.cancel(*this);
  taken_.release();
}

}  // namespace eddy::detail
