// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "eddy/base/errors.hpp"

namespace eddy::http {

/// Why a client's request failed.
enum class client_errc {
  unsupported,         ///< a scheme that this client does not speak
  busy,                ///< too many requests wait for a connection
  resolve,             ///< the host has no address, as far as the system could find out
  connect,             ///< nobody took the connection
  timeout,             ///< one of the limits on time was reached
  disconnected,        ///< the connection went away before a byte of the answer had come
  protocol,            ///< what came is no HTTP/1.1
  truncated,           ///< the connection went away in the middle of the answer
  too_large,           ///< the body is larger than max_body
  expansion,           ///< a decompression bomb
  decode,              ///< the body is not what its Content-Encoding says, or a coding that is not known
  redirect_loop,       ///< redirected to what had been asked for before
  too_many_redirects,  ///< more redirects than allowed
  status,              ///< raise_for_status() on a status of 400 and above
};

/// The name of a kind as in the source, "too_large".
std::string_view to_string(client_errc kind) noexcept;

/// A request that failed. what() names method and URL, what went wrong, and how to mend it where that is known.
///
/// **In asyncio.** `aiohttp.ClientError`, `httpx.RequestError`.
class client_error : public error {
 public:
  /// @param about  What went wrong, without method and URL.
  client_error(client_errc kind, std::string_view method, std::string_view url, std::string_view about);

  client_errc kind() const noexcept { return kind_; }
  const std::string& method() const noexcept { return method_; }
  /// The URL that was asked for when it failed: after redirects not the first one.
  const std::string& url() const noexcept { return url_; }
  /// Whether the same request may well succeed a little later.
  bool temporary() const noexcept;

 private:
  virtual bool worth_another_try() const noexcept;

  client_errc kind_;
  std::string method_;
  std::string url_;
};

/// What raise_for_status() throws: the answer came, and says no.
class status_error : public client_error {
 public:
  /// @param body_start  The first part of the body, as text.
  status_error(std::string_view method, std::string_view url, int status, std::string_view reason,
               std::string body_start);

  int status() const noexcept { return status_; }
  const std::string& body_start() const noexcept { return body_start_; }

 private:
  bool worth_another_try() const noexcept override;

  int status_;
  std::string body_start_;
};

namespace detail {

/// "get http://host/path": how errors and task listings call a request.
std::string name_request(std::string_view method, std::string_view url);

}  // namespace detail
}  // namespace eddy::http
