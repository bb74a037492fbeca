// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/loop/detail/attempt.hpp"

struct io_uring_sqe;  // liburing's; the header is needed only inside

namespace eddy::detail {

class buffer_ring;
class ring;
struct completion;

/// The backend on io_uring. Only where eddy was built with liburing; throws std::system_error where the system refuses.
///
/// What is likely to be possible at once is tried at once, by a plain system call: every write, and a read that is
/// known to find something. What has to wait takes one of two ways:
/// - a receive and an accept are *operations*: the kernel has them, with their memory, until it completes them. A
///   withdrawn one completes later, as cancelled or with what it did;
/// - a send, a connect, and everything on what is no socket wait until the descriptor is ready and try again. The
///   kernel has no more than a *poll* of the descriptor, so withdrawing takes effect at once; the poll stays for the
///   next one who waits, and only close() has to wait for its end.
///
/// Nothing is handed to the kernel before poll(), all of it in one system call. So what is withdrawn in the turn in
/// which it was started never reaches the kernel, and no entry can name a descriptor that was closed meanwhile.
class io_uring_backend final : public backend {
 public:
  /// What tests change.
  struct settings {
    settings() noexcept {}
    unsigned submissions = 256;   // entries of the queue that the kernel reads
    unsigned completions = 4096;  // entries of the queue that it writes; more is kept elsewhere meanwhile
    unsigned pieces = 64;         // of memory for receives without any, from which the kernel picks; 0: it does not
  };

  explicit io_uring_backend(const settings& how = settings());
  ~io_uring_backend() override;
  io_uring_backend(const io_uring_backend&) = delete;
  io_uring_backend& operator=(const io_uring_backend&) = delete;

  std::string_view name() const noexcept override { return "io_uring"; }
  void attach(descriptor& d) override;
  void close(descriptor& d) noexcept override;
  int detach(descriptor& d) noexcept override;
  bool start(io_request& request) override;
  bool try_now(io_request& request) override;
  /// Never has to: here a receive is the kernel's.
  bool finish(io_request&) noexcept override { return false; }
  bool withdraw(io_request& request) noexcept override;
  void poll(std::optional<std::chrono::nanoseconds> limit) override;
  void wake() noexcept override;

 private:
  // An attached descriptor, or one whose polls have not reported back: it keeps its slot, and its number when it is to
  // be closed, until they have.
  struct slot {
    descriptor* owner = nullptr;
    int closing = -1;
    std::uint8_t polls = 0;  // sides (bits) with a poll that is queued or with the kernel
  };

  // What the kernel gets and gives back to say what a completion belongs to; in the queue also what is to be done.
  using key = std::uint64_t;

  bool is_operation(const io_request& request);
  bool is_armed(const descriptor& d, bool reading) const noexcept;
  void arm(descriptor& d, bool reading) noexcept;
  void enqueue(io_request& request, key entry) noexcept;
  void drop(std::size_t place) noexcept;
  void flush() noexcept;
  void hand_over(key entry, io_uring_sqe& to) noexcept;
  void prepare(const io_request& request, io_uring_sqe& to) const noexcept;

  void dispatch(const completion& c) noexcept;
  void operation_ended(io_request& request, const completion& c) noexcept;
  bool note_result(io_request& request, const completion& c) noexcept;
  void poll_ended(std::uint32_t index, bool reading, int result) noexcept;
  void retry(io_request& request, int polled) noexcept;
  void complete(io_request& request, int result) noexcept;

  void give_up_slot(descriptor& d, int closing) noexcept;
  void disarm(std::uint32_t index, bool reading) noexcept;
  void free_slot(std::uint32_t index) noexcept;
  void cancel_everything() noexcept;

  owned<ring> ring_;
  owned<buffer_ring> buffers_;  // made at the first receive that borrows; null where there are none
  unsigned pieces_;
  int wake_ = -1;
  std::vector<key> queue_;  // for the kernel, in order. Never more than four entries a slot, so it never grows later
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t operations_ = 0;  // with the kernel: it may write to their memory
  lent_buffer lent_;
};

}  // namespace eddy::detail
