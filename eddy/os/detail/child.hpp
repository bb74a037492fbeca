// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "eddy/coro/coro.hpp"
#include "eddy/loop/timer_queue.hpp"
#include "eddy/os/detail/descendants.hpp"
#include "eddy/os/detail/start_program.hpp"
#include "eddy/os/exit_status.hpp"
#include "eddy/sync/event.hpp"

namespace eddy::detail {

/// Told on the loop's thread, from inside of its poll, when a child has ended.
class child_owner {
 public:
  virtual void child_ended() noexcept = 0;

 protected:
  ~child_owner() = default;
};

/// One child process with what it has in its group: its end, and ending it.
///
/// Invariants: (1) its end is watched from the start, by its pidfd; (2) it stays unreaped until finish() or the
/// destructor, which keeps its number, and so that of its group, from becoming another's; (3) once ending has begun,
/// KILL follows after the grace, whoever waits or has stopped waiting. The destructor kills what has not been finished
/// and leaves the reaping to the loop's process_reaper.
class child final : private io_request, private timer {
 public:
  /// @param grouped  It leads a group (or session) of its own.  @param inherits  Set to find what leaves the group.
  child(child_owner& owner, const started_program& started, bool grouped, std::unique_ptr<subreaper> inherits);
  ~child();
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  int pid() const noexcept { return pid_; }
  bool ended() const noexcept { return end_.is_set(); }
  /// How; only when it has ended.
  const exit_status& status() const noexcept { return status_; }
  event& end() noexcept { return end_; }

  /// To the child alone. @returns whether it was there to get it.
  bool send(int signal) noexcept;
  /// To its group; to itself when that is the program's own.
  void send_group(int signal) noexcept;
  /// TERM now, KILL after `grace`. A second call may only shorten that.
  void begin_end(std::chrono::nanoseconds grace) noexcept;
  /// begin_end(), and waits until all of its group has gone (for at most a second after KILL) and it is reaped.
  coro<> finish(std::chrono::nanoseconds grace);

 private:
  void completed() noexcept override;  // the pidfd has become readable
  void due() noexcept override;        // the grace is over
  bool look() noexcept;
  void watch() noexcept;
  void kill_all() noexcept;
  void leave_to_reaper() noexcept;
  void reap() noexcept;
  bool group_left(unsigned tries) const;
  bool all_gone(unsigned tries);

  scheduler& scheduler_;
  child_owner& owner_;
  descriptor pidfd_;
  int pid_;
  bool grouped_;
  bool reaped_ = false;
  bool finished_ = false;
  bool ending_ = false;  // TERM was sent
  bool killed_ = false;  // KILL was sent
  time_point kill_at_{};
  exit_status status_;
  event end_{"the end of a child process"};
  std::unique_ptr<subreaper> inherits_;
};

}  // namespace eddy::detail
