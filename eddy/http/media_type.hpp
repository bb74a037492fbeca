// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::http {

/// The value of a Content-Type header: `text/html; charset="utf-8"`.
///
/// **In asyncio.** `email.message.Message.get_content_type()` and `get_param()`; aiohttp's `content_type`.
struct media_type {
  /// "text", in lower case; empty when the header names no type.
  std::string type;
  /// "html", in lower case.
  std::string subtype;
  /// Names in lower case, values unquoted, in the order given.
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The value of the first parameter of that name (in lower case), or nothing.
  std::string_view parameter(std::string_view name) const;
  /// Whether it is that type, "text/html", parameters aside.
  bool is(std::string_view essence) const;
  /// Whether it is HTML or XHTML.
  bool is_html() const;
};

/// Reads a Content-Type header. Never fails: what cannot be understood is left out, as browsers do, since servers
/// send much that is not quite right.
media_type parse_media_type(std::string_view header);

}  // namespace eddy::http
