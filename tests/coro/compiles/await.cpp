// SPDX-License-Identifier: BSL-1.0
// A coroutine that is made and dropped: the compiler warns, unless FORGOTTEN is 0.
#include "eddy/coro/coro.hpp"

eddy::coro<int> give();

eddy::coro<> caller() {
#if FORGOTTEN
  give();
#else
  co_await give();
#endif
  co_return;
}
