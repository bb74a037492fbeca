// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/os/detail/process_frame.hpp"
#include "eddy/os/detail/watched_descriptor.hpp"
#include "eddy/os/process_pool_errors.hpp"

namespace eddy::detail {

/// How worker processes are started.
struct worker_settings {
  std::string program = "/proc/self/exe";
  std::string name = "eddy-worker";
  std::size_t max_message = std::size_t{256} << 20;                   // bytes
  detail::function<void(int pid, std::string_view bytes)> on_stderr;  // empty: to this process's own
};

/// A child process that serves jobs, seen from the pool.
///
/// Its coroutines refer to it. The destructor kills and reaps a child that has not been reaped, which takes as long as
/// the kernel needs to end it.
class worker_process {
 public:
  /// Starts one. @throws std::system_error
  worker_process(scheduler& s, const worker_settings& settings);
  ~worker_process();
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;

  int pid() const noexcept { return how_.pid; }
  /// Whether it has ended and was reaped.
  bool ended() const noexcept { return reaped_; }
  /// How it ended.
  const broken_process_pool::end& how() const noexcept { return how_; }

  /// Ends it at once, without waiting.
  void kill() noexcept;
  /// Closes the conversation: a worker that waits for a job ends by itself.
  void hang_up() noexcept;

  /// Sends a whole frame. @returns false when the worker went before it had been sent.
  coro<bool> send(std::span<const std::byte> frame);
  /// The next frame; nothing when the worker has gone. @throws error  It is no frame, or too long.
  coro<std::optional<received_frame>> receive();
  /// Whether it went without having read all that it was sent, so that it cannot have begun with that.
  bool left_unread() const noexcept { return left_unread_; }

  /// Waits until it has ended, and reaps it.
  coro<> wait_end();
  /// Passes on what it writes to stderr, until its end.
  coro<> pass_on_stderr();
  /// The same for what is there now, without waiting: for after its end.
  void drain_stderr();
  /// What it has written belongs to an earlier job.
  void forget_lines() noexcept { how_.last_lines.clear(); }

 private:
  coro<bool> receive_all(std::byte* into, std::size_t size);
  void reap(int flags) noexcept;
  void take_stderr(std::string_view bytes);

  const worker_settings& settings_;
  broken_process_pool::end how_;
  bool reaped_ = false;
  bool left_unread_ = false;
  watched_descriptor process_;
  watched_descriptor socket_;
  watched_descriptor stderr_;
  std::array<char, 4096> stderr_bytes_;
};

}  // namespace eddy::detail
