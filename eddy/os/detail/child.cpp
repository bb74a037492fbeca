// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/child.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "eddy/flow/sleep.hpp"
#include "eddy/os/detail/process_reaper.hpp"

namespace eddy::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto after_kill = 1s;         // what is still there then hangs in the kernel, or nobody reaps it
constexpr unsigned to_group = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9

int pidfd_send(int pidfd, int signal, unsigned flags) noexcept {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags) == 0 ? 0 : errno;
}

exit_status status_of(const siginfo_t& info) noexcept {
  if (info.si_code == CLD_EXITED) return exit_status::from_code(info.si_status);
  return exit_status::from_signal(info.si_status, info.si_code == CLD_DUMPED);
}

/// What Linux (6.15) keeps with a pidfd although somebody else has reaped the child.
exit_status status_from_pidfd(int pidfd) noexcept {
  struct pidfd_info {  // the kernel's, in its first form and up to the exit code
    std::uint64_t mask;
    std::uint64_t cgroup;
    std::uint32_t ids[11];
    std::int32_t exit_code;
  };
  static_assert(sizeof(pidfd_info) == 64);
  constexpr std::uint64_t wants_exit = 1U << 3;
  pidfd_info info{};
  info.mask = wants_exit;
  if (::ioctl(pidfd, _IOWR(0xFF, 11, pidfd_info), &info) != 0 || (info.mask & wants_exit) == 0) return {};
  return exit_status::from_wait_status(info.exit_code);
}

}  // namespace

child::child(child_owner& owner, const started_program& started, bool grouped, std::unique_ptr<subreaper> inherits)
    : scheduler_(event_loop::current().scheduler()),
      owner_(owner),
      pid_(started.pid),
      grouped_(grouped),
      inherits_(std::move(inherits)) {
  pidfd_.fd = started.pidfd;
  kind = io_kind::wait_readable;
  target = &pidfd_;
  try {
    scheduler_.io->attach(pidfd_);
    note_own_child(pid_);
    if (inherits_) inherits_->begin(pid_);
  } catch (...) {  // the destructor does not run
    send_group(SIGKILL);
    forget_own_child(pid_);
    scheduler_.service<process_reaper>().take(scheduler_.io->detach(pidfd_));
    throw;
  }
  watch();
}

child::~child() {
  if (armed()) scheduler_.timers.cancel(*this);
  if (pending) scheduler_.io->withdraw(*this);
  if (!finished_) {
    kill_all();
    leave_to_reaper();
  }
  forget_own_child(pid_);
  scheduler_.io->close(pidfd_);
}

void child::leave_to_reaper() noexcept {
  try {
    auto& reaper = scheduler_.service<process_reaper>();
    if (!reaped_) reaper.take(scheduler_.io->detach(pidfd_));
    if (inherits_) reaper.take(std::move(inherits_));
  } catch (...) {
    reap();  // no memory for a reaper
  }
}

void child::watch() noexcept {
  while (scheduler_.io->start(*this))
    if (look()) return;
}

void child::completed() noexcept {
  if (!look()) watch();
}

/// @returns whether it has ended. It stays a zombie.
bool child::look() noexcept {
  siginfo_t info{};
  int asked = 0;
  do asked = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.fd), &info, WEXITED | WNOHANG | WNOWAIT);
  while (asked != 0 && errno == EINTR);
  if (asked == 0 && info.si_pid == 0) return false;
  if (asked == 0) {
    status_ = status_of(info);
  } else {  // ECHILD: somebody else has reaped it, or the system has, as it does when SIGCHLD is ignored
    reaped_ = true;
    status_ = status_from_pidfd(pidfd_.fd);
  }
  end_.set();
  owner_.child_ended();
  return true;
}

bool child::send(int signal) noexcept {
  if (ended()) return false;
  const int error = pidfd_send(pidfd_.fd, signal, 0);
  if (error == 0 || error == ESRCH) return error == 0;
  return !reaped_ && ::kill(pid_, signal) == 0;  // the call is forbidden; the number is the child's until it is reaped
}

void child::send_group(int signal) noexcept {
  if (finished_) return;  // its number may be another's
  if (!grouped_) {
    if (!reaped_) send(signal);
    return;
  }
  const int error = pidfd_send(pidfd_.fd, signal, to_group);
  if (error == 0 || error == ESRCH) return;
  // An older system. The group's number is its own while the child is unreaped, or while it has members, as the caller
  // has just seen.
  ::kill(-pid_, signal);
}

void child::begin_end(std::chrono::nanoseconds grace) noexcept {
  const time_point when = scheduler_.deadline_in(grace);
  if (!std::exchange(ending_, true)) {
    send_group(SIGTERM);
    send_group(SIGCONT);  // one that was stopped could not act on it
  } else if (killed_ || when >= kill_at_) {
    return;
  }
  kill_at_ = when;
  if (ended()) return;  // what else there is in the group, finish() sees to
  if (armed()) scheduler_.timers.cancel(*this);
  try {
    scheduler_.timers.arm(*this, when);
  } catch (...) {
    kill_all();  // no memory for a timer
  }
}

void child::due() noexcept { kill_all(); }

void child::kill_all() noexcept {
  killed_ = true;
  if (!reaped_ || group_left(0)) send_group(SIGKILL);
  if (!inherits_) return;
  try {
    for (const int each : inherits_->find()) ::kill(each, SIGKILL);
  } catch (...) {  // no memory to look; the group has been killed
  }
}

void child::reap() noexcept {
  if (std::exchange(reaped_, true)) return;
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.fd), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

/// Signal 0 harms nobody. Zombies count for it: where nobody reaps orphans, as in some containers, it takes a look at
/// all processes to tell them from what runs.
bool child::group_left(unsigned tries) const {
  if (!grouped_ || ::kill(-pid_, 0) != 0) return false;
  return tries < 3 || group_runs(pid_);
}

bool child::all_gone(unsigned tries) {
  if (group_left(tries)) return false;
  if (!inherits_) return true;
  const std::vector<int> left = inherits_->find();
  for (const int each : left) ::kill(each, killed_ ? SIGKILL : SIGTERM);
  return left.empty();
}

coro<> child::finish(std::chrono::nanoseconds grace) {
  if (finished_) co_return;
  begin_end(grace);
  co_await end_.wait();
  if (armed()) scheduler_.timers.cancel(*this);
  reap();
  std::chrono::nanoseconds pause = 500us;
  for (unsigned tries = 0; !all_gone(tries); ++tries) {
    const time_point time = scheduler_.now();
    if (time >= kill_at_) kill_all();
    if (time >= kill_at_ + after_kill) break;
    co_await sleep(pause);
    pause = std::min<std::chrono::nanoseconds>(pause * 2, 50ms);
  }
  finished_ = true;
}

}  // namespace eddy::detail
