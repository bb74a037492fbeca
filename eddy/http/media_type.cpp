// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/media_type.hpp"

#include <algorithm>

namespace eddy::http {

namespace {

constexpr std::string_view white_space = " \t\r\n";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(white_space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\r\n\"(),/:;<=>?@[\\]{}") == std::string_view::npos;
}

// Takes a quoted string off the front of `rest`, which begins behind the opening quote.
std::string take_quoted(std::string_view& rest) {
  std::string out;
  std::size_t i = 0;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    out += rest[i];
  }
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return out;
}

// Takes one "name=value" and the semicolon behind it off the front of `rest`.
void take_parameter(std::string_view& rest, media_type& out) {
  const auto end_of_name = std::min(rest.find_first_of(";="), rest.size());
  const auto name = trim(rest.substr(0, end_of_name));
  const bool has_value = end_of_name < rest.size() && rest[end_of_name] == '=';
  rest.remove_prefix(std::min(end_of_name + (has_value ? 1 : 0), rest.size()));
  std::string value;
  if (has_value) {
    rest.remove_prefix(std::min(rest.find_first_not_of(white_space), rest.size()));
    if (!rest.empty() && rest.front() == '"') {
      rest.remove_prefix(1);
      value = take_quoted(rest);
    } else {
      value = trim(rest.substr(0, rest.find(';')));
    }
  }
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  if (!rest.empty()) rest.remove_prefix(1);
  if (has_value && is_token(name)) out.parameters.emplace_back(lower(name), std::move(value));
}

}  // namespace

std::string_view media_type::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
  return found == parameters.end() ? std::string_view() : found->second;
}

bool media_type::is(std::string_view essence) const {
  return essence.size() == type.size() + 1 + subtype.size() && essence.starts_with(type) &&
         essence[type.size()] == '/' && essence.ends_with(subtype);
}

bool media_type::is_html() const { return is("text/html") || is("application/xhtml+xml"); }

media_type parse_media_type(std::string_view header) {
  media_type out;
  const auto essence = trim(header.substr(0, header.find(';')));
  const auto slash = essence.find('/');
  if (slash != std::string_view::npos && is_token(essence.substr(0, slash)) && is_token(essence.substr(slash + 1))) {
    out.type = lower(essence.substr(0, slash));
    out.subtype = lower(essence.substr(slash + 1));
  }
  header.remove_prefix(std::min(header.find(';'), header.size()));
  if (!header.empty()) header.remove_prefix(1);
  while (!header.empty()) take_parameter(header, out);
  return out;
}

}  // namespace eddy::http
