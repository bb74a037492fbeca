// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/file_request.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

// Flags younger than the oldest headers that eddy builds with.
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif

namespace eddy::detail {

namespace {

constexpr std::size_t most_at_once = std::size_t{1} << 20;
constexpr std::size_t most_of_one_call = std::size_t{1} << 30;  // more than INT_MAX a ring could not tell

std::int64_t transfer(const file_request& r) noexcept {
  const std::size_t size = std::min(r.size, most_of_one_call);
  if (r.call == file_call::read)
    return r.offset < 0 ? ::read(r.fd, r.data, size) : ::pread(r.fd, r.data, size, r.offset);
  return r.offset < 0 ? ::write(r.fd, r.data, size) : ::pwrite(r.fd, r.data, size, r.offset);
}

std::int64_t call_once(const file_request& r) noexcept {
  switch (r.call) {
    case file_call::open:
      return ::openat(r.fd, r.path, r.flags, r.mode);
    case file_call::close:
      return ::close(r.fd);
    case file_call::read:
    case file_call::write:
      return transfer(r);
    case file_call::sync:
      return r.flags != 0 ? ::fdatasync(r.fd) : ::fsync(r.fd);
    case file_call::status:
      return ::statx(r.fd, r.path, r.flags, r.mode, static_cast<struct statx*>(r.data));
  }
  return 0;
}

// Whether the system knows it is found out by the first call that says no.
std::atomic<bool> open_at_once_works{true};

/// @returns a descriptor, -errno, or -EAGAIN.
int open_if_cached(int folder, const char* path, int flags) noexcept {
  if (!open_at_once_works.load(std::memory_order_relaxed)) return -EAGAIN;
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_NONBLOCK));
  how.resolve = RESOLVE_CACHED;
  const long result = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
  if (result >= 0) return static_cast<int>(result);
  // Old kernels and sandboxes know no such call or flag; a driver may say such a thing as well, so it is asked again in
  // the usual way.
  if (errno == ENOSYS || errno == EPERM || errno == E2BIG) open_at_once_works.store(false, std::memory_order_relaxed);
  return errno == ENOSYS || errno == EPERM || errno == E2BIG || errno == EINVAL || errno == EINTR ? -EAGAIN : -errno;
}

bool open_now(file_request& r) noexcept {
  constexpr int changes = (O_CREAT | O_TRUNC | O_TMPFILE) & ~O_DIRECTORY;
  if ((r.flags & changes) != 0) return false;
  r.result = open_if_cached(r.fd, r.path, r.flags);
  return r.result != -EAGAIN;
}

bool transfer_at_once(file_request& r, file_limits& limits) noexcept {
  const bool reads = r.call == file_call::read;
  bool& possible = reads ? limits.read_now : limits.write_now;
  if (!possible) return false;
  iovec part{r.data, std::min(r.size, most_at_once)};
  const ssize_t count =
      reads ? ::preadv2(r.fd, &part, 1, r.offset, RWF_NOWAIT) : ::pwritev2(r.fd, &part, 1, r.offset, RWF_NOWAIT);
  if (count < 0) {
    // EAGAIN: it has to wait this time. Whatever else may be due to the flag, so the plain call is to say it.
    if (errno != EAGAIN && errno != EINTR) possible = false;
    return false;
  }
  if (count == 0 && r.size != 0 && !reads) return false;
  r.result = count;
  return true;
}

}  // namespace

int open_at_once(const char* path) noexcept { return open_if_cached(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY); }

std::int64_t read_at_once(int fd, void* into, std::size_t size, std::int64_t offset) noexcept {
  iovec part{into, size};
  return ::preadv2(fd, &part, 1, offset, RWF_NOWAIT);
}

void file_request::work() noexcept { perform(*this); }

void perform(file_request& request) noexcept {
  do {
    const std::int64_t result = call_once(request);
    request.result = result < 0 ? -errno : result;
  } while (request.result == -EINTR && request.call != file_call::close);  // a close that was interrupted has closed
  if (request.call == file_call::close && request.result == -EINTR) request.result = 0;
}

bool perform_at_once(file_request& request, file_limits* limits) noexcept {
  if (request.call == file_call::open) return open_now(request);
  if (limits == nullptr || (request.call != file_call::read && request.call != file_call::write)) return false;
  return transfer_at_once(request, *limits);
}

}  // namespace eddy::detail
