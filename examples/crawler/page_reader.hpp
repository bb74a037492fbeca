// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// What the body of an answer holds for the crawl.
struct page_content {
  std::string title;
  std::string text;                // empty unless it was asked for
  std::vector<std::string> links;  // absolute, normal, without fragment, inside the origin, each once
};

/// Reads a body: decodes its charset, parses HTML, resolves links. Works long: call it off the loop's thread.
///
/// @param body          The decoded bytes.
/// @param content_type  The header's value; anything but HTML has no links, and text only when it is `text/...`.
/// @param final_url     Where the answer came from: what relative links are relative to, and whose origin they must
/// have.
/// @param want_text     Whether the text is needed.
///
/// **Thread safety.** Any number of calls at the same time.
page_content read_page(std::string body, std::string_view content_type, std::string_view final_url, bool want_text);

}  // namespace crawler
