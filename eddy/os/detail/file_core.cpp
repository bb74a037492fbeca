// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/file_core.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "eddy/os/detail/owned_descriptor.hpp"

namespace eddy::detail {

namespace {

constexpr std::uint64_t small = std::uint64_t{1} << 20;

/// Not every backend says so when it is told to watch something.
bool can_be_polled(int fd) noexcept {
  const owned_descriptor poll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  return !poll || ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event) == 0 || errno != EPERM;
}

}  // namespace

file_core* file_core::make(event_loop& loop, int fd, std::filesystem::path path, int flags) {
  owned_descriptor owned(fd);
  auto* made = new file_core(loop, fd, std::move(path), flags);
  owned.release();
  return made;
}

file_core::file_core(event_loop& loop, int fd, std::filesystem::path name, int flags)
    : path(std::move(name)), loop_(&loop), engine_(&file_engine::of(loop.scheduler())), flags_(flags) {
  look(fd);
  target.fd = fd;
  loop.add_dependent(*this);
}

/// Finds out what it is, from what the kernel has in memory.
void file_core::look(int fd) {
  struct statx found{};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE, &found) != 0)
    throw std::system_error(errno, std::generic_category(), "statx");
  folder_ = S_ISDIR(found.stx_mode);
  fifo_ = S_ISFIFO(found.stx_mode);
  const bool regular = S_ISREG(found.stx_mode);
  if (regular) first_size_ = static_cast<std::int64_t>(found.stx_size);
  closes_at_once_ = folder_ || (regular && !writes() && found.stx_size <= small);
  if (regular || folder_ || S_ISBLK(found.stx_mode)) return;
  if (!can_be_polled(fd)) return;  // as /dev/null, which never has to wait
  target.fd = fd;
  try {
    loop_->scheduler().io->attach(target);
    watched_ = true;
  } catch (...) {
    target.fd = -1;
    throw;
  }
}

file_core::~file_core() {
  const int fd = give_up();
  if (fd < 0) return;
  if (loop_ != nullptr && event_loop::try_current() == loop_ && !loop_->is_closed() && !closes_at_once_)
    engine_->close_later(fd);
  else
    ::close(fd);
}

int file_core::give_up() noexcept {
  closed = true;
  if (!watched_ || loop_ == nullptr) return std::exchange(target.fd, -1);
  io().close(target);
  watched_ = false;
  return -1;
}

void file_core::loop_ended() noexcept { loop_ = nullptr; }

bool file_core::reads() const noexcept { return (flags_ & O_ACCMODE) != O_WRONLY; }
bool file_core::writes() const noexcept { return (flags_ & O_ACCMODE) != O_RDONLY; }
bool file_core::appends() const noexcept { return (flags_ & O_APPEND) != 0; }

void file_core::let_it_wait() noexcept {
  if (std::exchange(may_block_, true)) return;
  const int now = ::fcntl(target.fd, F_GETFL);
  if (now >= 0 && (now & O_NONBLOCK) != 0) ::fcntl(target.fd, F_SETFL, now & ~O_NONBLOCK);
}

}  // namespace eddy::detail
