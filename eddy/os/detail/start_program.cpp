// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/start_program.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "eddy/base/config.hpp"

// The child shares the parent's memory, also the sanitizers' records of it: they have to keep out of its code.
#if defined(__clang__)
#define EDDY_IN_CHILD __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define EDDY_IN_CHILD __attribute__((noinline, no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))
#endif

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace eddy::detail {

namespace {

using kernel_signals = std::uint64_t;  // the kernel's sigset_t: one bit a signal

constexpr int last_signal = 64;

/// What parent and child share for the time that the child needs.
struct start_call {
  const char* const* candidates;
  std::size_t candidate_count;
  char* const* arguments;
  char* const* environment;
  const char* cwd;
  const std::pair<int, int>* files;
  int* moved;  // as many as files: where each stands when nothing may be overwritten any more
  std::size_t file_count;
  unsigned descriptor_limit;
  bool own_group;
  bool own_session;
  int death_signal;
  int umask;  // -1: as it is
  const int* nice;
  int parent;
  start_failure failure;
};

EDDY_IN_CHILD int fail(start_call& call, start_step step) noexcept {
  call.failure.step = step;
  call.failure.error = errno;
  return 127;
}

EDDY_IN_CHILD void reset_signals() noexcept {
  // The kernel's struct sigaction differs between machines; its first word is the handler, all zeros the default.
  struct action {
    std::uintptr_t handler;
    std::uintptr_t rest[7];
  };
  for (int number = 1; number <= last_signal; ++number) {
    action now;
    if (::syscall(SYS_rt_sigaction, number, nullptr, &now, sizeof(kernel_signals)) != 0) continue;
    const bool ignored = now.handler == reinterpret_cast<std::uintptr_t>(SIG_IGN);
    if (now.handler == reinterpret_cast<std::uintptr_t>(SIG_DFL) || (ignored && number == SIGHUP)) continue;
    action usual;
    usual.handler = 0;
    for (auto& word : usual.rest) word = 0;
    ::syscall(SYS_rt_sigaction, number, &usual, nullptr, sizeof(kernel_signals));
  }
}

EDDY_IN_CHILD void close_between(start_call& call, unsigned first, unsigned last) noexcept {
  if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return;
  // Linux before 5.9. No descriptor is above the limit, unless it was lowered after they were opened.
  for (unsigned fd = first; fd <= last && fd < call.descriptor_limit; ++fd) ::syscall(SYS_close, fd);
}

/// Puts each descriptor where the child shall have it and closes all others, whoever opened them.
EDDY_IN_CHILD bool place_descriptors(start_call& call) noexcept {
  int highest = 2;
  for (std::size_t i = 0; i < call.file_count; ++i)
    if (call.files[i].second > highest) highest = call.files[i].second;
  for (std::size_t i = 0; i < call.file_count; ++i) {
    const int from = call.files[i].first;
    call.moved[i] = from;
    if (from == call.files[i].second || from > highest) continue;
    const long copy = ::syscall(SYS_fcntl, from, F_DUPFD_CLOEXEC, highest + 1);
    if (copy < 0) return false;
    call.moved[i] = static_cast<int>(copy);
  }
  unsigned next = 0;  // the first that has not been looked at
  for (std::size_t i = 0; i < call.file_count; ++i) {
    const int to = call.files[i].second;
    const long result =
        call.moved[i] == to ? ::syscall(SYS_fcntl, to, F_SETFD, 0) : ::syscall(SYS_dup3, call.moved[i], to, 0);
    if (result < 0) return false;
  }
  for (std::size_t i = 0; i < call.file_count; ++i) {
    const auto to = static_cast<unsigned>(call.files[i].second);
    if (to > next) close_between(call, next, to - 1);
    next = to + 1;
  }
  close_between(call, next, ~0U);
  return true;
}

/// As execvp: what is not there is passed over; what may not be executed too, but it is then what is reported.
EDDY_IN_CHILD int execute(start_call& call) noexcept {
  int worst = ENOENT;
  std::size_t whose = 0;
  for (std::size_t i = 0; i < call.candidate_count; ++i) {
    ::syscall(SYS_execve, call.candidates[i], call.arguments, call.environment);
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR || error == ESTALE || error == ENODEV || error == ETIMEDOUT) continue;
    worst = error;
    whose = i;
    if (error != EACCES) break;
  }
  errno = worst;
  call.failure.candidate = whose;
  return fail(call, start_step::exec);
}

EDDY_IN_CHILD int child_main(void* argument) noexcept {
  start_call& call = *static_cast<start_call*>(argument);
  if (call.death_signal != 0) {
    if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, call.death_signal, 0, 0, 0) != 0) return fail(call, start_step::clone);
    // It may have died before the line above; then nothing would tell.
    if (::syscall(SYS_getppid) != call.parent) return fail(call, start_step::parent_died);
  }
  if (call.own_session && ::syscall(SYS_setsid) < 0) return fail(call, start_step::session);
  if (call.own_group && !call.own_session && ::syscall(SYS_setpgid, 0, 0) != 0) return fail(call, start_step::group);
  reset_signals();
  if (call.umask >= 0) ::syscall(SYS_umask, call.umask);
  if (call.nice != nullptr && ::syscall(SYS_setpriority, PRIO_PROCESS, 0, *call.nice) != 0)
    return fail(call, start_step::nice);
  if (call.cwd != nullptr && ::syscall(SYS_chdir, call.cwd) != 0) return fail(call, start_step::cwd);
  if (!place_descriptors(call)) return fail(call, start_step::descriptors);
  const kernel_signals none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
  return execute(call);
}

/// clone() with a stack of the child's own, past the C library: sanitizers replace its functions by ones that are not
/// made for a child in the parent's memory. @returns the pid, or -errno.
__attribute__((noinline)) long clone_child(unsigned long flags, unsigned char* stack_end, int* pidfd,
                                           start_call* call) {
#if defined(__x86_64__)
  auto** top = reinterpret_cast<void**>(stack_end);
  *--top = call;
  *--top = reinterpret_cast<void*>(&child_main);
  long result = SYS_clone;
  register long child_tid __asm__("r10") = 0;
  register long thread_area __asm__("r8") = 0;
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "popq %%rax\n\t"
      "popq %%rdi\n\t"
      "call *%%rax\n\t"
      "movl %%eax, %%edi\n\t"
      "movl %[leave], %%eax\n\t"
      "syscall\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(flags), "S"(top), "d"(pidfd), "r"(child_tid), "r"(thread_area), [leave] "i"(SYS_exit)
      : "rcx", "r11", "memory", "cc");
  return result;
#elif defined(__aarch64__)
  auto** top = reinterpret_cast<void**>(stack_end);
  *--top = call;
  *--top = reinterpret_cast<void*>(&child_main);
  register long number __asm__("x8") = SYS_clone;
  register long result __asm__("x0") = static_cast<long>(flags);
  register void* stack __asm__("x1") = top;
  register int* where __asm__("x2") = pidfd;
  register long thread_area __asm__("x3") = 0;
  register long child_tid __asm__("x4") = 0;
  __asm__ volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "ldp x1, x0, [sp], #16\n\t"
      "blr x1\n\t"
      "mov x8, %[leave]\n\t"
      "svc #0\n\t"
      "brk #1\n"
      "1:"
      : "+r"(result)
      : "r"(number), "r"(stack), "r"(where), "r"(thread_area), "r"(child_tid), [leave] "i"(SYS_exit)
      : "memory", "cc");
  return result;
#else
  const int pid = ::clone(&child_main, stack_end, static_cast<int>(flags), call, pidfd);
  return pid < 0 ? -errno : pid;
#endif
}

/// Keeps every signal out of the child while it runs in this memory: a handler would act on the parent's state.
class all_signals_blocked {
 public:
  all_signals_blocked() noexcept {
    const kernel_signals all = ~kernel_signals{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
  }
  all_signals_blocked(const all_signals_blocked&) = delete;
  all_signals_blocked& operator=(const all_signals_blocked&) = delete;
  ~all_signals_blocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }

 private:
  kernel_signals before_ = 0;
};

void reap(int pidfd) noexcept {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

unsigned descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_max > 1 << 20 ? 1U << 20 : static_cast<unsigned>(limit.rlim_max);
}

}  // namespace

started_program start_program(const start_plan& plan) noexcept {
  started_program made;
  std::vector<const char*> candidates;
  std::vector<int> moved;
  try {
    for (const std::string& each : plan.candidates) candidates.push_back(each.c_str());
    moved.resize(plan.files.size());
  } catch (...) {
    made.failure = {start_step::clone, ENOMEM, 0};
    return made;
  }
  start_call call{candidates.data(),
                  candidates.size(),
                  plan.arguments.data(),
                  plan.environment.data(),
                  plan.cwd ? plan.cwd->c_str() : nullptr,
                  plan.files.data(),
                  moved.data(),
                  plan.files.size(),
                  descriptor_limit(),
                  plan.own_group,
                  plan.own_session,
                  plan.death_signal,
                  plan.umask ? static_cast<int>(*plan.umask) : -1,
                  plan.nice ? &*plan.nice : nullptr,
                  ::getpid(),
                  {}};
  // The child's: this frame waits until it needs it no more.
  alignas(16) std::array<unsigned char, 16 * 1024> stack;
  long pid = 0;
  {
    const all_signals_blocked here;
    pid = clone_child(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, stack.data() + stack.size(), &made.pidfd, &call);
  }
  if (pid < 0) {
    made.pidfd = -1;
    made.failure = {start_step::clone, static_cast<int>(-pid), 0};
    return made;
  }
  made.pid = static_cast<int>(pid);
  made.failure = call.failure;
  if (call.failure.error != 0) {
    reap(made.pidfd);
    ::close(std::exchange(made.pidfd, -1));
  }
  return made;
}

}  // namespace eddy::detail
