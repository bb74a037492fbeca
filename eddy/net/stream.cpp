// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream.hpp"

#include <sys/socket.h>
#include <algorithm>

#include "eddy/flow/timeout.hpp"
#include "eddy/net/socket.hpp"

namespace eddy {

void stream::throw_empty() {
  throw misuse_error("this stream is empty or was moved from; get one from open_connection or a server");
}

void stream::drop() noexcept {
  if (!connection_) return;
  // A handler that just returns has said everything: its server sends the rest. One that is cancelled has not.
  if (connection_->server() != nullptr && !unwinding() && !connection_->closed() && connection_->owes_finish())
    connection_->left_to_server = true;
  else
    connection_->abort();
}

std::optional<peer_credentials> stream::credentials() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (remote_address().as_unix() == nullptr) return std::nullopt;
  if (getsockopt(native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer_credentials(peer.pid, peer.uid, peer.gid);
}

void stream::set_option(const socket_option& option) {
  const int fd = native_handle();
  if (fd < 0) throw misuse_error("stream::set_option: there is no socket under this stream, or it is closed");
  option.apply(fd);
}

stream stream::from_descriptor(inherited_socket from) {
  detail::prepare_inherited(from.fd(), detail::socket_use::connected);
  auto socket = std::make_unique<detail::socket>();
  socket->adopt(from.release());
  return stream(std::move(socket));
}

int stream::release() {
  const int fd = checked().release_descriptor();
  *this = stream();
  return fd;
}

coro<> stream::close(std::chrono::nanoseconds limit) { return detail::finish(connection_, limit); }

namespace detail {

namespace {

coro<> read_to_the_end(connection_ref c) {
  while (true) {
    const bool more = co_await c->reader().fill();
    if (!more) co_return;
    c->reader().consume(c->reader().buffered().size());
  }
}

/// Tells the peer that this is the end, and lets it say the same for a while: a peer that has gone, or never answers,
/// has had all the bytes nonetheless.
coro<> say_goodbye(connection_ref c, std::chrono::nanoseconds limit) {
  const std::chrono::nanoseconds patience = std::min(limit, c->carrier().goodbye());
  if (patience.count() == 0) co_return;
  try {
    co_await wait_for(c->writer().write_eof(), limit);
    co_await wait_for(c->writer().drain(), limit);
    co_await wait_for(read_to_the_end(c), patience);
  } catch (...) {
  }
}

}  // namespace

coro<> finish(connection_ref c, std::chrono::nanoseconds limit) {
  if (!c || c->closed()) co_return;
  struct closing {
    explicit closing(connection& at_end) noexcept : connection_(at_end) {}
    closing(const closing&) = delete;
    closing& operator=(const closing&) = delete;
    ~closing() { connection_.abort(); }
    connection& connection_;
  };
  const closing guard(*c);
  if (c->has_unsent()) co_await wait_for(c->writer().drain(), limit);
  co_await say_goodbye(c, limit);
}

}  // namespace detail
}  // namespace eddy
