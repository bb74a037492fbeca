// SPDX-License-Identifier: BSL-1.0
// Fuzz target for finding out a page's charset and decoding it. The input is a Content-Type, a zero byte and a body.
// Whatever they are: the charset is one that is known, and what comes out is valid UTF-8.
#include "eddy/http/charset.hpp"

#include <cstdint>

#include "eddy/http/utf8.hpp"
#include "fuzz/require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eddy::http;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = input.find('\0');
  const media_type type = parse_media_type(input.substr(0, zero));
  const std::string_view body = zero == std::string_view::npos ? std::string_view() : input.substr(zero + 1);
  const detected_charset found = detect_charset(type, body);
  require(!found.name.empty(), "no charset was found");
  require(found.mark_size <= body.size(), "the byte order mark is larger than the body");
  const std::string text = decode_text(std::string(body), type);
  require(valid_utf8_prefix(text) == text.size(), "what comes out is no UTF-8");
  return 0;
}
