// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/detail/ring.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace eddy::detail {

namespace {

std::string why_refused(int error) {
  switch (error) {
    case ENOSYS:
      return "this kernel has no io_uring, or a sandbox hides it";
    case EPERM:
    case EACCES:
      return "the system forbids it (a container's seccomp profile, or sysctl kernel.io_uring_disabled)";
    case ENOMEM:
      return "there is no memory for its queues, or not enough that may be locked (ulimit -l)";
    case EMFILE:
    case ENFILE:
      return "no descriptor is left for it (ulimit -n)";
    default:
      return "the system refused to set it up";
  }
}

[[noreturn]] void refuse(int error, const std::string& why) {
  throw std::system_error(error, std::generic_category(),
                          "io_uring cannot be used: " + why + "; take the backend epoll, or \"io_uring,epoll\"");
}

/// What a call may come back with although nothing is wrong: the limit is over, a signal came, or the kernel wants its
/// completions taken first.
bool harmless(int result) noexcept {
  return result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY;
}

void check(int result) {
  if (!harmless(result)) throw std::system_error(-result, std::generic_category(), "io_uring_enter");
}

}  // namespace

ring::ring(const ring_sizes& sizes) {
  const int result = set_up(sizes);
  if (result < 0) refuse(-result, why_refused(-result));
  try {
    check_abilities();
  } catch (...) {
    io_uring_queue_exit(&ring_);
    throw;
  }
}

ring::~ring() { io_uring_queue_exit(&ring_); }

/// The best way that the kernel knows. @returns 0 or -errno.
int ring::set_up(const ring_sizes& sizes) {
  constexpr std::array<unsigned, 3> ways{
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL, 0U};
  int result = -EINVAL;
  for (const unsigned way : ways) {
    io_uring_params asked{};
    asked.flags = way | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    asked.cq_entries = sizes.completions;
    result = io_uring_queue_init_params(sizes.submissions, &ring_, &asked);
    if (result != -EINVAL) break;  // EINVAL: a flag that this kernel does not know
  }
  return result;
}

void ring::check_abilities() {
  // RSRC_TAGS came together with polls that stay armed, which cannot be asked for.
  constexpr unsigned features = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_FAST_POLL |
                                IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_RSRC_TAGS;
  constexpr std::array operations{IORING_OP_POLL_ADD, IORING_OP_RECV, IORING_OP_ACCEPT, IORING_OP_ASYNC_CANCEL};
  const std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> probe(io_uring_get_probe_ring(&ring_),
                                                                         io_uring_free_probe);
  bool enough = (ring_.features & features) == features && probe != nullptr;
  for (const int operation : operations) enough = enough && io_uring_opcode_supported(probe.get(), operation) != 0;
  if (!enough) refuse(EOPNOTSUPP, "this kernel's io_uring lacks operations that are needed");
}

io_uring_sqe* ring::next() noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr && io_uring_submit(&ring_) > 0) entry = io_uring_get_sqe(&ring_);
  return entry;
}

/// Whether the kernel has something for this thread to do, or has to be told something.
bool ring::must_enter() const noexcept {
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);  // a hint: it is read again by the call
  return (flags & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) != 0 || io_uring_sq_ready(&ring_) != 0;
}

void ring::poll() {
  if (must_enter()) check(io_uring_submit_and_get_events(&ring_));
}

void ring::wait(std::optional<std::chrono::nanoseconds> limit) {
  if (ready() != 0) {
    poll();
    return;
  }
  __kernel_timespec time{};
  if (limit) {
    time.tv_sec = limit->count() / 1'000'000'000;
    time.tv_nsec = limit->count() % 1'000'000'000;
  }
  io_uring_cqe* first = nullptr;
  check(io_uring_submit_and_wait_timeout(&ring_, &first, 1, limit ? &time : nullptr, nullptr));
}

completion ring::take() noexcept {
  io_uring_cqe* entry = nullptr;
  io_uring_peek_cqe(&ring_, &entry);
  const completion taken{entry->user_data, entry->res, entry->flags};
  io_uring_cqe_seen(&ring_, entry);
  return taken;
}

}  // namespace eddy::detail
