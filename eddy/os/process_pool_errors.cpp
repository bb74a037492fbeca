// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/process_pool_errors.hpp"

#include <string.h>  // sigabbrev_np stands nowhere else

namespace eddy {

namespace {

std::string describe(const broken_process_pool::end& how) {
  std::string text = "worker process " + std::to_string(how.pid);
  if (how.signal) {
    const char* name = ::sigabbrev_np(*how.signal);
    text += " was ended by signal " + std::to_string(*how.signal) +
            (name != nullptr ? " (SIG" + std::string(name) + ")" : "");
  } else if (how.status) {
    text += " exited with status " + std::to_string(*how.status);
  } else {
    text += " has ended, and nobody can know how (is SIGCHLD ignored, or does somebody else wait for all children?)";
  }
  if (!how.last_lines.empty()) text += "; the last it wrote to stderr:\n" + how.last_lines;
  return text;
}

}  // namespace

broken_process_pool::broken_process_pool(const std::string& what, end how)
    : error(what + ": " + describe(how)), end_(std::move(how)) {}

}  // namespace eddy
