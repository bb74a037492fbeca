// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <array>
#include <cstddef>
#include <thread>

namespace eddy::testing {

/// Runs `body` on a thread to which the system refuses the call `number` with `error`, as a container's seccomp profile
/// or an old kernel would. @returns false when the system does not let a thread forbid itself anything.
template <class F>
bool with_forbidden_call(int number, int error, F body) {
  bool forbidden = false;
  std::thread([&] {
    std::array<sock_filter, 4> rules{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{rules.size(), rules.data()};
    // Both hold for this thread alone, and end with it.
    forbidden =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    if (forbidden) body();
  }).join();
  return forbidden;
}

}  // namespace eddy::testing
