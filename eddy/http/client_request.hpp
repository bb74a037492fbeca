// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/http/detail/limited_exchange.hpp"
#include "eddy/http/reply.hpp"
#include "eddy/http/reply_stream.hpp"

namespace eddy::http {

namespace detail {
class request_plan;
}

/// A request to be made: `auto reply = co_await client.get(url).query("q", "eddy").timeout(3s);`. Made by a client.
///
/// Awaiting it sends it, follows redirects and reads the whole body into an http::reply. For bodies that are worked on
/// as they come, end it with stream().
///
/// @returns (when awaited) http::reply, whatever the status: see reply::raise_for_status().
/// @throws client_error  See client_errc. A body beyond its limit, cut off or wrongly encoded is an error, never a
/// part.
///
/// **Cancellation.** A cancellation point. What the server did with the request is not known then; the connection is
/// closed, and never serves another request (L1, remote).
/// **Thread safety.** Only on the loop's thread.
/// **Lifetime.** Keeps what it needs of the client, which may go while requests are under way.
/// **Complexity.** On a connection that is open: one system call to send, one or two to receive, one timer.
/// **In asyncio.** `session.get(...)` of aiohttp, `AsyncClient.get` of httpx.
class [[nodiscard("a request is sent when this is awaited")]] client_request {
 public:
  using place = std::source_location;

  /// Adds a pair to the URL's query, percent-encoded. @param value  UTF-8 text, or a number.
  client_request& query(std::string_view name, std::string_view value) &;
  client_request& query(std::string_view name, std::integral auto value) & {
    return query(name, std::string_view(std::to_string(value)));
  }
  /// A header field; replaces one of this name, also one that the client adds by itself. @throws invalid_field
  client_request& header(std::string_view name, std::string_view value) &;
  /// Authorization: Bearer. @throws invalid_field
  client_request& bearer(std::string_view token) &;
  /// What to send. @param type  Content-Type; none when empty.
  client_request& body(std::string bytes, std::string_view type = {}) &;

  /// For everything together: waiting for a connection, redirects, the body. Default 5 min. A stream() has it only when
  /// it is set.
  client_request& timeout(std::chrono::nanoseconds limit, place where = place::current()) &;
  /// For making a connection, looking the host up included. Default 10 s.
  client_request& connect_timeout(std::chrono::nanoseconds limit, place where = place::current()) &;
  /// Between two arrivals of bytes, and until the first. Default 30 s.
  client_request& read_timeout(std::chrono::nanoseconds limit, place where = place::current()) &;
  /// For a connection of the pool to become free. Default 5 min.
  client_request& wait_timeout(std::chrono::nanoseconds limit, place where = place::current()) &;

  /// Bytes of the decoded body; one more is client_errc::too_large. Default 64 MiB; a stream() has it only when it is
  /// set.
  client_request& max_body(std::uint64_t bytes) &;
  /// Decoded bytes for each encoded one, counted from 1 MiB on; more is client_errc::expansion. Default 100.
  client_request& max_ratio(std::uint64_t out_for_each_in) &;
  /// Whether compressed bodies are asked for and decoded. Default: yes.
  client_request& decode(bool on) &;

  /// How many redirects are followed; with 0 the redirect itself is the reply. Default 10.
  client_request& redirects(unsigned most) &;
  /// Asked before each redirect is followed: `bool(const reply_head& answer, const http::url& to)`. When it says no,
  /// the redirect itself is the reply.
  client_request& follow_if(eddy::detail::function<bool(const reply_head& answer, const http::url& to)> agrees) &;
  /// Follows redirects within scheme, host and port of the URL only.
  client_request& follow_same_origin() &;

  // The same in a chain, before co_await.
  client_request&& query(std::string_view name, std::string_view value) && { return std::move(query(name, value)); }
  client_request&& query(std::string_view name, std::integral auto value) && { return std::move(query(name, value)); }
  client_request&& header(std::string_view name, std::string_view value) &&;
  client_request&& bearer(std::string_view token) &&;
  client_request&& body(std::string bytes, std::string_view type = {}) &&;
  client_request&& timeout(std::chrono::nanoseconds limit, place where = place::current()) &&;
  client_request&& connect_timeout(std::chrono::nanoseconds limit, place where = place::current()) &&;
  client_request&& read_timeout(std::chrono::nanoseconds limit, place where = place::current()) &&;
  client_request&& wait_timeout(std::chrono::nanoseconds limit, place where = place::current()) &&;
  client_request&& max_body(std::uint64_t bytes) &&;
  client_request&& max_ratio(std::uint64_t out_for_each_in) &&;
  client_request&& decode(bool on) &&;
  client_request&& redirects(unsigned most) &&;
  client_request&& follow_if(eddy::detail::function<bool(const reply_head& answer, const http::url& to)> agrees) &&;
  client_request&& follow_same_origin() &&;

  /// The reply as a resource for `with`, its body to be read piece by piece.
  reply_stream stream() &&;

  detail::request_operation operator co_await() &&;

  explicit client_request(eddy::detail::owned<detail::exchange> made) noexcept;
  client_request(client_request&&) noexcept;
  client_request& operator=(client_request&&) noexcept;
  ~client_request();

 private:
  detail::request_plan& plan() const;
  eddy::detail::owned<detail::exchange> release();

  eddy::detail::owned<detail::exchange> exchange_;
};

}  // namespace eddy::http
