// SPDX-License-Identifier: BSL-1.0
// Turns the program into a worker before its main begins, when a process_pool has started it as one.
//
// A program's first instructions call __libc_start_main with the address of main. This file's own one is found before
// the C library's: in a worker it hands on another main, which serves jobs. So all static objects of the program have
// been made by then, as they have in main, and nothing of main ever runs. Programs that are linked statically keep the
// C library's; there a constructor serves, after those of the objects that were linked before this one.

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "eddy/os/detail/process_frame.hpp"
#include "eddy/os/detail/process_worker.hpp"

// Weak: the linker finds this file for each program that eddy::process_pool is given to, and one that has no pool need
// not carry the rest.
extern "C" [[gnu::weak]] int eddy_serve_process_worker();

namespace {

using main_function = int (*)(int, char**, char**);
using start_function = int (*)(main_function, int, char**, void (*)(), void (*)(), void (*)(), void*);

bool started_here = false;

int serve(int, char**, char**) { return eddy_serve_process_worker(); }

bool wants_worker(char** environment) noexcept {
  const std::size_t length = std::strlen(eddy::detail::worker_variable);
  for (; *environment != nullptr; ++environment)
    if (std::strncmp(*environment, eddy::detail::worker_variable, length) == 0 && (*environment)[length] == '=')
      return true;
  return false;
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library's name
extern "C" [[gnu::weak, gnu::visibility("default")]] int __libc_start_main(main_function main, int argc, char** argv,
                                                                           void (*init)(), void (*fini)(),
                                                                           void (*rtld_fini)(), void* stack_end) {
  started_here = true;
  const auto start = reinterpret_cast<start_function>(dlsym(RTLD_NEXT, "__libc_start_main"));
  if (start == nullptr) {
    std::fputs("eddy: the C library's __libc_start_main was not found\n", stderr);
    _exit(127);
  }
  const bool worker = eddy_serve_process_worker != nullptr && wants_worker(argv + argc + 1);
  return start(worker ? serve : main, argc, argv, init, fini, rtld_fini, stack_end);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

// Not in a shared library, whose constructors run before the program is started at all.
#ifndef eddy_process_pool_EXPORTS
namespace {
[[gnu::constructor]] void serve_without_main() {
  if (started_here || eddy_serve_process_worker == nullptr || !wants_worker(environ)) return;
  const int status = eddy_serve_process_worker();
  std::fflush(nullptr);
  _exit(status);  // main has not begun: there is nothing to leave in order
}
}  // namespace
#endif

void eddy::detail::link_process_entry() noexcept {}
