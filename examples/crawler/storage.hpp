// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "error_kind.hpp"

#include <cstdint>
#include <string>

namespace crawler {

/// One row of `pages`: one URL that was linked, and what came of it. Redirects are followed within the request:
/// the row belongs to the URL that was asked for, and final_url says where the answer came from.
struct page {
  std::string url;        ///< without fragment
  std::string final_url;  ///< equal to url without redirects
  int status = 0;         ///< the last HTTP status, 0 when there was no answer
  std::string title;
  std::string text;       ///< goes to the full-text index only
  std::int64_t size = 0;  ///< bytes of the body, decoded
  double elapsed = 0;     ///< seconds of the last attempt
  int attempts = 0;
  error_kind kind = error_kind::none;
  std::string error;  ///< for people; empty when stored
  std::string content_type;
  std::int64_t fetched_at = 0;  ///< seconds since 1970
};

/// Run once on opening; leaves an existing database as it is.
///
/// - `frontier` holds what has been found and is not done: a page's row, its links and its frontier entry change in
///   one transaction, so that --resume goes on exactly where a crawl was stopped.
/// - `links` has no foreign keys: most targets are stored later than the page that links to them, some never.
/// - `page_text` is the full-text index. `tokenchars '_'` keeps unique_ptr one word; without it, it would be found
///   for "unique" and for "ptr", and its rank would be that of two common words.
inline constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS pages(
    url          TEXT PRIMARY KEY,
    final_url    TEXT NOT NULL,
    status       INTEGER NOT NULL,
    title        TEXT NOT NULL,
    size         INTEGER NOT NULL,
    elapsed      REAL NOT NULL,
    attempts     INTEGER NOT NULL,
    error_kind   TEXT NOT NULL,
    error        TEXT NOT NULL,
    content_type TEXT NOT NULL,
    fetched_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS pages_by_error ON pages(error_kind) WHERE error_kind <> '';
CREATE TABLE IF NOT EXISTS links(
    "from" TEXT NOT NULL,
    "to"   TEXT NOT NULL,
    PRIMARY KEY("from", "to")
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frontier(
    url   TEXT PRIMARY KEY,
    depth INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS page_text USING fts5(title, url, text, tokenize = "unicode61 tokenchars '_'");
)sql";

/// Candidates for a search, best first by BM25: ?1 is a query as fts5_query() makes it, ?2 how many. ranking.hpp puts
/// them in their final order. A word in the title weighs ten times one in the text, one in the URL five times.
inline constexpr const char* search_candidates = R"sql(
SELECT url, title, snippet(page_text, 2, '[', ']', ' ... ', 16) AS extract, bm25(page_text, 10.0, 5.0, 1.0) AS rank
FROM page_text WHERE page_text MATCH ?1 ORDER BY rank LIMIT ?2
)sql";

}  // namespace crawler
