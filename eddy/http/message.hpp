// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/fields.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace eddy::http {

/// The two versions that this half of eddy::http speaks.
enum class http_version : std::uint8_t { http_1_0, http_1_1 };

/// "HTTP/1.1" and the like.
std::string_view to_string(http_version version) noexcept;

/// The four shapes of a request target (RFC 9112 section 3.2).
enum class target_form : std::uint8_t {
  origin,     ///< `/path?query`, what a server gets
  absolute,   ///< `http://host/path`, what a proxy gets (and a server has to take)
  authority,  ///< `host:port`, for CONNECT only
  asterisk,   ///< `*`, for OPTIONS only
  invalid,    ///< none of them
};

/// Which form this target has with this method; `invalid` when it has none, or has characters that it may not have
/// (spaces, controls, '#', bytes beyond ASCII).
target_form form_of(std::string_view method, std::string_view target) noexcept;

/// Whether this may stand in a Host field: a name, IPv4 or bracketed IPv6 address, with an optional port; or empty.
bool is_valid_host(std::string_view host) noexcept;

/// The first line and the header fields of a request.
///
/// The members are plain, so anything can be put in them; the parser gives only valid ones, and the serializer
/// refuses others.
struct request_head {
  std::string method = "GET";  ///< case-sensitive; any token
  std::string target = "/";    ///< as on the wire: not decoded, not split
  http_version version = http_version::http_1_1;
  fields headers;

  target_form form() const noexcept { return form_of(method, target); }
  /// `host[:port]` that the request is for: from the target when it has one (then Host does not count,
  /// RFC 9112 section 3.2.2), or else from Host; empty when there is neither.
  std::string_view authority() const noexcept;
  friend bool operator==(const request_head&, const request_head&) = default;
};

/// The first line and the header fields of a response.
struct response_head {
  int status = 200;    ///< 100 … 999
  std::string reason;  ///< as sent; says nothing that the status does not
  http_version version = http_version::http_1_1;
  fields headers;
  friend bool operator==(const response_head&, const response_head&) = default;
};

/// How the end of a message's body is told.
enum class body_kind : std::uint8_t {
  none,         ///< there is no body
  length,       ///< Content-Length
  chunked,      ///< Transfer-Encoding: chunked
  until_close,  ///< the end of the connection (responses only)
};

}  // namespace eddy::http
