// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/loop/event_loop.hpp"

// Runs turns of a loop without coroutines until `done()`, or until nothing can happen any more.
template <class Done>
void drive(eddy::event_loop& loop, Done done) {
  loop.run_with([&] {
    while (!done() && !loop.scheduler().idle()) loop.scheduler().turn();
  });
}

// Until nothing can happen any more.
inline void drive(eddy::event_loop& loop) {
  drive(loop, [] { return false; });
}
