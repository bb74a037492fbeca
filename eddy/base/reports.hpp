// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "eddy/base/function.hpp"

namespace eddy {

/// Where the debug mode's reports go: a sentence each, without a line end. Called on the thread that found the fault.
using report_handler = detail::function<void(const std::string& text)>;

/// Sets where reports go and returns what was there before. The default prints "eddy: <text>" to stderr.
///
/// **Thread safety.** Any thread; a report in flight may still reach the old handler.
report_handler set_report_handler(report_handler handler);

namespace detail {

/// Sends `text` to the report handler.
void report(const std::string& text);

/// How many loops of this process run in debug mode; EDDY_DEBUG counts as one. Only through the two below.
extern int debug_loops;

/// Whether some loop of this process runs in debug mode, or EDDY_DEBUG is set: one relaxed load.
// It orders nothing; a loop that has just switched debug mode on may miss the very next report.
inline bool debugging() noexcept { return __atomic_load_n(&debug_loops, __ATOMIC_RELAXED) != 0; }
/// Counts loops in debug mode.
void add_debugging(int difference) noexcept;

/// What stands at an address of code, as far as it can be told: `function (file.cpp:42)`, or `module+0x12ab`.
std::string describe_code(void* address);

}  // namespace detail
}  // namespace eddy
