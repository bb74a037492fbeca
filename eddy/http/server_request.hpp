// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/coro.hpp"
#include "eddy/http/message.hpp"
#include "eddy/net/address.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::http {

class router;

namespace detail {

class server_connection;

/// A named part of a request's path, as sent.
struct path_part {
  std::string_view name;  // belongs to the route
  std::string_view text;
};

}  // namespace detail

/// The pieces of a request's body as they come: `while (auto piece = co_await body.next()) ...`.
///
/// **Cancellation.** A piece comes whole or stays whole: cancelled or timed out, call next() again.
class request_body {
 public:
  /// The next piece, never empty; nothing at the end. Valid until the next call.
  /// @throws reply_error        It is too large (413), not valid (400), or nothing came for the server's body_timeout()
  /// (408).
  /// @throws std::system_error  The connection failed.
  coro<std::optional<std::span<const std::byte>>> next();

 private:
  friend class server_request;
  explicit request_body(detail::server_connection& connection) noexcept : connection_(&connection) {}
  detail::server_connection* connection_;
};

/// A request as handlers get it: its head, what the router found in its path, and its body, which is read on demand.
///
/// A client that waits for `100 Continue` gets it when the body is read for the first time. A handler need not read the
/// body; the server drops a small rest and closes the connection for a large one.
///
/// **Lifetime.** Lives until the response has been sent; so do all views that it gives out.
/// **Thread safety.** Only on the server's loop.
/// **In asyncio.** `aiohttp.web.Request`, Starlette's `Request`.
class server_request {
 public:
  server_request(const server_request&) = delete;
  server_request& operator=(const server_request&) = delete;

  const request_head& head() const noexcept;
  std::string_view method() const noexcept { return head().method; }
  /// As on the wire: path and query, or one of the other forms.
  std::string_view target() const noexcept { return head().target; }
  const fields& headers() const noexcept { return head().headers; }
  http_version version() const noexcept { return head().version; }

  /// The target's path, as sent (percent_decode() reads it), also when the target is a whole URL; `*` for `OPTIONS *`.
  std::string_view path() const noexcept { return path_; }
  /// The target's query without its question mark, as sent.
  std::string_view query_string() const noexcept { return query_; }
  /// The decoded value of the first query parameter of this (decoded) name; nothing when there is none.
  std::optional<std::string> query(std::string_view name) const;
  /// All query parameters, decoded, in order.
  std::vector<std::pair<std::string, std::string>> query_parameters() const;

  /// The decoded part of the path that the route calls `{name}`; nothing when it has none of this name.
  std::optional<std::string> parameter(std::string_view name) const;

  /// Where the client is, as the connection says; nothing when it is no network connection.
  std::optional<endpoint> remote_endpoint() const;

  /// How many bytes the body may have, for this request only. Default: the server's max_body().
  void max_body(std::size_t bytes) noexcept { max_body_ = bytes; }
  /// Reads the whole body: bytes.
  /// @throws as request_body::next().
  ///
  /// **Cancellation.** A cancellation point while it waits; what had come of the body is dropped then.
  coro<std::string> body();
  /// Reads the whole body as text, in UTF-8: by the charset that Content-Type says, see decode_text().
  coro<std::string> text();
  /// Reads the body piece by piece.
  request_body stream() noexcept { return request_body(*connection_); }

 private:
  friend class detail::server_connection;
  friend class router;

  explicit server_request(detail::server_connection& connection) noexcept : connection_(&connection) {}
  /// The parser has a new head.
  void begin(std::size_t max_body) noexcept;

  detail::server_connection* connection_;
  std::string_view path_;
  std::string_view query_;
  std::vector<detail::path_part> parts_;  // kept for the next request: no allocation a request
  std::size_t max_body_ = 0;
};

}  // namespace eddy::http
