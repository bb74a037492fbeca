// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/listener.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace eddy {

namespace {

// The connection in front of the queue was lost before it could be taken; the next one may be fine. accept(2) passes on
// errors that are pending on the new socket.
bool only_that_connection(int result) noexcept {
  switch (-result) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM:  // a firewall's rule
      return true;
    default:
      return false;
  }
}

}  // namespace

namespace detail {

bool accept_operation::try_complete() {
  closed_ = listener_->closed();
  if (closed_) return true;
  if (listener_->waiting_ != nullptr) throw misuse_error("two accepts of one listener at a time; let one task accept");
  kind = io_kind::accept;
  do {
    if (!listener_->socket_->start(*this)) {
      listener_->waiting_ = this;
      return false;
    }
  } while (only_that_connection(result));
  return true;
}

void accept_operation::completed() noexcept {
  if (closed_) {
    leave_closed();
    return;
  }
  listener_->waiting_ = nullptr;
  while (only_that_connection(result) || result == -ECANCELED) {
    if (context_->cancel_requested()) {
      context_->withdrawn();
      return;
    }
    if (!listener_->socket_->start(*this)) {
      listener_->waiting_ = this;
      return;
    }
  }
  context_->completed();
}

/// The listener was closed, and the system has let go of its socket now.
void accept_operation::leave_closed() noexcept {
  if (result >= 0) {
    // It came in between: reset, as the ones that waited in the kernel.
    const linger at_once{1, 0};
    setsockopt(result, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(result);
  }
  socket_.reset();
  if (context_->cancel_requested())
    context_->withdrawn();
  else
    context_->completed();
}

bool accept_operation::take_back() noexcept {
  if (closed_ || !pending || !listener_->socket_->withdraw(*this)) return false;
  listener_->waiting_ = nullptr;
  return true;
}

stream accept_operation::await_resume() {
  if (closed_) throw closed_error("this listener was closed");
  if (result < 0) throw std::system_error(-result, std::generic_category(), "accept");
  struct owned_fd {
    explicit owned_fd(int taken) noexcept : fd(taken) {}
    owned_fd(const owned_fd&) = delete;
    owned_fd& operator=(const owned_fd&) = delete;
    ~owned_fd() {
      if (fd >= 0) ::close(fd);
    }
    int fd;
  };
  owned_fd taken(std::exchange(result, -EINVAL));
  auto socket = std::make_unique<detail::socket>();
  socket->adopt(std::exchange(taken.fd, -1));
  socket->set_nodelay(true);
  return stream(std::move(socket));
}

}  // namespace detail

listener::listener(const endpoint& at, const settings& how) : socket_(detail::socket::make(at.address())) {
  socket_->listen(at, how.backlog, how.reuse_port);
}

listener::listener(listener&& other) noexcept : socket_(std::move(other.socket_)) {
  EDDY_ASSERT(other.waiting_ == nullptr,
              "a listener was moved while somebody awaits accept(); it has to stay where it is");
}

void listener::close() noexcept {
  if (socket_ == nullptr) return;
  if (waiting_ != nullptr) {
    detail::accept_operation& op = *std::exchange(waiting_, nullptr);
    op.closed_ = true;
    if (socket_->withdraw(op)) {
      op.context_->completed();
    } else {
      socket_->stop_listening();
      op.socket_ = std::move(socket_);
    }
  }
  socket_.reset();
}

endpoint listener::local_endpoint() const {
  if (socket_ == nullptr) throw closed_error("this listener was closed");
  const auto local = socket_->local_endpoint();
  if (!local) throw std::system_error(errno, std::generic_category(), "getsockname");
  return *local;
}

}  // namespace eddy
