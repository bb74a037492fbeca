// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/pipe_transport.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "eddy/loop/event_loop.hpp"

namespace eddy::detail {

namespace {

// A user may have 64 MiB in pipes (fs.pipe-user-pages-soft) before all of his new ones get a page or two.
// Half of it is shared out: each pipe gets at most a sixteenth of what is left, so that the first sixteen hold 1 MiB.
constexpr std::size_t memory_for_pipes = std::size_t{32} << 20;
constexpr std::size_t one_share = std::size_t{1} << 20;
constexpr std::size_t usual_size = std::size_t{64} << 10;
std::atomic<std::size_t> shared_out{0};

constexpr std::size_t lent_size = std::size_t{64} * 1024;

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void close_if_open(int fd) noexcept {
  if (fd >= 0) ::close(fd);
}

/// Writing to a pipe whose reader has gone is an error (EPIPE), not the end of this program. Somebody's own handler
/// stays.
void ignore_sigpipe() noexcept {
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  struct sigaction ignored{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignored, nullptr);
}

}  // namespace

large_pipe_share::~large_pipe_share() {
  if (held_ != 0) shared_out.fetch_sub(held_, std::memory_order_relaxed);  // a count, nothing hangs on its order
}

std::size_t large_pipe_share::take(std::size_t wanted) noexcept {
  std::size_t out = shared_out.load(std::memory_order_relaxed);
  std::size_t share = 0;
  do {
    share = std::bit_floor(std::min({wanted, one_share, (memory_for_pipes - out) / 16}));
    if (share <= usual_size) return 0;
  } while (!shared_out.compare_exchange_weak(out, out + share, std::memory_order_relaxed));
  held_ = share;
  return share == one_share ? wanted : share;
}

pipe_transport::pipe_transport(int fd, large_pipe_share share)
    : backend_(event_loop::current().scheduler().io.get()), share_(std::move(share)) {
  descriptor_.fd = fd;
  try {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) throw_errno("fcntl on a pipe");
    if ((flags & O_ACCMODE) == O_WRONLY) ignore_sigpipe();
    backend_->attach(descriptor_);
  } catch (...) {
    close_if_open(fd);
    throw;
  }
  descriptor_.no_socket = true;
}

void pipe_transport::close(bool) noexcept {
  if (descriptor_.fd >= 0) backend_->close(descriptor_);
}

bool pipe_transport::start(io_request& request) {
  if (descriptor_.fd < 0) {  // this side has ended it
    request.result = reads(request.kind) ? 0 : -EPIPE;
    return true;
  }
  if (ending_ && reads(request.kind)) {
    read_rest(request);
    return true;
  }
  request.target = &descriptor_;
  // A short read says less of a pipe than of a socket. While somebody writes to it the pipe is locked, and a read that
  // waits for the lock is served with the next bytes: it costs no sleep, and no wake-up of this core by the other.
  if (reads(request.kind)) descriptor_.readable = std::exchange(was_read_, true) || descriptor_.readable;
  return backend_->start(request);
}

bool pipe_transport::try_now(io_request& request) {
  if (descriptor_.fd < 0 || (ending_ && reads(request.kind))) return start(request);
  request.target = &descriptor_;
  return backend_->try_now(request);
}

void pipe_transport::end_now() noexcept {
  if (std::exchange(ending_, true) || descriptor_.fd < 0) return;
  int count = 0;
  if (::ioctl(descriptor_.fd, FIONREAD, &count) == 0 && count > 0) rest_ = static_cast<std::size_t>(count);
  io_request* const waiting = descriptor_.reading;
  if (waiting == nullptr || !backend_->withdraw(*waiting)) return;
  read_rest(*waiting);
  waiting->completed();
}

void pipe_transport::read_rest(io_request& request) noexcept {
  request.result = 0;
  if (request.data == nullptr) {
    try {
      lent_.resize(lent_size);
    } catch (const std::bad_alloc&) {
      request.result = -ENOMEM;
      return;
    }
    request.data = lent_.data();
    request.size = request.size == 0 ? lent_size : std::min(request.size, lent_size);
  }
  const std::size_t wanted = std::min(request.size, rest_);
  ssize_t count = 0;
  while (wanted > 0 && (count = ::read(descriptor_.fd, request.data, wanted)) < 0 && errno == EINTR) {
  }
  if (count > 0) request.result = static_cast<int>(count);
  rest_ = count > 0 ? rest_ - static_cast<std::size_t>(count) : 0;
}

pipe_ends::pipe_ends(std::size_t size) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno("pipe");
  reading_ = fds[0];
  writing_ = fds[1];
  // Best effort: the kernel refuses when this user's pipes hold too much already.
  if (const std::size_t share = share_.take(size); share != 0)
    ::fcntl(writing_, F_SETPIPE_SZ, static_cast<int>(std::min(share, std::size_t{1} << 30)));
}

pipe_ends::pipe_ends(pipe_ends&& other) noexcept
    : reading_(other.take_reading()), writing_(other.take_writing()), share_(other.take_share()) {}

pipe_ends::~pipe_ends() {
  close_if_open(reading_);
  close_if_open(writing_);
}

int pipe_ends::take_reading() noexcept { return std::exchange(reading_, -1); }

int pipe_ends::take_writing() noexcept { return std::exchange(writing_, -1); }

}  // namespace eddy::detail
