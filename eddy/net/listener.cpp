// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/listener.hpp"

#include <netinet/in.h>
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

/// What every listening TCP socket gets. Connections inherit it, so accepting one costs no further call.
void set_usual_options(detail::socket& on, const socket_address& at, bool reuse_port) {
  // Connections of an earlier run that linger in the kernel do not keep the port.
  on.set_option(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (reuse_port) on.set_option(SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  // IPv4 has a socket of its own: one that took both would show IPv4 peers as ::ffff:a.b.c.d.
  if (at.family() == AF_INET6) on.set_option(IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  on.set_nodelay(true);
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
  return stream(std::move(socket));
}

}  // namespace detail

listener::listener(const socket_address& at, const settings& how)
    : socket_(detail::socket::make(at.family(), SOCK_STREAM)) {
  const unix_address* const path = at.as_unix();
  if (path != nullptr) {
    socket_->set_options(how.options);
    file_.bind(socket_->fd(), *path, how.permissions);
  } else {
    set_usual_options(*socket_, at, how.reuse_port);
    socket_->set_options(how.options);
    socket_->bind(*at.as_endpoint(), "listen on");
  }
  socket_->listen(at, how.backlog);
}

listener::listener(inherited_socket from) {
  detail::prepare_inherited(from.fd(), detail::socket_use::listens);
  socket_ = std::make_unique<detail::socket>();
  socket_->adopt(from.release());
  if (local_address().as_endpoint() != nullptr) socket_->set_nodelay(true);
}

listener::listener(listener&& other) noexcept : socket_(std::move(other.socket_)), file_(std::move(other.file_)) {
  EDDY_ASSERT(other.waiting_ == nullptr,
              "a listener was moved while somebody awaits accept(); it has to stay where it is");
}

void listener::close() noexcept {
  if (socket_ == nullptr) return;
  file_.remove();  // before the socket: who finds the file finds a server
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

socket_address listener::local_address() const {
  if (socket_ == nullptr) throw closed_error("this listener was closed");
  return socket_->local_address();
}

endpoint listener::local_endpoint() const {
  const socket_address local = local_address();
  if (local.as_endpoint() == nullptr)
    throw misuse_error("this listener is on " + local.to_string() + ", which is no endpoint; use local_address()");
  return *local.as_endpoint();
}

}  // namespace eddy
