// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/detail/attempt.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace eddy::detail {

namespace {

int receive(io_request& request, lent_buffer& lent) noexcept {
  const bool borrows = request.data == nullptr;
  std::byte* const into = borrows ? lent.get() : static_cast<std::byte*>(request.data);
  if (into == nullptr && borrows) return -ENOMEM;
  if (borrows) request.size = request.size == 0 ? lent_buffer::size : std::min(request.size, lent_buffer::size);
  while (true) {
    ssize_t result = ::recv(request.target->fd, into, request.size, 0);
    if (result < 0 && errno == ENOTSOCK) result = ::read(request.target->fd, into, request.size);
    if (result < 0 && errno == EINTR) continue;
    if (result >= 0) request.data = into;
    return result < 0 ? -errno : static_cast<int>(result);
  }
}

ssize_t send_parts(int fd, iovec* parts, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  const ssize_t result = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  return result < 0 && errno == ENOTSOCK ? ::writev(fd, parts, static_cast<int>(count)) : result;
}

ssize_t send(int fd, const io_request& request) noexcept {
  const ssize_t result = ::send(fd, request.data, request.size, MSG_NOSIGNAL);
  return result < 0 && errno == ENOTSOCK ? ::write(fd, request.data, request.size) : result;
}

ssize_t receive_message(int fd, msghdr& message, lent_buffer& lent) noexcept {
  iovec into = *message.msg_iov;
  if (into.iov_base == nullptr) {
    into = {lent.get(), lent_buffer::size};
    if (into.iov_base == nullptr) {
      errno = ENOMEM;
      return -1;
    }
  }
  msghdr asked = message;
  asked.msg_iov = &into;
  asked.msg_namelen = sizeof(sockaddr_storage);
  const ssize_t result = ::recvmsg(fd, &asked, MSG_TRUNC);  // the real size, also of one that does not fit
  if (result < 0) return result;
  *message.msg_iov = into;
  message.msg_namelen = asked.msg_namelen;
  message.msg_flags = asked.msg_flags;
  return result;
}

/// @returns 0 when one of `events` has come, or an error or the end, which a read or write would tell of.
int look(int fd, short events) noexcept {
  pollfd asked{fd, events, 0};
  const int count = ::poll(&asked, 1, 0);
  if (count > 0) return 0;
  return count == 0 ? -EAGAIN : -errno;
}

}  // namespace

std::byte* lent_buffer::get() noexcept {
  if (bytes_ == nullptr) bytes_.reset(new (std::nothrow) std::byte[size]);
  return bytes_.get();
}

int attempt(io_request& request, lent_buffer& lent) noexcept {
  const int fd = request.target->fd;
  while (true) {
    ssize_t result = 0;
    switch (request.kind) {
      case io_kind::receive:
        return receive(request, lent);
      case io_kind::send:
        result = send(fd, request);
        break;
      case io_kind::send_parts:
        result = send_parts(fd, static_cast<iovec*>(request.data), request.size);
        break;
      case io_kind::accept:
        result = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        break;
      case io_kind::connect:
        result = ::connect(fd, static_cast<const sockaddr*>(request.data), static_cast<socklen_t>(request.size));
        // EINTR: the attempt goes on in the kernel, as with EINPROGRESS.
        if (result < 0 && (errno == EINPROGRESS || errno == EINTR)) return -EAGAIN;
        // A Unix listener whose queue is full: nothing is under way, and nothing will tell when there is room.
        if (result < 0 && errno == EAGAIN) return -EBUSY;
        break;
      case io_kind::wait_readable:
        return look(fd, POLLIN | POLLRDHUP);
      case io_kind::wait_writable:
        return look(fd, POLLOUT);
      case io_kind::receive_message:
        result = receive_message(fd, *static_cast<msghdr*>(request.data), lent);
        break;
      case io_kind::send_message:
        result = ::sendmsg(fd, static_cast<const msghdr*>(request.data), MSG_NOSIGNAL);
        break;
    }
    if (result >= 0) return static_cast<int>(result);
    if (errno != EINTR) return -errno;
  }
}

int connect_result(const io_request& request) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(request.target->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return -errno;
  return -error;
}

}  // namespace eddy::detail
