// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace eddy::http {

namespace {

// The size of the sequence at text[i], and how many of its bytes are right: equal means valid.
struct sequence {
  std::size_t size;
  std::size_t valid;
};

sequence sequence_at(std::string_view text, std::size_t i) noexcept {
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return {1, 1};
  if (lead < 0xc2 || lead > 0xf4) return {1, 0};
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // Unicode table 3-7: the second byte's bounds keep out overlong forms, surrogates and what is above U+10FFFF.
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  std::size_t valid = 1;
  for (; valid < size && i + valid < text.size(); ++valid) {
    const auto byte = static_cast<unsigned char>(text[i + valid]);
    if (byte < low || byte > high) break;
    low = 0x80;
    high = 0xbf;
  }
  return {size, valid};
}

std::size_t skip_ascii(std::string_view text, std::size_t i) noexcept {
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

std::size_t valid_from(std::string_view text, std::size_t i) noexcept {
  while ((i = skip_ascii(text, i)) < text.size()) {
    const auto here = sequence_at(text, i);
    if (here.valid != here.size) break;
    i += here.size;
  }
  return i;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) noexcept { return valid_from(text, 0); }

std::string repair_utf8(std::string text) {
  std::size_t end = valid_utf8_prefix(text);
  if (end == text.size()) return text;
  std::string out;
  out.reserve(text.size() + 64);
  std::size_t begin = 0;
  for (;;) {
    out.append(text, begin, end - begin);
    if (end == text.size()) return out;
    out += replacement_character;
    const auto bad = sequence_at(text, end);
    begin = end + (bad.valid == 0 ? 1 : bad.valid);
    end = valid_from(text, begin);
  }
}

}  // namespace eddy::http
