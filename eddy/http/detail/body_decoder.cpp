// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/body_decoder.hpp"

#include "eddy/http/detail/characters.hpp"
#include "eddy/http/detail/field_line.hpp"
#include "eddy/http/parse_error.hpp"

#include <algorithm>
#include <limits>

namespace eddy::http::detail {

namespace {

constexpr std::size_t most_size_digits = 16;

// The size at the front of a chunk header; `line` becomes what follows.
std::uint64_t cut_chunk_size(std::string_view& line) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < line.size() && digits < most_size_digits && is(hex_class, line[digits])) {
    const char c = line[digits++];
    size = size * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : to_lower(c) - 'a' + 10);
  }
  const bool ends = digits == line.size() || line[digits] == ';';
  if (digits == 0 || !ends || size > most) throw parse_error(parse_fault::invalid_chunk_size, line);
  line.remove_prefix(digits);
  return size;
}

// The length of the token or quoted string that `text` starts with; 0 when it starts with neither.
std::size_t value_length(std::string_view text) noexcept {
  std::size_t at = 0;
  if (text.empty() || text.front() != '"') {
    while (at < text.size() && is(token_class, text[at])) ++at;
    return at;
  }
  for (at = 1; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at < text.size() ? at + 1 : 0;
}

// chunk-ext of RFC 9112 section 7.1.1. Nobody needs what they say, but whoever reads them in another way finds the end
// of the line elsewhere: a quoted string that is left open hides the next line from some parsers.
void check_extensions(std::string_view text) {
  const std::string_view all = text;
  while (!text.empty()) {
    text.remove_prefix(1);  // ';', which is what brought us here
    const std::size_t name = text.starts_with('"') ? 0 : value_length(text);
    text.remove_prefix(name);
    const bool valued = text.starts_with('=');
    const std::size_t value = valued ? value_length(text.substr(1)) : 0;
    if (valued) text.remove_prefix(value + 1);
    if (name == 0 || (valued && value == 0) || (!text.empty() && text.front() != ';'))
      throw parse_error(parse_fault::invalid_chunk_extension, all);
  }
}

// They change how a message is framed or where it goes; whoever merges trailers into the header would be fooled.
bool is_forbidden_trailer(std::string_view name) noexcept {
  constexpr std::string_view forbidden[] = {"content-length", "host", "transfer-encoding"};
  return std::any_of(std::begin(forbidden), std::end(forbidden),
                     [&](std::string_view other) { return equal_ignoring_case(name, other); });
}

}  // namespace

void body_decoder::start(body_kind kind, std::uint64_t length, const parser_limits& limits) {
  trailers_.clear();
  trailer_budget_ = {limits.trailer_bytes, limits.trailer_fields};
  extension_bytes_ = limits.chunk_extensions;
  left_ = length;
  chunked_ = kind == body_kind::chunked;
  switch (kind) {
    case body_kind::none:
      state_ = state::done;
      break;
    case body_kind::length:
      state_ = length == 0 ? state::done : state::counted;
      break;
    case body_kind::chunked:
      state_ = state::chunk_size;
      break;
    case body_kind::until_close:
      state_ = state::endless;
      break;
  }
}

std::string_view body_decoder::next(std::string_view& input) {
  for (;;) {
    switch (state_) {
      case state::done:
        return {};
      case state::endless:
      case state::counted:
        return take_data(input);
      case state::chunk_size:
        if (!take_chunk_size(input)) return {};
        break;
      case state::chunk_end:
        if (!take_chunk_end(input)) return {};
        break;
      case state::trailers:
        if (!take_trailer(input)) return {};
        break;
    }
  }
}

void body_decoder::finish() {
  if (state_ == state::endless) state_ = state::done;
  if (state_ != state::done) throw parse_error(parse_fault::incomplete);
}

std::string_view body_decoder::take_data(std::string_view& input) noexcept {
  if (state_ == state::endless) return std::exchange(input, {});
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  const std::string_view data = input.substr(0, size);
  input.remove_prefix(size);
  left_ -= size;
  if (left_ == 0) state_ = chunked_ ? state::chunk_end : state::done;
  return data;
}

bool body_decoder::take_chunk_size(std::string_view& input) {
  std::string_view line;
  switch (lines_.next(input, most_size_digits + extension_bytes_, line)) {
    case line_reader::outcome::need_more:
      return false;
    case line_reader::outcome::too_long:
      throw parse_error(parse_fault::chunk_extensions_too_large);
    case line_reader::outcome::line:
      break;
  }
  left_ = cut_chunk_size(line);
  if (line.size() > extension_bytes_) throw parse_error(parse_fault::chunk_extensions_too_large);
  check_extensions(line);
  extension_bytes_ -= line.size();
  state_ = left_ == 0 ? state::trailers : state::counted;
  return true;
}

bool body_decoder::take_chunk_end(std::string_view& input) {
  std::string_view line;
  switch (lines_.next(input, 0, line)) {
    case line_reader::outcome::need_more:
      return false;
    case line_reader::outcome::too_long:
      throw parse_error(parse_fault::invalid_chunk_end);
    case line_reader::outcome::line:
      break;
  }
  state_ = state::chunk_size;
  return true;
}

bool body_decoder::take_trailer(std::string_view& input) {
  std::string_view line;
  switch (lines_.next(input, trailer_budget_.line_limit(), line)) {
    case line_reader::outcome::need_more:
      return false;
    case line_reader::outcome::too_long:
      throw parse_error(parse_fault::trailers_too_large);
    case line_reader::outcome::line:
      break;
  }
  if (line.empty()) {
    state_ = state::done;
    return true;
  }
  if (trailer_budget_.fields == 0) throw parse_error(parse_fault::trailers_too_large);
  trailer_budget_.spend(line.size());
  const field trailer = append_field_line(line, trailers_);
  if (is_forbidden_trailer(trailer.name)) throw parse_error(parse_fault::forbidden_trailer, line);
  return true;
}

}  // namespace eddy::http::detail
