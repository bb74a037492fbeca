// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace eddy::http {

/// What was wrong with a message; parse_error::kind() tells.
enum class parse_fault {
  bare_cr,                        ///< a carriage return that no line feed follows
  bare_lf,                        ///< a line feed without a carriage return before it
  control_character,              ///< NUL or another control character in a line
  start_line_too_long,            ///< request or status line beyond its limit
  empty_start_line,               ///< more than one empty line before a request, or any before a response
  invalid_method,                 ///< the method is no token
  invalid_target,                 ///< a request target of none of the four forms, or with forbidden characters
  invalid_version,                ///< no `HTTP/x.y` where the version belongs
  unsupported_version,            ///< a version other than 1.0 and 1.1
  invalid_status_line,            ///< a status line without a status of three digits
  too_many_fields,                ///< more header fields than the limit
  headers_too_large,              ///< more bytes of header fields than the limit
  folded_line,                    ///< a line that starts with a space or tab (obs-fold)
  whitespace_before_colon,        ///< `Name :`
  empty_field_name,               ///< `: value`
  invalid_field_name,             ///< a field name that is no token, or no colon
  missing_host,                   ///< HTTP/1.1 without Host
  duplicate_host,                 ///< more than one Host
  invalid_host,                   ///< Host is no `name[:port]`
  invalid_content_length,         ///< not only digits, or too large
  duplicate_content_length,       ///< more than one Content-Length, be they equal
  conflicting_framing,            ///< Content-Length together with Transfer-Encoding
  invalid_transfer_encoding,      ///< chunked not last, not once, or in two fields
  unsupported_transfer_encoding,  ///< another coding than chunked
  chunked_on_http_1_0,            ///< Transfer-Encoding in a version that does not have it
  invalid_chunk_size,             ///< not only hexadecimal digits, or too large
  invalid_chunk_extension,        ///< not `;name=value`, or spaces in it
  chunk_extensions_too_large,     ///< more bytes of chunk extensions than the limit
  invalid_chunk_end,              ///< chunk data that goes on beyond its size
  trailers_too_large,             ///< more trailer fields or bytes than the limits
  forbidden_trailer,              ///< a trailer field that would change the framing or routing
  incomplete,                     ///< the connection ended in the middle of a message
};

/// The name of a fault as in the source, "bare_cr".
std::string_view to_string(parse_fault fault) noexcept;

/// A message that is not HTTP/1.1 as RFC 9112 has it, or exceeds a limit.
///
/// After it, framing is lost: a server answers with status() and closes, a client closes. what() is a sentence for
/// the log.
class parse_error : public std::runtime_error {
 public:
  explicit parse_error(parse_fault kind);
  /// @param about  What the message's own sentence goes on with: the offending part.
  parse_error(parse_fault kind, std::string_view about);

  parse_fault kind() const noexcept { return kind_; }
  /// The status code that a server answers with: 400, 414, 431, 501 or 505.
  int status() const noexcept;

 private:
  parse_fault kind_;
};

}  // namespace eddy::http
