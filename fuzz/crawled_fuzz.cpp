// SPDX-License-Identifier: BSL-1.0
// Fuzz target for what the crawler reads from servers: robots.txt and HTML. Whatever the bytes are: something comes
// out, within its limits, and robots.txt itself may always be fetched.
#include <cstdint>

#include "examples/crawler/html.hpp"
#include "examples/crawler/robots.hpp"
#include "fuzz/require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto rules = crawler::robots::parse(input, "eddy-crawler");
  require(rules.allows("/robots.txt"), "robots.txt itself is refused");
  (void)rules.allows("/a/path?and=a%20query");

  crawler::html_limits limits;
  limits.text = 1000;
  limits.links = 10;
  const auto page = crawler::read_html(input, limits);
  require(page.text.size() <= limits.text, "more text than the limit");
  require(page.title.size() <= limits.title, "more title than the limit");
  require(page.links.size() <= limits.links, "more links than the limit");
  return 0;
}
