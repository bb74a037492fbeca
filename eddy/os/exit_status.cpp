// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/exit_status.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <cstring>

namespace eddy {

namespace {

std::string signal_name(int number) {
#ifdef __GLIBC__
  if (const char* name = ::sigabbrev_np(number)) return std::string("SIG") + name;
#endif
  if (number >= SIGRTMIN && number <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
  return "signal " + std::to_string(number);
}

}  // namespace

exit_status exit_status::from_wait_status(int status) noexcept {
  if (WIFEXITED(status)) return from_code(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return from_signal(WTERMSIG(status), WCOREDUMP(status));
  return {};
}

std::string exit_status::to_string() const {
  switch (how_) {
    case kind::exited:
      return "exited with " + std::to_string(number_);
    case kind::killed:
      return "killed by " + signal_name(number_) + (core_dumped_ ? " (core dumped)" : "");
    case kind::unknown:
      break;
  }
  return "status unknown";
}

}  // namespace eddy
