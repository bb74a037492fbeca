// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/http/fields.hpp"
#include "eddy/http/media_type.hpp"
#include "eddy/http/message.hpp"
#include "eddy/http/status.hpp"
#include "eddy/http/url.hpp"

namespace eddy::http {

namespace detail {
class exchange;
}

/// A redirect that was followed.
class redirect_step {
 public:
  redirect_step(std::string m, http::url asked, int answer);
  std::string method;  ///< of the request that was redirected
  http::url url;       ///< what was asked for
  int status;          ///< what it was answered with: 301, 302, 303, 307 or 308
};

/// What a server answered, all of it but the body.
///
/// **Thread safety.** As a plain value.
class reply_head {
 public:
  int status() const noexcept { return head_.status; }
  /// As the server sent it; says nothing that the status does not.
  const std::string& reason() const noexcept { return head_.reason; }
  http_version version() const noexcept { return head_.version; }
  /// The header fields. Where a Content-Encoding has been taken off the body, it is not here, nor is the Content-Length
  /// that counted the encoded bytes.
  const fields& headers() const noexcept { return head_.headers; }
  /// Content-Type, taken apart.
  media_type content_type() const;

  /// The method of the request that this answers: after a redirect it can be another than was asked for.
  const std::string& method() const noexcept { return method_; }
  /// The URL that this is the answer of: after redirects the last one. Keeps the fragment.
  const http::url& url() const noexcept { return url_; }
  /// The redirects on the way, the first request first.
  const std::vector<redirect_step>& history() const noexcept { return history_; }

  /// Whether the status is below 400.
  bool ok() const noexcept { return status() < 400; }

 protected:
  reply_head(std::string_view method, http::url asked);

  [[noreturn]] void throw_status_error(std::string_view body) const;

  response_head head_;
  std::string method_;
  http::url url_;
  std::vector<redirect_step> history_;
};

/// What a server answered.
///
/// **Thread safety.** As a plain value.
/// **In asyncio.** `httpx.Response`; aiohttp's `ClientResponse` after `read()`.
class reply : public reply_head {
 public:
  /// The body, without its content codings.
  const std::string& bytes() const& noexcept;
  std::string bytes() && noexcept;
  /// The body as UTF-8, by its byte order mark, its header's charset, or (HTML) its meta element. Never fails: what is
  /// no text becomes U+FFFD.
  std::string text() const&;
  std::string text() &&;

  /// Trailer fields of a chunked body.
  const fields& trailers() const noexcept { return trailers_; }
  /// From the start of the request, waiting for a connection and redirects included, to the last byte.
  std::chrono::nanoseconds elapsed() const noexcept { return elapsed_; }

  /// Throws unless the status is below 400. @throws status_error  With method, URL, status and the start of the body.
  ///
  /// **In asyncio.** `response.raise_for_status()`.
  const reply& raise_for_status() const&;
  reply&& raise_for_status() &&;

 private:
  friend class detail::exchange;
  reply(std::string_view method, http::url asked);

  std::string body_;
  fields trailers_;
  std::chrono::nanoseconds elapsed_{};
};

}  // namespace eddy::http
