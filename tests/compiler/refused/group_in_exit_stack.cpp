// SPDX-License-Identifier: BSL-1.0
// Children have to end before what they use is closed.
#include "eddy/flow/exit_stack.hpp"
#include "eddy/flow/task_group.hpp"

eddy::coro<> body(eddy::exit_stack& stack) { co_await stack.enter(eddy::task_group()); }
