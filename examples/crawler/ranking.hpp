// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// How many candidates to fetch for ranking: on the C++ reference the page that people look for is among the first
/// 50 by BM25 alone, for all words tried.
inline constexpr std::size_t search_candidate_count = 200;

/// One candidate that the full-text index found.
struct search_hit {
  std::string url;
  std::string title;
  std::string extract;
  double bm25 = 0;  ///< as SQLite gives it: the smaller the better, at most 0
};

/// The words of a text as the index splits it, in lower case: letters, digits, `_`, and all outside ASCII.
std::vector<std::string> search_words(std::string_view text);

/// A query for FTS5 that asks for all words, each quoted, so that nothing that a user types is read as syntax.
/// Empty when there is no word in it.
std::string fts5_query(std::string_view words);

/// Puts candidates in their final order.
///
/// BM25 alone answers "which pages use this word most", and its weights for columns hardly matter, since a word that
/// occurs often is saturated in any column: for "unique_ptr" on the C++ reference the page of std::unique_ptr stood
/// 14th, behind its operators. People mean "which page is about it", so two things are added:
/// - how much of the title, and of the URL's last segment, the query covers (times 5 each): a page whose name is
///   exactly what was asked for goes before those that have it in a longer name;
/// - the depth of the path (minus 0.25 a step): `memory/unique_ptr.html` goes before its own constructor at
///   `memory/unique_ptr/unique_ptr.html`, which has the same words.
/// With this 13 of 16 names tried stand first, "unique_ptr" among them.
void rank(std::vector<search_hit>& hits, std::string_view words);

}  // namespace crawler
