// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include "eddy/coro/task.hpp"

namespace eddy {

/// Why a task does not go on: what it waits for, who holds that, what they wait for, and so on; a line each.
///
/// ```
/// task "order 9" (place_order at shop.cpp:88) waits for mutex "stock" (shop.cpp:19)
///   held by task "order 4" (place_order at shop.cpp:88) since shop.cpp:61, which waits for mutex "ledger"
///   (shop.cpp:20) held by task "order 9" since shop.cpp:60: a deadlock
///     order 9: reserve (shop.cpp:61) < place_order (shop.cpp:92)
///     order 4: ...
/// ```
/// Locks, permits, leases and guards remember the task that took them, and the line. One that was handed to another
/// task is still told under the first one's name.
///
/// @param number  `task::number()`, or of a `task_info`.  @returns a sentence too when there is no such task.
///
/// **Thread safety.** Only on the loop's thread; tells of that loop's tasks.
/// **In asyncio.** Nothing like it; `python -m asyncio pstree` shows who awaits whom.
std::string why(std::uint32_t number);
template <class T>
std::string why(const task<T>& t) {
  return why(t.number());
}

/// Every circle of tasks that wait for each other, explained as by why(), although the rest of the program runs on.
///
/// Says nothing of tasks that may go on by themselves: who waits for time, for input, for an item, or has a branch that
/// does. In debug mode a circle is reported when it closes; a loop that can never go on is reported in any mode.
///
/// @returns an empty text when there is none.
///
/// **Thread safety.** Only on the loop's thread.
/// **Complexity.** Linear in the number of tasks and waits.
std::string explain_waits();

namespace detail {

/// For a loop in which nothing can happen any more: the circles, and what is held by tasks that have ended.
std::string explain_deadlock(task_registry& registry);

}  // namespace detail
}  // namespace eddy
