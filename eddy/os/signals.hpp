// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

#include "eddy/base/owned.hpp"
#include "eddy/coro/branch.hpp"
#include "eddy/coro/leaf.hpp"

namespace eddy {

/// A signal that has come.
struct signal_info {
  int number = 0;
  /// Who sent it: the last one's process and user; 0 when it was the kernel, as for Ctrl-C.
  pid_t sender = 0;
  uid_t user = 0;
  /// How often it came since the last time it was handed out. Signals of one number that come close together the system
  /// itself makes one, so this may be less than were sent.
  unsigned count = 1;

  /// `SIGTERM`
  std::string name() const;
};

class signal_stream;

namespace detail {

class signal_listener;

/// Waits for a signal. Atomic: one that has been handed out is delivered.
class signal_wait final : public leaf<signal_wait> {
 public:
  explicit signal_wait(signal_listener& listener) noexcept : listener_(&listener) {}
  signal_wait(signal_wait&&) = default;

  bool try_complete();
  void begin();
  bool take_back() noexcept;
  std::optional<signal_info> await_resume() const noexcept;
  std::string describe() const override;

 private:
  friend class signal_listener;
  void grant(const signal_info& got) noexcept;
  void count(int difference) noexcept;

  signal_listener* listener_;
  late<signal_info> got_;
  bool counts_as_work_ = false;
};

}  // namespace detail

/// Signals as a stream; made by signals().
///
/// **Cancellation.** Each signal comes once, cancelled or not (L12).
/// **Thread safety.** On its own loop's thread; one next() at a time.
class signal_stream {
 public:
  explicit signal_stream(std::initializer_list<int> numbers);
  signal_stream(signal_stream&&) noexcept;
  signal_stream& operator=(signal_stream&&) noexcept;
  ~signal_stream();

  /// Waits for the next signal, the one that came first. Never empty.
  [[nodiscard]] detail::signal_wait next() noexcept { return detail::signal_wait(*listener_); }

 private:
  detail::owned<detail::signal_listener> listener_;
};

/// Listens to signals from now on, instead of whatever they did before:
/// `auto ends = signals(SIGTERM, SIGHUP); auto which = co_await ends.next();`
///
/// Several streams, on one loop or on several, each get every signal. While nobody waits one of each number is kept,
/// with how often it came. When the last stream for a number goes, what was before is put back: the default, which for
/// most is to end the program, or a handler of somebody else's. With SIGINT among the numbers Ctrl-C comes here and no
/// longer cancels `run`'s main coroutine, as long as the stream lives.
///
/// The signals are not blocked and no signalfd is used, so that child processes inherit nothing.
///
/// @throws std::system_error  One cannot be caught (SIGKILL, SIGSTOP).  @throws misuse_error  One is the program's own
/// mistake (SIGSEGV, SIGBUS, SIGFPE, SIGILL), which no coroutine can go on after.
///
/// **In asyncio.** `loop.add_signal_handler`, and `remove_signal_handler`.
template <class... Numbers>
[[nodiscard]] signal_stream signals(int first, Numbers... more) {
  return signal_stream({first, static_cast<int>(more)...});
}

}  // namespace eddy
