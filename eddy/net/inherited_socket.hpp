// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"

namespace eddy {

/// An open socket that somebody else has made, with its name: handed over by whoever started this process, or through
/// some other library. Closed with this object, unless a listener, server, stream or datagram socket has taken it on.
///
/// Move-only. It need not be non-blocking: who takes it on sees to that.
class inherited_socket {
 public:
  /// Takes `fd` over. @param name  For logs, and to tell several apart.
  explicit inherited_socket(int fd, std::string name = {}) noexcept : fd_(fd), name_(std::move(name)) {}
  inherited_socket(inherited_socket&& other) noexcept
      : fd_(detail::exchanged(other.fd_, -1)), name_(std::move(other.name_)) {}
  inherited_socket& operator=(inherited_socket&& other) noexcept {
    fd_ = detail::exchanged(other.fd_, fd_);
    name_.swap(other.name_);
    return *this;
  }
  ~inherited_socket();

  int fd() const noexcept { return fd_; }
  const std::string& name() const noexcept { return name_; }
  /// The caller closes it from here on.
  int release() noexcept { return detail::exchanged(fd_, -1); }

 private:
  int fd_;
  std::string name_;
};

/// The sockets that a service manager has opened for this process (socket activation: LISTEN_FDS, LISTEN_PID,
/// LISTEN_FDNAMES), in its order, with the names that it gives them.
///
/// Takes them over: they are closed on exec from here on, and the variables are removed from the environment, so that a
/// child does not take them for its own, and a second call returns nothing. Call it early: changing the environment is
/// not safe while other threads read it.
///
/// @returns nothing when there are none, or when they are another process's.
/// @throws misuse_error  The variables are there and make no sense.
///
/// **In asyncio.** No counterpart; `start_server(sock=socket.fromfd(3, ...))` by hand.
std::vector<inherited_socket> inherited_sockets();

namespace detail {

/// What a descriptor has to be.
enum class socket_use { listens, connected, datagram };

/// Makes a socket ready for a loop (non-blocking, closed on exec) when it is of the wanted use; it stays the caller's.
/// @throws misuse_error  It is something else; says what.  @throws std::system_error
void prepare_inherited(int fd, socket_use wanted);

}  // namespace detail
}  // namespace eddy
