// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/process_reaper.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace eddy::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 2ms;
constexpr int most_looks = 500;

/// @returns false when it has not ended yet.
bool reap(int pidfd, int flags) noexcept {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | flags);
  while (result != 0 && errno == EINTR);
  return result != 0 || info.si_pid != 0;  // an error: somebody else has reaped it
}

}  // namespace

/// One child: waits for its pidfd.
class process_reaper::orphan final : public io_request {
 public:
  orphan(process_reaper& owner, int pidfd) : owner_(owner) {
    descriptor_.fd = pidfd;
    kind = io_kind::wait_readable;
    target = &descriptor_;
    owner_.scheduler_.io->attach(descriptor_);
  }
  orphan(const orphan&) = delete;
  orphan& operator=(const orphan&) = delete;
  ~orphan() { owner_.scheduler_.io->close(descriptor_); }
  bool done() const noexcept { return done_; }

  /// @returns whether it has ended already.
  bool ended() noexcept {
    while (owner_.scheduler_.io->start(*this))
      if (reap(descriptor_.fd, WNOHANG)) return true;
    return false;
  }
  void wait() noexcept {
    if (pending) owner_.scheduler_.io->withdraw(*this);
    reap(descriptor_.fd, 0);
  }

 private:
  // The backend still looks at the descriptor when this returns: the object stays until later.
  void completed() noexcept override {
    if (!reap(descriptor_.fd, WNOHANG) && !ended()) return;
    done_ = true;
    owner_.scheduler_.io->close(descriptor_);
  }

  process_reaper& owner_;
  descriptor descriptor_;
  bool done_ = false;
};

process_reaper::process_reaper(event_loop& loop) noexcept : scheduler_(loop.scheduler()) {}

process_reaper::~process_reaper() { shut_down(); }

void process_reaper::take(int pidfd) noexcept {
  std::erase_if(orphans_, [](const auto& each) { return each->done(); });
  if (!reap(pidfd, WNOHANG)) {
    try {
      orphans_.reserve(orphans_.size() + 1);
      auto made = std::make_unique<orphan>(*this, pidfd);
      if (!made->ended()) orphans_.push_back(std::move(made));
      return;  // the orphan closes it
    } catch (...) {
      reap(pidfd, 0);  // there is no memory, or no place to watch it: it is on its way out
    }
  }
  ::close(pidfd);
}

void process_reaper::take(std::unique_ptr<subreaper> inherits) noexcept {
  try {
    inherits_.push_back(std::move(inherits));
    if (!armed()) scheduler_.timers.arm(*this, scheduler_.now());
  } catch (...) {  // no memory: its own have been killed, and are init's when this process ends
  }
}

void process_reaper::due() noexcept {
  end_inherited();
  if (inherits_.empty()) return;
  try {
    scheduler_.timers.arm(*this, scheduler_.deadline_in(between_looks));
  } catch (...) {
    inherits_.clear();
  }
}

void process_reaper::end_inherited() noexcept {
  std::erase_if(inherits_, [](const auto& each) {
    try {
      const std::vector<int> left = each->find();
      for (const int pid : left) ::kill(pid, SIGKILL);
      return left.empty();
    } catch (...) {
      return true;  // no memory to look
    }
  });
}

void process_reaper::shut_down() noexcept {
  for (const auto& each : orphans_)
    if (!each->done()) each->wait();
  orphans_.clear();
  if (armed()) scheduler_.timers.cancel(*this);
  // They have been killed, so this takes no longer than the kernel does; what hangs in it is left to itself.
  for (int tries = 0; tries < most_looks; ++tries) {
    end_inherited();
    if (inherits_.empty()) break;
    std::this_thread::sleep_for(between_looks);
  }
  inherits_.clear();
  while (scheduler_.io->leaving() != 0) scheduler_.io->poll(std::nullopt);  // of the descriptors above
}

}  // namespace eddy::detail
