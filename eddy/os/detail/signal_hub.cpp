// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/signal_hub.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "eddy/base/errors.hpp"
#include "eddy/os/detail/signal_listener.hpp"

namespace eddy::detail {

namespace {

constexpr std::size_t most_loops = 256;

// What the handler looks at. seq_cst throughout: a handler that is not counted yet when `handlers` is seen to be 0
// finds the place of the inbox that goes empty.
std::array<std::atomic<signal_inbox*>, most_loops> inboxes{};
std::atomic<int> handlers{0};  // that run now, on any thread
std::atomic<std::uint64_t> sequence{0};

/// What only threads look at, never the handler.
struct taken_signal {
  unsigned wanted = 0;
  struct sigaction before{};
};
std::mutex taken_lock;
std::array<taken_signal, signal_numbers> taken;

void handler(int number, siginfo_t* info, void*) {
  const int error = errno;
  ++handlers;  // before the look at `inboxes`: whoever empties a place waits for this one
  for (auto& place : inboxes)
    if (signal_inbox* const inbox = place.load()) inbox->raised(number, info);
  --handlers;
  errno = error;
}

std::uint64_t sender_of(const siginfo_t* info) noexcept {
  // The kernel's own, as for Ctrl-C, have no sender.
  if (info == nullptr || (info->si_code != SI_USER && info->si_code != SI_QUEUE && info->si_code != SI_TKILL)) return 0;
  return std::uint64_t{static_cast<std::uint32_t>(info->si_pid)} << 32 | info->si_uid;
}

}  // namespace

void acquire_signal(int number) {
  const std::scoped_lock guard(taken_lock);
  taken_signal& mine = taken[static_cast<std::size_t>(number)];
  if (mine.wanted == 0) {
    struct sigaction ours{};
    ours.sa_sigaction = handler;
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&ours.sa_mask);  // one handler at a time on a thread, so that the stack stays small
    if (::sigaction(number, &ours, &mine.before) != 0)
      throw std::system_error(errno, std::generic_category(), "signals: listen to signal " + std::to_string(number));
  }
  ++mine.wanted;
}

void release_signal(int number) noexcept {
  const std::scoped_lock guard(taken_lock);
  taken_signal& mine = taken[static_cast<std::size_t>(number)];
  if (--mine.wanted != 0) return;
  struct sigaction now{};
  // Somebody may have set a handler of their own meanwhile, which is theirs to take back.
  if (::sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handler)
    ::sigaction(number, &mine.before, nullptr);
}

signal_inbox::signal_inbox(event_loop& loop) : loop_(loop) {}
signal_inbox::~signal_inbox() = default;

bool signal_inbox::register_with_process() noexcept {
  for (auto& place : inboxes) {
    signal_inbox* none = nullptr;
    if (place.compare_exchange_strong(none, this)) return true;
  }
  return false;
}

void signal_inbox::add(signal_listener& listener) {
  if (!registered_ && !register_with_process())
    throw misuse_error("signals: " + std::to_string(most_loops) + " loops listen to signals already");
  registered_ = true;
  listeners_.push_back(listener);
}

void signal_inbox::remove(signal_listener& listener) noexcept { listener.unlink(); }

void signal_inbox::shut_down() noexcept {
  if (!std::exchange(registered_, false)) return;
  for (auto& place : inboxes) {
    signal_inbox* mine = this;
    if (place.compare_exchange_strong(mine, nullptr)) break;
  }
  while (handlers.load() != 0) std::this_thread::yield();  // one may run on another thread at this very moment
  // What came meanwhile stands in the mailbox: take it out before this object goes.
  scheduler& s = loop_.scheduler();
  while (posted_.load()) {
    s.inbox.take(s.ready);
    s.turn_ready();
  }
}

void signal_inbox::raised(int number, const siginfo_t* info) noexcept {
  came& slot = came_[static_cast<std::size_t>(number)];
  slot.sender.store(sender_of(info));
  if (slot.count.fetch_add(1) == 0) slot.order.store(++sequence);
  if (!posted_.exchange(true)) loop_.scheduler().post(*this);
}

// On the loop's thread.
void signal_inbox::run() noexcept {
  posted_.store(false);
  struct arrived {
    std::uint64_t order;
    signal_info info;
  };
  std::array<arrived, signal_numbers> all;
  std::size_t count = 0;
  for (std::size_t number = 1; number < signal_numbers; ++number) {
    came& slot = came_[number];
    if (slot.count.load() == 0) continue;
    const std::uint64_t order = slot.order.load();
    const std::uint64_t sender = slot.sender.load();
    all[count++] = {order,
                    {static_cast<int>(number), static_cast<pid_t>(sender >> 32),
                     static_cast<uid_t>(sender & 0xffffffffU), slot.count.exchange(0)}};
  }
  std::sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count),
            [](const arrived& a, const arrived& b) { return a.order < b.order; });
  for (std::size_t i = 0; i < count; ++i)
    for (signal_listener* each = listeners_.first(); each != nullptr; each = listeners_.after(*each))
      if (each->wants(all[i].info.number)) each->came(all[i].info);
}

}  // namespace eddy::detail
