// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/coro.hpp"
#include "eddy/loop/event_loop.hpp"
#include "eddy/sync/semaphore.hpp"

namespace eddy::detail {

/// Lets one start of a program happen in each turn of a loop, first come first served: a start holds the loop up for as
/// long as exec takes, and a thousand of them in a row would for half a second.
class start_gate final : public loop_service, private timer {
 public:
  explicit start_gate(event_loop& loop) noexcept : scheduler_(loop.scheduler()) {}

  /// Waits for a turn in which nobody has started a program. Atomic.
  coro<> pass();
  void shut_down() noexcept override;

 private:
  void due() noexcept override;  // the next turn has polled

  scheduler& scheduler_;
  semaphore turn_{1, "a turn to start a program"};
  semaphore_permit taken_;
};

}  // namespace eddy::detail
