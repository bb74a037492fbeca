// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <liburing.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace eddy::detail {

/// How many entries a ring has: what waits to be submitted, and what has completed and was not looked at. The first
/// bounds only how much one system call takes along; what does not fit into the second the kernel keeps elsewhere.
struct ring_sizes {
  unsigned submissions = 256;
  unsigned completions = 4096;
};

/// What has completed. A copy, so that its place in the ring is free while it is worked on.
struct completion {
  std::uint64_t user_data;
  int result;
  unsigned flags;
};

/// The pair of queues between a thread and the kernel.
///
/// Set up with as much of single issuer, deferred task work and cooperative task work as the kernel knows; never with a
/// polling kernel thread, which would burn a core. What the kernel can do is asked, not guessed from its version.
///
/// **Thread safety.** Only the thread that made it.
class ring {
 public:
  /// @throws std::system_error  The system refuses it, or the kernel lacks something: with a sentence that says what.
  explicit ring(const ring_sizes& sizes);
  ~ring();
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;

  /// The next free entry; makes room by submitting. @returns null when the kernel takes nothing now: try again after
  /// the next look at what has completed.
  io_uring_sqe* next() noexcept;

  /// Submits and collects what there is, without waiting. No system call when there is neither. @throws
  /// std::system_error
  void poll();
  /// Submits, and waits up to `limit` (nothing: for ever) for a completion. @throws std::system_error
  void wait(std::optional<std::chrono::nanoseconds> limit);

  /// Completions that are there to be taken.
  unsigned ready() const noexcept { return io_uring_cq_ready(&ring_); }
  /// Takes the oldest of them; ready() must not be 0.
  completion take() noexcept;

  /// Whether a success may be left without a completion.
  bool can_skip_success() const noexcept { return (ring_.features & IORING_FEAT_CQE_SKIP) != 0; }
  /// Whether a receive may be told to wait for bytes before it is tried. Nothing says so; it came before the best of
  /// the ways in which a ring is set up.
  bool can_wait_first() const noexcept { return (ring_.flags & IORING_SETUP_DEFER_TASKRUN) != 0; }
  io_uring& handle() noexcept { return ring_; }

 private:
  int set_up(const ring_sizes& sizes);
  void check_abilities();
  bool must_enter() const noexcept;

  io_uring ring_{};
};

}  // namespace eddy::detail
