// SPDX-License-Identifier: BSL-1.0
// Fuzz target for URLs and for the links of pages. Whatever the bytes are: a link that resolves gives a URL that reads
// back as itself, and escaping a link twice is escaping it once.
#include "eddy/http/url.hpp"

#include <cstdint>

#include "eddy/http/link.hpp"
#include "fuzz/require.hpp"

namespace {

void reads_back(const eddy::http::url& found) {
  const auto again = eddy::http::url::try_parse(found.str());
  require(again.has_value(), "a URL does not read back");
  require(again->str() == found.str(), "a URL reads back as another");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using eddy::http::escape_link;
  using eddy::http::url;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string once = escape_link(input);
  require(escape_link(once) == once, "escaping a link twice gives another than escaping it once");
  if (const auto parsed = url::try_parse(input)) reads_back(*parsed);
  static const url base = *url::try_parse("http://host:81/a/b/c.html?q=1");
  if (const auto resolved = base.try_resolve(input)) reads_back(*resolved);
  if (const auto linked = base.try_resolve_link(input)) reads_back(*linked);
  return 0;
}
