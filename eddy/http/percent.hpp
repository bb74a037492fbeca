// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace eddy::http {

/// Percent-encodes everything but RFC 3986's unreserved characters (letters, digits, `-._~`).
///
/// What comes out can stand anywhere in a URL: as one path segment, as the name or the value of a query.
/// The bytes are taken as they are, so text should be UTF-8.
///
/// **In asyncio.** `urllib.parse.quote(text, safe="")`.
std::string percent_encode(std::string_view text);

/// Replaces each `%XX` by its byte and leaves everything else alone, a `%` without two hex digits included.
///
/// The result may hold any byte, NUL and `/` too: decode a path segment by segment, after splitting it.
///
/// **In asyncio.** `urllib.parse.unquote_to_bytes(text)`.
std::string percent_decode(std::string_view text);

/// Decodes a name or a value of a query: as percent_decode(), and `+` becomes a space.
///
/// **In asyncio.** `urllib.parse.unquote_plus(text)`.
std::string decode_query_value(std::string_view text);

/// The value of a hexadecimal digit, or -1 for any other character.
constexpr int hex_digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends `%XX` for one byte, with upper case digits as RFC 3986 section 2.1 asks for.
void append_percent_encoded(std::string& out, char c);

}  // namespace eddy::http
