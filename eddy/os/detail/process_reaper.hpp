// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <vector>

#include "eddy/loop/event_loop.hpp"
#include "eddy/os/detail/descendants.hpp"

namespace eddy::detail {

/// Reaps children that were killed and that nobody waits for any more: one a loop, so that no destructor has to wait
/// for the kernel and no zombie stays.
class process_reaper final : public loop_service, private timer {
 public:
  explicit process_reaper(event_loop& loop) noexcept;
  ~process_reaper() override;

  /// Takes over a child that has been sent SIGKILL.
  /// @param pidfd  Attached to no backend; closed in the end.
  void take(int pidfd) noexcept;
  /// And all that this process inherits from one: killed and reaped until there is no more.
  void take(std::unique_ptr<subreaper> inherits) noexcept;

  /// Waits for all that are left: they have been killed.
  void shut_down() noexcept override;

 private:
  class orphan;

  void due() noexcept override;
  void end_inherited() noexcept;

  scheduler& scheduler_;
  std::vector<std::unique_ptr<orphan>> orphans_;
  std::vector<std::unique_ptr<subreaper>> inherits_;
};

}  // namespace eddy::detail
