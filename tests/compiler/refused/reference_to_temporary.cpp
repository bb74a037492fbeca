// SPDX-License-Identifier: BSL-1.0
// The string that "text" is converted to would be gone before the coroutine runs.
#include <string>

#include "eddy/coro/task.hpp"

eddy::coro<> use(const std::string& text);

void start() { eddy::create_task(use, "text"); }
