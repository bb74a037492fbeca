// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/link.hpp"

#include <algorithm>

#include "eddy/http/percent.hpp"

namespace eddy::http {

namespace {

bool is_control_or_space(char c) { return static_cast<unsigned char>(c) <= 0x20; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_scheme_character(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }

// What RFC 3986 lets stand somewhere in a URL as itself, brackets, '%' and '#' apart.
bool may_stand(char c) {
  return is_scheme_character(c) || std::string_view("_~!$&'()*,;=:@/?").find(c) != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_control_or_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_control_or_space(text.back())) text.remove_suffix(1);
  return text;
}

// The size of "scheme:" at the front, 0 where there is none.
std::size_t scheme_size(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return 0;
  std::size_t i = 0;
  while (i < text.size() && is_scheme_character(text[i])) ++i;
  return i < text.size() && text[i] == ':' ? i + 1 : 0;
}

// Where an IPv6 address in brackets ends: the only place where brackets may stand.
std::size_t end_of_bracketed_host(std::string_view text, std::size_t scheme) {
  if (text.substr(scheme, 2) != "//") return 0;
  const auto end = text.find_first_of("/?#", scheme + 2);
  const auto bracket = text.substr(0, end).rfind(']');
  return bracket == std::string_view::npos ? 0 : bracket + 1;
}

bool colon_in_first_segment(std::string_view text) {
  const auto first = text.find_first_of(":/?#");
  return first != std::string_view::npos && text[first] == ':';
}

bool starts_escape(std::string_view text, std::size_t i) {
  return i + 2 < text.size() && hex_digit_value(text[i + 1]) >= 0 && hex_digit_value(text[i + 2]) >= 0;
}

// As browsers read it: without tabs and line breaks, and with slashes for the backslashes before query and fragment.
// First of all, since both decide where the host ends.
std::string as_read(std::string_view link) {
  std::string text(link);
  std::erase_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  const auto path_end = std::min(text.find_first_of("?#"), text.size());
  std::replace(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(path_end), '\\', '/');
  return text;
}

class link_escaper {
 public:
  explicit link_escaper(std::string_view link) : text_(as_read(link)), host_end_(0) {
    const auto scheme = scheme_size(text_);
    host_end_ = end_of_bracketed_host(text_, scheme);
    out_.reserve(text_.size() + 16);
    if (scheme == 0 && colon_in_first_segment(text_)) out_ = "./";
  }

  std::string run() && {
    for (std::size_t i = 0; i < text_.size(); ++i) put(i);
    return std::move(out_);
  }

 private:
  void put(std::size_t i) {
    const char c = text_[i];
    if (c == '#' && !in_fragment_) {
      in_fragment_ = true;
      out_ += c;
    } else if (passes(i)) {
      out_ += c;
    } else {
      append_percent_encoded(out_, c);
    }
  }

  bool passes(std::size_t i) const {
    const char c = text_[i];
    if (c == '%') return starts_escape(text_, i);
    if (c == '[' || c == ']') return i < host_end_;
    return may_stand(c);
  }

  std::string text_;
  std::size_t host_end_;
  std::string out_;
  bool in_fragment_ = false;
};

bool is_plain(std::string_view text) {
  for (const char c : text) {
    // '#', '%', brackets and colons depend on where they stand: the escaper looks at those.
    if (!may_stand(c) || c == ':') return false;
  }
  return true;
}

}  // namespace

std::string escape_link(std::string_view link) {
  link = trim(link);
  return is_plain(link) ? std::string(link) : link_escaper(link).run();
}

}  // namespace eddy::http
