// SPDX-License-Identifier: BSL-1.0
#include "ranking.hpp"

#include "eddy/http/percent.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace crawler {

namespace {

constexpr double coverage_weight = 5;
constexpr double depth_weight = 0.25;

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The share of the text's distinct words that the query names.
double coverage(std::string_view text, const std::set<std::string>& query) {
  const auto words = search_words(text);
  const std::set<std::string> distinct(words.begin(), words.end());
  if (distinct.empty()) return 0;
  const auto found = std::count_if(distinct.begin(), distinct.end(), [&](const auto& w) { return query.contains(w); });
  return static_cast<double>(found) / static_cast<double>(distinct.size());
}

// "unique_ptr" of ".../memory/unique_ptr.html?x".
std::string name_in(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  while (url.ends_with('/')) url.remove_suffix(1);
  url.remove_prefix(url.rfind('/') + 1);
  return eddy::http::percent_decode(url.substr(0, url.rfind('.')));
}

double score(const search_hit& hit, const std::set<std::string>& query) {
  const auto path = std::string_view(hit.url).substr(0, hit.url.find_first_of("?#"));
  const auto depth = static_cast<double>(std::count(path.begin(), path.end(), '/'));
  return coverage_weight * (coverage(hit.title, query) + coverage(name_in(hit.url), query)) - hit.bm25 -
         depth_weight * depth;
}

}  // namespace

std::vector<std::string> search_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    if (is_word_character(c)) {
      if (!inside) words.emplace_back();
      words.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    inside = is_word_character(c);
  }
  return words;
}

std::string fts5_query(std::string_view words) {
  std::string out;
  for (const auto& word : search_words(words)) (out += out.empty() ? "\"" : " \"") += word + '"';
  return out;
}

void rank(std::vector<search_hit>& hits, std::string_view words) {
  const auto list = search_words(words);
  const std::set<std::string> query(list.begin(), list.end());
  std::vector<std::pair<double, std::size_t>> order;
  order.reserve(hits.size());
  for (std::size_t i = 0; i < hits.size(); ++i) order.emplace_back(-score(hits[i], query), i);
  std::sort(order.begin(), order.end());
  std::vector<search_hit> sorted;
  sorted.reserve(hits.size());
  for (const auto& [negative_score, i] : order) sorted.push_back(std::move(hits[i]));
  hits = std::move(sorted);
}

}  // namespace crawler
