// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// One link of a page, as its author wrote it: url::resolve_link() makes a URL of it.
struct link {
  std::string href;
  bool nofollow = false;  ///< `rel` says nofollow

  friend bool operator==(const link&, const link&) = default;
};

/// How much of a page is kept; what is beyond is left out without a word.
struct html_limits {
  std::size_t text = 1 << 20;  ///< bytes of text
  std::size_t title = 512;     ///< bytes of the title
  std::size_t links = 20'000;  ///< distinct links
  std::size_t href = 8'192;    ///< bytes of a link; longer ones are dropped
  std::size_t depth = 2'000;   ///< elements inside each other; the page ends where it goes deeper
};

/// What a crawler wants to know about an HTML page.
struct html_page {
  std::string title;        ///< white space folded
  std::string base;         ///< `<base href>`, the first one; empty without
  std::vector<link> links;  ///< of a, area, frame, iframe, in the page's order, each href once
  std::string text;         ///< what a reader sees, without title, scripts and styles; white space folded
  bool nofollow = false;    ///< `<meta name="robots">` says nofollow: none of the links should be followed
  bool noindex = false;     ///< likewise for storing the page
};

/// Reads a page with libxml2's SAX parser, which builds no tree: 70 MB/s and memory in proportion to what is kept.
///
/// Never fails: whatever the bytes are, something comes out, as in a browser.
///
/// @param html  In UTF-8. A charset that the page declares is ignored, as it has been decoded already.
///
/// **Thread safety.** Any number of calls at the same time.
html_page read_html(std::string_view html, const html_limits& limits = {});

}  // namespace crawler
