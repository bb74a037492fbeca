// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/net/address.hpp"
#include "eddy/net/connection.hpp"
#include "eddy/net/inherited_socket.hpp"
#include "eddy/net/socket_address.hpp"
#include "eddy/net/socket_options.hpp"
#include "eddy/net/stream_reader.hpp"
#include "eddy/net/stream_writer.hpp"

namespace eddy {

/// Who is at the other end of a Unix connection.
struct peer_credentials {
  peer_credentials(pid_t p, uid_t u, gid_t g) noexcept : pid(p), uid(u), gid(g) {}
  pid_t pid;  // may have ended since, and its number be another's
  uid_t uid;
  gid_t gid;
};

/// A connection: what comes in and what goes out. Made by open_connection(), by a server or a listener.
///
/// Reading and writing are independent; one task may do both, or one each. The destructor aborts at once: bytes that
/// the system has not taken are dropped and the peer gets a reset then, so that it does not take a part for the whole.
/// Await close() for an orderly end. (Inside a server's handler dropping it is enough: the server awaits what is
/// unsent.)
///
/// **Lifetime.** Move-only; moving leaves reader() and writer() where they are. It has to outlive what awaits them.
/// **Thread safety.** Only on its loop's thread.
/// **In asyncio.** The pair `(StreamReader, StreamWriter)`.
class stream {
 public:
  /// No connection; only to be assigned to.
  stream() noexcept = default;
  stream(stream&& other) noexcept = default;
  stream& operator=(stream&& other) noexcept {
    stream(std::move(other)).swap(*this);
    return *this;
  }
  ~stream() { drop(); }
  void swap(stream& other) noexcept { connection_ = detail::exchanged(other.connection_, connection_); }

  explicit operator bool() const noexcept { return static_cast<bool>(connection_); }

  stream_reader& reader() const { return checked().reader(); }
  stream_writer& writer() const { return checked().writer(); }

  /// This side's and the peer's address; nothing when it is not a connection between addresses, or closed.
  std::optional<endpoint> local_endpoint() const { return checked().carrier().local_endpoint(); }
  std::optional<endpoint> remote_endpoint() const { return checked().carrier().remote_endpoint(); }

  /// The same of any kind: an endpoint, a Unix address (mostly unnamed for the side that connected), or none.
  socket_address local_address() const { return checked().carrier().local_address(); }
  socket_address remote_address() const { return checked().carrier().remote_address(); }
  /// Who is at the other end of a Unix connection, as the kernel knows it from the time of connecting; nothing for
  /// others.
  std::optional<peer_credentials> credentials() const;

  /// Sets an option: `set_option(socket_options::keepalive(60s, 10s, 5))`.
  /// @throws std::system_error  The system refuses.  @throws misuse_error  There is no socket under it.
  void set_option(const socket_option& option);
  /// The socket's descriptor, for what eddy has no word for; -1 when there is none. It stays the stream's: neither
  /// read, write nor close it.
  int native_handle() const { return checked().carrier().native_handle(); }

  /// Takes on a connected stream socket that somebody else has made: one end of a socketpair, one that was handed over.
  /// @throws misuse_error  It is something else; it is closed then.  @throws std::system_error
  static stream from_descriptor(inherited_socket from);
  static stream from_descriptor(int fd) { return from_descriptor(inherited_socket(fd)); }
  /// Hands the socket over, open and non-blocking, and is empty afterwards: the caller closes it.
  /// @throws misuse_error  Something waits on the stream, or bytes are buffered that would be lost: drain() the writer
  ///                       first, and consume what the reader has. Also for a stream that is no plain socket.
  int release();

  /// Whether small writes leave at once (the default) or wait a little for more to come. @throws std::system_error
  void set_nodelay(bool on) { checked().carrier().set_nodelay(on); }

  /// Waits until what was written has been handed to the system, for at most `limit`; then closes.
  ///
  /// @throws timeout_error                           It was not taken within the limit; the peer gets a reset.
  /// @throws std::system_error, broken_stream_error  What was written could not all be sent. Closed all the same.
  ///
  /// **Cancellation.** A cancellation point while it waits; aborts then.
  /// **In asyncio.** `writer.close()` and `await writer.wait_closed()`.
  coro<> close(std::chrono::nanoseconds limit = std::chrono::seconds(5));

  /// Closes now: what waits on it fails with closed_error, what is unsent is dropped. Nothing when it is closed.
  void abort() noexcept {
    if (connection_) connection_->abort();
  }
  bool closed() const noexcept { return !connection_ || connection_->closed(); }

  /// For those who make streams.
  explicit stream(detail::connection_ref connection) noexcept : connection_(std::move(connection)) {}
  explicit stream(detail::owned<detail::transport> carrier) : connection_(new detail::connection(std::move(carrier))) {}
  const detail::connection_ref& shared() const noexcept { return connection_; }

 private:
  void drop() noexcept;
  detail::connection& checked() const {
    if (!connection_) [[unlikely]]
      throw_empty();
    return *connection_;
  }
  [[noreturn]] static void throw_empty();

  detail::connection_ref connection_;
};

namespace detail {

/// Waits until everything has been sent, and closes; what stream::close() and a server do.
coro<> finish(connection_ref c, std::chrono::nanoseconds limit);

}  // namespace detail
}  // namespace eddy
