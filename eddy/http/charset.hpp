// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/media_type.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace eddy::http {

/// The name of the charset that a label means, by the table of the WHATWG Encoding standard: "latin1" and
/// "ISO-8859-1" mean "windows-1252", "sjis" means "shift_jis". Empty when the label is not known.
///
/// Case and white space around the label do not matter. Common labels only; what is missing counts as unknown.
std::string_view charset_named(std::string_view label);

/// Where detect_charset() found the charset.
enum class charset_source { byte_order_mark, header, meta, by_default };

struct detected_charset {
  std::string_view name;  ///< as charset_named() gives it; static
  charset_source source;
  std::size_t mark_size;  ///< bytes of the byte order mark at the front, 0 without one
};

/// Finds a document's charset as browsers do: its byte order mark, then the header, then, for HTML, `<meta charset>`
/// or `<meta http-equiv="content-type">` within the first 1024 bytes, else UTF-8. Unknown labels are passed over.
detected_charset detect_charset(const media_type& type, std::string_view body);

/// Decodes to UTF-8 from a charset that charset_named() gave. Never fails: bytes that are no text in it, and a
/// character cut off at the end, become U+FFFD. A charset that the system's iconv does not know is read as UTF-8.
std::string decode_charset(std::string body, std::string_view charset);

/// A body's text in UTF-8, without byte order mark: detect_charset() and decode_charset() in one.
///
/// **In asyncio.** aiohttp's `await response.text(errors="replace")`.
std::string decode_text(std::string body, const media_type& type);

}  // namespace eddy::http
