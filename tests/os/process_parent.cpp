// SPDX-License-Identifier: BSL-1.0
// A program with a child that shall not outlive it: prints the child's number, then waits to be killed.
#include <cstdio>

#include "eddy/coro/run.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"

int main() {
  eddy::run([]() -> eddy::coro<> {
    co_await with(eddy::command("sleep", "1000").die_with_parent().spawn(), [](eddy::process& p) -> eddy::coro<> {
      std::printf("%d\n", p.pid());
      std::fflush(stdout);
      co_await p.wait();
    });
  });
}
