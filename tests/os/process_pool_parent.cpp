// SPDX-License-Identifier: BSL-1.0
// Opens a pool of two workers, one of which works for ever, prints their pids, and waits to be killed.
#include <unistd.h>

#include <cstdio>

#include "eddy/coro/run.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/process_pool.hpp"

namespace {

void work_for_ever() {
  volatile bool on = true;
  while (on) continue;
}

eddy::coro<> main_coro() {
  auto body = [](eddy::process_pool& pool) -> eddy::coro<> {
    for (const int pid : pool.pids()) std::printf("%d\n", pid);
    std::fflush(stdout);
    co_await pool.submit(work_for_ever);
  };
  co_await eddy::with(eddy::process_pool(2).eager(), body);
}

}  // namespace

int main() { eddy::run(main_coro); }
