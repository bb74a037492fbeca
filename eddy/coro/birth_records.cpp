// SPDX-License-Identifier: BSL-1.0
#include <execinfo.h>

#include <array>
#include <memory>

#include "eddy/base/reports.hpp"
#include "eddy/coro/coro.hpp"

namespace eddy::detail {

namespace {

// Only in debug mode: where a coroutine was made.
struct birth {
  const promise_base* frame = nullptr;
  const char* function = nullptr;  // tells it from an older one at the same address
  std::array<void*, 6> stack{};
  int depth = 0;
};

constexpr std::size_t birth_count = 1024;

// A thread's own: coroutines do not travel. A table of fixed size, by address, where a new one takes the place of an
// old one: nobody has to say that a coroutine was started, and of what waits to be started hardly anything is
// overwritten.
birth& birth_of(const promise_base& frame) {
  static thread_local const auto table = std::make_unique<std::array<birth, birth_count>>();
  return (*table)[reinterpret_cast<std::uintptr_t>(&frame) / 16 % birth_count];
}

}  // namespace

EDDY_NOINLINE void note_birth(promise_base& frame) {
  birth& record = birth_of(frame);
  record.frame = &frame;
  record.function = frame.place.function_name();
  record.depth = backtrace(record.stack.data(), static_cast<int>(record.stack.size()));
}

void report_never_awaited(promise_base& frame) noexcept {
  std::string text = "coroutine " + std::string(frame.place.function_name()) + " (" + format_place(frame.place) +
                     ") was never awaited; write co_await before it, or give it to create_task";
  const birth& record = birth_of(frame);
  if (record.frame == &frame && record.function == frame.place.function_name()) {
    // Above the ramp of the coroutine itself (this function, get_return_object, the ramp) stands whoever called it.
    for (int i = 2; i < record.depth; ++i) {
      const std::string where = describe_code(record.stack[static_cast<std::size_t>(i)]);
      text += (i == 2 ? "; made in " : " < ") + where;
    }
  }
  report(text);
}

}  // namespace eddy::detail
