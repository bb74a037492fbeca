// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crawler {

/// `text` as one gzip member.
std::string gzip(std::string_view text);

/// UTF-8 text in another charset, by iconv's name. Throws std::invalid_argument where it cannot be written in it.
std::string encode(std::string_view text, const char* charset);

/// Some paragraphs of made-up prose, different for each number and the same each time.
std::string paragraphs(std::size_t number);

/// A page with that title and what goes into its head and body.
std::string html_page_of(std::string_view title, std::string_view head, std::string_view body);

}  // namespace crawler
