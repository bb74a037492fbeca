// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/coro/io_operation.hpp"

namespace eddy {

namespace detail {

struct foreign_descriptor;

/// Waits until the system says that a descriptor is ready. Atomic: nothing is read or written.
class readiness_operation final : public io_operation<readiness_operation> {
 public:
  readiness_operation(int fd, io_kind what) noexcept : fd_(fd) { kind = what; }
  readiness_operation(readiness_operation&& other) noexcept
      : io_operation(static_cast<io_operation&&>(other)), fd_(other.fd_) {
    kind = other.kind;
  }
  ~readiness_operation() { forget(); }

  bool try_complete();
  bool take_back() noexcept;
  void await_resume();
  std::string describe() const override;

 private:
  bool ready_now() const;
  void watch();
  void forget() noexcept;

  int fd_;
  foreign_descriptor* watched_ = nullptr;
};

}  // namespace detail

/// Waits until something can be read from any descriptor that can be polled, or its end or an error is there.
///
/// For descriptors of other libraries: a database's socket, an eventfd, an inotify, a device. It is registered with the
/// loop for the time of the wait alone, neither owned nor closed nor made non-blocking. Keep it open until the wait is
/// over; cancel the wait before you close it. What eddy opened (a stream) is read with its own functions. Regular files
/// are always ready, as poll(2) says, although reading them may block: read those with to_thread. Being told that it is
/// ready is no promise: another reader may be faster, so read without blocking.
///
/// @throws std::system_error  `fd` is not open (EBADF).  @throws misuse_error  Another task waits for the same, or the
/// descriptor belongs to one of eddy's own objects.
///
/// **Cancellation.** A cancellation point; atomic.
/// **Complexity.** One system call when it is ready, three when it waits.
/// **In asyncio.** `loop.add_reader(fd, callback)`, and `remove_reader`.
[[nodiscard]] inline detail::readiness_operation readable(int fd) noexcept {
  return {fd, detail::io_kind::wait_readable};
}

/// Waits until something can be written to a descriptor without blocking, or an error is there. As readable().
///
/// One task may wait for reading and another for writing at the same time.
///
/// **In asyncio.** `loop.add_writer(fd, callback)`, and `remove_writer`.
[[nodiscard]] inline detail::readiness_operation writable(int fd) noexcept {
  return {fd, detail::io_kind::wait_writable};
}

}  // namespace eddy
