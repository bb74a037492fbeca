// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace eddy::http {

/// A head that cannot be written: an invalid part, or fields that contradict the framing.
class invalid_head : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// How the body behind a head is framed: the caller decides, the serializer writes the field for it.
struct body_framing {
  body_kind kind = body_kind::none;
  std::uint64_t size = 0;  ///< for body_kind::length only

  /// No body, and nothing said about one. An empty body in a place where there could be one is length(0).
  static constexpr body_framing none() noexcept { return {}; }
  static constexpr body_framing length(std::uint64_t size) noexcept { return {body_kind::length, size}; }
  static constexpr body_framing chunked() noexcept { return {body_kind::chunked, 0}; }
  static constexpr body_framing until_close() noexcept { return {body_kind::until_close, 0}; }
};

/// Appends a request's first line, its fields, what its framing needs, and the empty line.
///
/// Content-Length and Transfer-Encoding come from `framing`: the head's own ones are kept where they agree with it,
/// and refused where they do not, so that a message never has both.
///
/// @param out  Where it goes; unchanged when this throws.
/// @throws invalid_head  The method is no token; the target has no valid form for it; Host is missing (HTTP/1.1),
/// double
///                       or invalid; the fields contradict the framing; chunked in HTTP/1.0; until_close.
void append_head(std::string& out, const request_head& head, body_framing framing);

/// Appends a response's first line, its fields, what its framing needs, and the empty line.
///
/// An answer to HEAD takes the framing that the answer to GET would have had, or none().
/// until_close() adds `Connection: close` where the head does not say so.
///
/// @param out             Where it goes; unchanged when this throws.
/// @param request_method  Of the request that this answers.
/// @throws invalid_head   The status is not 100 … 999; the reason has control characters; the fields contradict the
///                        framing; chunked in HTTP/1.0; a body where there can be none (1xx, 204, success of CONNECT);
///                        none() where the recipient would wait for a body.
void append_head(std::string& out, const response_head& head, body_framing framing,
                 std::string_view request_method = "GET");

/// The line before the data of a chunk, for gathering writes: this, the data, and chunk_end.
class chunk_start {
 public:
  /// @param size  Bytes of data, not 0: that would end the body.
  explicit chunk_start(std::uint64_t size) noexcept;
  std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 18> text_{};  // 16 digits, CR LF
  std::size_t size_ = 0;
};

/// What follows the data of a chunk.
inline constexpr std::string_view chunk_end = "\r\n";
/// What follows the last chunk of a body without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

/// Appends one chunk; nothing for empty data, since an empty chunk would end the body.
void append_chunk(std::string& out, std::span<const std::byte> data);

/// Appends the end of a chunked body, with trailer fields.
/// @throws invalid_head  A trailer would change the framing or routing: Content-Length, Host, Transfer-Encoding.
void append_last_chunk(std::string& out, const fields& trailers);

}  // namespace eddy::http
