// SPDX-License-Identifier: BSL-1.0
#include <execinfo.h>

#include <array>
#include <unordered_map>

#include "eddy/base/reports.hpp"
#include "eddy/coro/coro.hpp"

namespace eddy::detail {

namespace {

// Only in debug mode: where each coroutine that has not been started was made. A thread's own: coroutines do not
// travel.
struct birth {
  std::array<void*, 6> stack;
  int depth;
};

std::unordered_map<const promise_base*, birth>& births() {
  static thread_local std::unordered_map<const promise_base*, birth> known;
  return known;
}

}  // namespace

EDDY_NOINLINE void note_birth(promise_base& frame) {
  birth record{};
  record.depth = backtrace(record.stack.data(), static_cast<int>(record.stack.size()));
  births()[&frame] = record;
}

void report_never_awaited(promise_base& frame) noexcept {
  std::string text = "coroutine " + std::string(frame.place.function_name()) + " (" + format_place(frame.place) +
                     ") was never awaited; write co_await before it, or give it to create_task";
  if (const auto found = births().find(&frame); found != births().end()) {
    // Above the ramp of the coroutine itself (this function, get_return_object, the ramp) stands whoever called it.
    for (int i = 2; i < found->second.depth; ++i) {
      const std::string where = describe_code(found->second.stack[static_cast<std::size_t>(i)]);
      text += (i == 2 ? "; made in " : " < ") + where;
    }
    births().erase(found);
  }
  report(text);
}

}  // namespace eddy::detail
