// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <source_location>

#include "eddy/base/reports.hpp"
#include "eddy/coro/context.hpp"

namespace eddy::detail {

/// Who took something, and where: what locks, permits and leases remember of those who hold them. 16 bytes.
struct holder {
  std::source_location place;  // of the lock(), acquire() or take(); line 0 for none, as of a task that is awaited
  std::uint32_t task = 0;      // its number; 0 when no task ran there

  holder() = default;
  holder(std::source_location where, std::uint32_t number) noexcept : place(where), task(number) {}
  holder(std::source_location where, const context& c) noexcept : holder(where, c.task_number()) {}

  /// Whatever runs here holds it.
  static holder here(std::source_location where) noexcept {
    const context* c = context::try_current();
    return {where, c != nullptr ? c->task_number() : 0U};
  }
};

/// In debug mode: `c` begins to wait; does that close a circle? Follows only waits with a single holder each.
void look_for_circle(context& c) noexcept;
inline void note_wait(context& c) noexcept {
  if (debugging()) [[unlikely]]
    look_for_circle(c);
}

}  // namespace eddy::detail
