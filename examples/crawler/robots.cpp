// SPDX-License-Identifier: BSL-1.0
#include "robots.hpp"

#include "eddy/http/percent.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace crawler {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\f\v");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\f\v") - first + 1);
}

bool is_unreserved(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

// RFC 9309 section 2.2.2: compared are the bytes as they are once encoded; unreserved characters decoded, all
// bytes outside ASCII encoded, hex digits in upper case.
std::string normal_target(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? eddy::http::hex_digit_value(text[i + 1]) : -1;
    const int low = high >= 0 ? eddy::http::hex_digit_value(text[i + 2]) : -1;
    const char c = low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
    const bool outside = static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f;
    if (outside || (low >= 0 && !is_unreserved(c))) {
      eddy::http::append_percent_encoded(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

// Whether `pattern` matches a front part of `target`: '*' is any characters, '$' at the end the target's end.
// Greedy with one step back, so that no pattern takes more than the product of both sizes.
bool matches(std::string_view pattern, std::string_view target) {
  const bool to_the_end = pattern.ends_with('$');
  if (to_the_end) pattern.remove_suffix(1);
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_target = 0;
  for (;;) {
    if (p == pattern.size() && (!to_the_end || t == target.size())) return true;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_target = t;
    } else if (p < pattern.size() && t < target.size() && pattern[p] == target[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos && star_target < target.size()) {
      p = star + 1;
      t = ++star_target;
    } else {
      return false;
    }
  }
}

}  // namespace

/// Goes over the lines once and keeps the rules of the groups that are for this robot.
class robots_parser {
 public:
  explicit robots_parser(std::string_view agent) : agent_(agent) {}

  robots run(std::string_view text) {
    text = text.substr(0, robots::size_limit);
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    while (!text.empty()) {
      const auto end = std::min(text.find_first_of("\r\n"), text.size());
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    // A group of its own beats "*", even one without rules.
    return named_group_ ? std::move(named_) : std::move(any_);
  }

 private:
  void read_line(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const auto key = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(key, "user-agent")) {
      read_agent(value);
    } else if (equals_ignoring_case(key, "allow")) {
      add_rule(value, true);
    } else if (equals_ignoring_case(key, "disallow")) {
      add_rule(value, false);
    } else if (equals_ignoring_case(key, "crawl-delay")) {
      read_delay(value);
    }
    // Other lines, Sitemap among them, neither begin nor end a group.
  }

  void read_agent(std::string_view value) {
    // Lines of agents that follow each other share the rules behind them; groups of one robot are joined.
    if (in_rules_) for_named_ = for_any_ = in_rules_ = false;
    const auto token = value.substr(0, value.find_first_of("/ \t"));
    if (token == "*") for_any_ = true;
    if (equals_ignoring_case(token, agent_)) for_named_ = named_group_ = true;
  }

  void add_rule(std::string_view pattern, bool allow) {
    in_rules_ = true;
    if (pattern.empty()) return;  // "Disallow:" forbids nothing
    const robots::rule rule{normal_target(pattern), allow};
    if (for_any_) any_.rules_.push_back(rule);
    if (for_named_) named_.rules_.push_back(rule);
  }

  void read_delay(std::string_view value) {
    in_rules_ = true;
    double seconds = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (result.ec != std::errc() || !(seconds >= 0 && seconds <= 86'400)) return;
    const std::chrono::milliseconds delay(std::llround(seconds * 1000));
    if (for_any_) any_.crawl_delay_ = delay;
    if (for_named_) named_.crawl_delay_ = delay;
  }

  std::string_view agent_;
  robots any_;
  robots named_;
  bool named_group_ = false;
  bool for_any_ = false;
  bool for_named_ = false;
  bool in_rules_ = false;
};

robots robots::parse(std::string_view text, std::string_view agent) { return robots_parser(agent).run(text); }

robots robots::deny_all() {
  robots out;
  out.rules_.push_back({"/", false});
  return out;
}

bool robots::allows(std::string_view target) const {
  if (target == "/robots.txt" || rules_.empty()) return true;
  const auto normal = normal_target(target);
  const rule* best = nullptr;
  for (const auto& one : rules_) {
    const bool better = best == nullptr || one.pattern.size() > best->pattern.size() ||
                        (one.pattern.size() == best->pattern.size() && one.allow);
    if (better && matches(one.pattern, normal)) best = &one;
  }
  return best == nullptr || best->allow;
}

}  // namespace crawler
