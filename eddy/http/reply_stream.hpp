// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/reply.hpp"

namespace eddy::http {

/// A reply whose body is read piece by piece: a resource for `with`.
///
///     auto save = [&](http::reply_stream& r) -> coro<> {
///       r.raise_for_status();
///       while (auto piece = co_await r.next()) file << *piece;
///     };
///     co_await with(client.get(url).stream(), save);
///
/// Entering sends the request and waits for the head of the answer. Leaving before the body's end closes the
/// connection, so that a half-read one never serves another request. What is not asked for stays with the kernel: a
/// slow reader slows the server down.
///
/// Limits: connect_timeout and read_timeout as usual, the latter only while next() waits; timeout() and max_body() only
/// when they were set, on the request or the client.
///
/// **Cancellation.** A cancelled next() has taken nothing (L12): call it again. Cancelled on entering, the connection
/// is closed.
/// **In asyncio.** `async with client.stream("GET", url) as r: async for chunk in r.aiter_bytes()` of httpx.
class reply_stream {
 public:
  /// For `with`. @throws client_error  As awaiting the request, but for the body.
  coro<reply_stream&> aenter();
  void aexit() noexcept;

  /// The head of the answer. @pre  inside of `with`
  const reply_head& head() const noexcept;
  int status() const noexcept { return head().status(); }
  const fields& headers() const noexcept { return head().headers(); }
  /// Throws unless the status is below 400. @throws status_error  Without the body, which has not been read.
  void raise_for_status() const;

  /// The next piece of the decoded body, at least one byte, at most some megabytes (from a wild coding; 64 KiB as a
  /// rule); nothing at its end.
  ///
  /// @throws client_error  After truncated, decode, too_large and the like there is nothing more; after a timeout it
  /// may be tried again.
  coro<std::optional<std::string>> next();

  explicit reply_stream(eddy::detail::owned<detail::exchange> made) noexcept;
  reply_stream(reply_stream&&) noexcept;
  reply_stream& operator=(reply_stream&&) noexcept;
  ~reply_stream();

 private:
  eddy::detail::owned<detail::exchange> exchange_;
};

}  // namespace eddy::http
