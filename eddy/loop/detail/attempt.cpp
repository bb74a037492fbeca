// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/detail/attempt.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "eddy/base/config.hpp"

namespace eddy::detail {

namespace {

/// What a receive that was refused comes to.
EDDY_NOINLINE int receive_again(io_request& request, void* into) noexcept {
  while (true) {
    ssize_t result = errno == ENOTSOCK ? ::read(request.target->fd, into, request.size)
                     : errno == EINTR  ? ::recv(request.target->fd, into, request.size, 0)
                                       : -1;
    if (result < 0 && (errno == EINTR || errno == ENOTSOCK)) continue;
    if (result >= 0) request.data = into;
    return result < 0 ? -errno : static_cast<int>(result);
  }
}

int receive(io_request& request, lent_buffer& lent) noexcept {
  void* into = request.data;
  const bool borrows = into == nullptr;
  if (borrows) {
    into = lent.get();
    if (into == nullptr) return -ENOMEM;
    request.size = request.size == 0 ? lent_buffer::size : std::min(request.size, lent_buffer::size);
  }
  const ssize_t result = ::recv(request.target->fd, into, request.size, 0);
  if (result < 0) return receive_again(request, into);
  request.data = into;
  request.may_take = borrows && static_cast<std::size_t>(result) >= byte_block::worth_taking;
  return static_cast<int>(result);
}

ssize_t send(int fd, const void* bytes, std::size_t size) noexcept {
  const ssize_t result = ::send(fd, bytes, size, MSG_NOSIGNAL);
  return result < 0 && errno == ENOTSOCK ? ::write(fd, bytes, size) : result;
}

ssize_t send_parts(int fd, iovec* parts, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  const ssize_t result = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  return result < 0 && errno == ENOTSOCK ? ::writev(fd, parts, static_cast<int>(count)) : result;
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

void* lent_buffer::make() noexcept {
  try {
    block_ = byte_block::make(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  block_->lender = &block_;
  return block_->bytes();
}

namespace {

EDDY_NOINLINE int attempt_other(io_request& request, lent_buffer& lent) noexcept {
  const int fd = request.target->fd;
  while (true) {
    ssize_t result = 0;
    switch (request.kind) {
      case io_kind::receive:
        return receive(request, lent);
      case io_kind::send:
        result = send(fd, request.data, request.size);
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

}  // namespace

// What nearly all requests are stands apart, so that it does not pay for the registers and jumps of the others: a
// receive, and a send of one piece, for which the plain call has less to copy in and to check.
int attempt(io_request& request, lent_buffer& lent) noexcept {
  if (request.kind == io_kind::receive) return receive(request, lent);
  if (request.kind == io_kind::send_parts) {
    const auto* const parts = static_cast<const iovec*>(request.data);
    if (request.size == 1 || (request.size == 2 && parts[1].iov_len == 0)) {
      const ssize_t result = ::send(request.target->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
      if (result >= 0) [[likely]]
        return static_cast<int>(result);
      if (errno != EINTR && errno != ENOTSOCK) return -errno;
    }
  }
  return attempt_other(request, lent);
}

int connect_result(const io_request& request) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(request.target->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return -errno;
  return -error;
}

}  // namespace eddy::detail
