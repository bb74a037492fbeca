// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/head_facts.hpp"

#include "eddy/http/detail/characters.hpp"
#include "eddy/http/parse_error.hpp"

#include <cstddef>
#include <limits>

namespace eddy::http::detail {

namespace {

/// @param name  As it is usually written: that is compared first, all at once.
template <std::size_t Size>
bool is_named(const field& header, const char (&name)[Size]) noexcept {
  const std::string_view usual(name, Size - 1);
  return header.name == usual || equal_ignoring_case(header.name, usual);
}

}  // namespace

void head_facts::note(const field& header) {
  // The length decides first: a name is compared with at most one other.
  switch (header.name.size()) {
    case 6:
      if (is_named(header, "Expect")) expects_continue_ = equal_ignoring_case(header.value, "100-continue");
      return;
    case 7:
      if (is_named(header, "Upgrade")) upgrade_ = true;
      return;
    case 10:
      if (is_named(header, "Connection")) note_connection(header.value);
      return;
    case 14:
      if (is_named(header, "Content-Length")) note_content_length(header.value);
      return;
    case 17:
      if (is_named(header, "Transfer-Encoding")) note_transfer_encoding(header.value);
      return;
    default:
      return;
  }
}

void head_facts::note_in_request(const field& header) {
  if (header.name.size() != 4 || !is_named(header, "Host")) {
    note(header);
    return;
  }
  if (host_) throw parse_error(parse_fault::duplicate_host, header.value);
  if (!is_valid_host(header.value)) throw parse_error(parse_fault::invalid_host, header.value);
  host_ = true;
}

void head_facts::check(http_version version) const {
  if (!transfer_encoding_) return;
  if (version == http_version::http_1_0) throw parse_error(parse_fault::chunked_on_http_1_0);
  if (content_length_) throw parse_error(parse_fault::conflicting_framing);
}

void head_facts::check_request(http_version version) const {
  if (!host_ && version == http_version::http_1_1) throw parse_error(parse_fault::missing_host);
  check(version);
}

bool head_facts::keeps_alive(http_version version) const noexcept {
  if (connection_close_) return false;
  return version == http_version::http_1_1 || connection_keep_alive_;
}

void head_facts::note_content_length(std::string_view value) {
  if (content_length_) throw parse_error(parse_fault::duplicate_content_length, value);
  content_length_ = parse_content_length(value);
  if (!content_length_) throw parse_error(parse_fault::invalid_content_length, value);
}

void head_facts::note_transfer_encoding(std::string_view value) {
  // A second field would make a list of two codings; chunked cannot be last and alone in it.
  if (transfer_encoding_) throw parse_error(parse_fault::invalid_transfer_encoding, value);
  transfer_encoding_ = true;
  chunked_ = equal_ignoring_case(value, "chunked");
  if (chunked_) return;
  // "gzip, chunked" is framed well, only not understood: 501. All else leaves the length in doubt: 400.
  std::string_view list = value;
  bool framed = !list.empty() && list.back() != ',';
  while (!list.empty() && framed) {
    const std::string_view coding = next_element(list);
    framed = is_token(coding) && equal_ignoring_case(coding, "chunked") == list.empty();
  }
  throw parse_error(framed ? parse_fault::unsupported_transfer_encoding : parse_fault::invalid_transfer_encoding,
                    value);
}

void head_facts::note_connection(std::string_view value) {
  if (value == "keep-alive") {
    connection_keep_alive_ = true;
    return;
  }
  while (!value.empty()) {
    const std::string_view option = next_element(value);
    if (equal_ignoring_case(option, "close")) connection_close_ = true;
    if (equal_ignoring_case(option, "keep-alive")) connection_keep_alive_ = true;
    if (equal_ignoring_case(option, "upgrade")) connection_upgrade_ = true;
  }
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (text.empty() || !all(digit_class, text)) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (most - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

http_version parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return http_version::http_1_1;
  if (text == "HTTP/1.0") return http_version::http_1_0;
  const bool shaped = text.size() == 8 && text.substr(0, 5) == "HTTP/" && is(digit_class, text[5]) && text[6] == '.' &&
                      is(digit_class, text[7]);
  throw parse_error(shaped ? parse_fault::unsupported_version : parse_fault::invalid_version, text);
}

}  // namespace eddy::http::detail
