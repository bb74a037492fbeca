// SPDX-License-Identifier: BSL-1.0
#pragma once

// The character classes of HTTP/1.1 (RFC 9110 section 5.6, RFC 3986) as one table: a lookup a byte, no locale.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace eddy::http::detail {

/// The classes a byte can be in; a table entry is a set of them.
enum character_class : std::uint8_t {
  token_class = 1,       ///< tchar: method and field names
  target_class = 2,      ///< visible ASCII without '#': request targets
  reg_name_class = 4,    ///< host names: unreserved, '%', sub-delims without ','
  digit_class = 8,       ///< 0-9
  hex_class = 16,        ///< 0-9 a-f A-F
  forbidden_class = 32,  ///< control characters other than HTAB: in no line of a head
  scheme_class = 64,     ///< letters, digits, '+', '-', '.'
};

constexpr bool is_alpha(unsigned char c) noexcept { return (c | 0x20U) >= 'a' && (c | 0x20U) <= 'z'; }

constexpr std::array<std::uint8_t, 256> make_character_table() {
  constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
  constexpr std::string_view reg_name_marks = "-._~%!$&'()*+;=";
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool digit = c >= '0' && c <= '9';
    const bool alnum = digit || is_alpha(c);
    unsigned set = 0;
    if (alnum || (c < 0x80 && token_marks.find(static_cast<char>(c)) != std::string_view::npos)) set |= token_class;
    if (c > 0x20 && c < 0x7f && c != '#') set |= target_class;
    if (alnum || (c < 0x80 && reg_name_marks.find(static_cast<char>(c)) != std::string_view::npos))
      set |= reg_name_class;
    if (digit) set |= digit_class;
    if (digit || ((c | 0x20U) >= 'a' && (c | 0x20U) <= 'f')) set |= hex_class;
    if ((c < 0x20 && c != '\t') || c == 0x7f) set |= forbidden_class;
    if (alnum || c == '+' || c == '-' || c == '.') set |= scheme_class;
    table[i] = static_cast<std::uint8_t>(set);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> character_table = make_character_table();

constexpr bool is(character_class wanted, char c) noexcept {
  return (character_table[static_cast<unsigned char>(c)] & wanted) != 0;
}

/// Whether `text` consists of bytes of one class only; true for an empty text.
constexpr bool all(character_class wanted, std::string_view text) noexcept {
  for (const char c : text)
    if (!is(wanted, c)) return false;
  return true;
}

/// RFC 9110 `token`: at least one tchar and nothing else.
constexpr bool is_token(std::string_view text) noexcept { return !text.empty() && all(token_class, text); }

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Equality without regard to ASCII case.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

/// `text` without the spaces and tabs (OWS) around it.
constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Cuts the next element off a comma-separated list and returns it trimmed; `list` becomes what follows.
constexpr std::string_view next_element(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

/// The index of the first control character other than HTAB in `text`, or its size: where a line ends or goes wrong.
std::size_t find_control(std::string_view text) noexcept;

/// The index of the first byte in `text` that is no tchar, or its size.
std::size_t skip_token(std::string_view text) noexcept;

}  // namespace eddy::http::detail
