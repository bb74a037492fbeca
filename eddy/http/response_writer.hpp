// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/coro.hpp"
#include "eddy/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace eddy::http {

namespace detail {
class server_connection;
}

/// Where a streamed body goes: what response::stream() gives its callable.
///
/// **Lifetime.** Valid until the callable has ended.
/// **Thread safety.** Only on the server's loop; one write at a time.
/// **In asyncio.** `aiohttp.web.StreamResponse.write`.
class response_writer {
 public:
  /// Sends a piece of the body, at once, waiting when the client does not keep up.
  ///
  /// @param bytes  Borrowed: has to outlive the await. Empty sends nothing.
  /// @throws std::system_error  The client has gone. Let it pass: nobody is told.
  /// @throws timeout_error      The client has not taken anything for the server's write_timeout().
  /// @throws misuse_error       More than the announced length.
  ///
  /// **Cancellation.** A cancellation point; the connection is of no use afterwards.
  coro<> write(std::span<const std::byte> bytes);
  coro<> write(std::string_view text);

  /// Ends the body here without saying that it is complete, once the callable returns: what was written is sent, then
  /// the connection is closed. The client sees that a part is missing (in HTTP/1.0 without a length nobody can).
  void cut() noexcept { cut_ = true; }

  /// Bytes of the body so far.
  std::uint64_t written() const noexcept { return written_; }

 private:
  friend class detail::server_connection;
  response_writer(detail::server_connection& connection, bool chunked, std::optional<std::uint64_t> length) noexcept
      : connection_(connection), length_(length), chunked_(chunked) {}
  response_writer(const response_writer&) = delete;

  detail::server_connection& connection_;
  std::optional<std::uint64_t> length_;  // what the head announces
  std::uint64_t written_ = 0;
  bool chunked_;
  bool cut_ = false;
};

/// A connection in a handler's own hands: what response::raw() gives its callable. For answers that HTTP does not have,
/// tests of clients, and protocols that take a connection over.
///
/// Nothing has been sent in answer to this request (but a `100 Continue` if its body was read). When the callable ends
/// the connection is closed, after everything that was written has been sent. The server's timeouts do not apply to
/// what is done here.
///
/// **Lifetime.** Valid until the callable has ended.
class raw_connection {
 public:
  stream_writer& writer() const { return stream_.writer(); }
  /// Bytes that follow the request. @pre  Its body has been read, if it has one.
  stream_reader& reader() const { return stream_.reader(); }

  /// Tells that a whole response was written, so that the connection can serve the next request, if the client wants
  /// it.
  void keep_alive() noexcept { keep_alive_ = true; }
  /// Closes now: what the system has not taken is dropped, and the client gets a reset then.
  void abort() noexcept { stream_.abort(); }

 private:
  friend class detail::server_connection;
  explicit raw_connection(eddy::stream& connection) noexcept : stream_(connection) {}
  raw_connection(const raw_connection&) = delete;

  eddy::stream& stream_;
  bool keep_alive_ = false;
};

}  // namespace eddy::http
