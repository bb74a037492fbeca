// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/meta_prescan.hpp"

#include <algorithm>

namespace eddy::http::detail {

namespace {

constexpr std::string_view white_space = " \t\r\n\f";

bool is_space(char c) { return white_space.find(c) != std::string_view::npos; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

struct attribute {
  std::string name;
  std::string value;
};

// Reads the attributes of one tag; `rest` begins behind the tag's name.
class attribute_reader {
 public:
  explicit attribute_reader(std::string_view rest) : rest_(rest) {}

  // False at the end of the tag.
  bool next(attribute& out) {
    skip([](char c) { return is_space(c) || c == '/'; });
    if (rest_.empty() || rest_.front() == '>') return false;
    out.name = lower(take_until("=>/ \t\r\n\f"));
    skip(is_space);
    out.value.clear();
    if (rest_.empty() || rest_.front() != '=') return true;
    rest_.remove_prefix(1);
    skip(is_space);
    out.value = lower(take_value());
    return true;
  }

  std::string_view rest() const { return rest_; }

 private:
  template <typename Predicate>
  void skip(Predicate predicate) {
    while (!rest_.empty() && predicate(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view take_until(std::string_view stops) {
    // At least one byte, so that a stray '=' makes progress.
    const auto end = std::min(rest_.find_first_of(stops, 1), rest_.size());
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return taken;
  }

  std::string_view take_value() {
    if (rest_.empty() || rest_.front() == '>') return {};
    const char quote = rest_.front();
    if (quote != '"' && quote != '\'') return take_until("> \t\r\n\f");
    rest_.remove_prefix(1);
    const auto end = std::min(rest_.find(quote), rest_.size());
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return taken;
  }

  std::string_view rest_;
};

// "text/html; charset=koi8-r", in lower case.
std::string label_in_content(std::string_view content) {
  for (std::size_t at = 0; (at = content.find("charset", at)) != std::string_view::npos;) {
    at += 7;
    const auto equals = content.find_first_not_of(white_space, at);
    if (equals == std::string_view::npos) return {};
    if (content[equals] != '=') continue;
    const auto begin = content.find_first_not_of(white_space, equals + 1);
    if (begin == std::string_view::npos) return {};
    const char quote = content[begin];
    if (quote == '"' || quote == '\'') {
      const auto end = content.find(quote, begin + 1);
      return end == std::string_view::npos ? std::string() : std::string(content.substr(begin + 1, end - begin - 1));
    }
    const auto end = std::min(content.find_first_of("; \t\r\n\f", begin), content.size());
    return std::string(content.substr(begin, end - begin));
  }
  return {};
}

std::string label_in_meta(attribute_reader& reader) {
  std::string charset;
  std::string content;
  bool is_content_type = false;
  for (attribute a; reader.next(a);) {
    if (a.name == "charset" && charset.empty()) charset = a.value;
    if (a.name == "content" && content.empty()) content = a.value;
    if (a.name == "http-equiv") is_content_type = is_content_type || a.value == "content-type";
  }
  if (!charset.empty()) return charset;
  return is_content_type ? label_in_content(content) : std::string();
}

std::string_view behind(std::string_view text, std::string_view what, std::size_t from) {
  const auto at = text.find(what, from);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + what.size());
}

}  // namespace

std::string meta_charset_label(std::string_view head) {
  while (!(head = behind(head, "<", 0)).empty()) {
    if (head.starts_with("!--")) {
      // From the second dash on, since "<!-->" is a whole comment.
      head = behind(head, "-->", 1);
    } else if (head.front() == '!' || head.front() == '?') {
      head = behind(head, ">", 0);
    } else if (lower(head.substr(0, 4)) == "meta" && head.size() > 4 && (is_space(head[4]) || head[4] == '/')) {
      attribute_reader reader(head.substr(4));
      if (auto label = label_in_meta(reader); !label.empty()) return label;
      head = reader.rest();
    } else {
      attribute_reader reader(head.substr(std::min(head.find_first_of("> \t\r\n\f"), head.size())));
      // Over the attributes, since their values may hold what looks like a tag.
      for (attribute a; reader.next(a);) {
      }
      head = reader.rest();
    }
  }
  return {};
}

}  // namespace eddy::http::detail
