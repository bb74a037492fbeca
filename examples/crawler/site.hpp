// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "answer.hpp"
#include "error_kind.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// What a page of the made-up site is there to show.
enum class page_kind {
  ordinary,           ///< index, sections with pages of lists, articles that link to each other
  slow,               ///< answered late, yet in time
  missing,            ///< 404
  flaky,              ///< 503 twice, then fine
  flaky_retry_after,  ///< likewise, with Retry-After
  redirect,           ///< leads to a page in another directory
  behind_redirect,    ///< linked, relatively, only from where a redirect leads
  redirect_loop,      ///< to itself, in twos, or on and on
  cut_length,         ///< ends before its Content-Length
  cut_chunked,        ///< chunked and never ended
  endless,            ///< chunked and goes on forever
  large,              ///< 10 MiB
  bomb,               ///< small, and large once decompressed
  corrupt,            ///< gzip that is none, or a coding that nobody asked for
  garbled,            ///< no HTTP at all, or a head that contradicts itself
  stalled,            ///< answers too late
  gzip,               ///< compressed as it should be
  charset,            ///< in another charset, said in the header, in the page, or by a mark
  wrong_charset,      ///< says that it is UTF-8 and is not
  disallowed,         ///< robots.txt forbids it
};
inline constexpr std::size_t page_kind_count = 20;

std::string_view name_of(page_kind kind);

/// One line of the demo's table.
struct expected_row {
  page_kind kind;
  std::size_t pages;
  error_kind end;  ///< none: all are stored
};

/// Times of the site, which go with the client's timeout.
struct site_options {
  std::chrono::milliseconds slowest{1'000};   ///< slow pages take up to this, less than the client's timeout
  std::chrono::milliseconds stalled{60'000};  ///< stalled ones this, more than it
};

/// A site of 2,000 pages that exists nowhere: what is at a path follows from the path alone, the same each time.
///
/// Counted are the URLs that are linked and inside the site, each once; the targets of redirects, which nobody
/// links to, are not. Beside those 2,000 there are pages that robots.txt forbids. Links lead outside too: to other
/// hosts, ports and schemes, all to be left alone.
///
/// **Thread safety.** Immutable; any number of threads.
class site {
 public:
  static constexpr std::size_t page_count = 2'000;
  static constexpr std::size_t disallowed_count = 20;

  explicit site(site_options options = {});

  /// How to answer a request.
  /// @param target   Path and query.
  /// @param attempt  0 for the first request for this target, 1 for the second, ...
  answer get(std::string_view target, unsigned attempt) const;

  /// What a page is there to show; nothing for targets that are not counted (robots.txt, targets of redirects).
  std::optional<page_kind> kind_of(std::string_view target) const;
  /// The title that the page must have once stored; empty where none will be.
  std::string expected_title(std::string_view target) const;
  /// A sentence that must stand in the stored text; empty where any will do.
  std::string expected_text(std::string_view target) const;
  /// All counted targets, "/" first.
  std::vector<std::string> targets() const;
  /// What the demo must find, kind by kind.
  static std::vector<expected_row> expected();
  /// How a page of that kind has to end.
  static error_kind expected_end(page_kind kind);

 private:
  struct item {
    page_kind kind;
    std::size_t number;  ///< among its kind
  };
  std::optional<std::size_t> item_at(std::string_view target) const;
  std::string target_of(std::size_t id) const;
  std::string index() const;
  std::string list(std::size_t section, std::size_t number) const;
  std::string article(std::size_t id) const;
  answer answer_for(std::size_t id, unsigned attempt) const;
  answer charset_page(std::size_t id, bool right) const;
  answer redirect_step(std::string_view target) const;

  site_options options_;
  std::vector<item> items_;                                    // by id
  std::array<std::vector<std::size_t>, page_kind_count> ids_;  // by kind
  std::string bomb_;                                           // gzip of zeros; made once, as it takes a while
};

}  // namespace crawler
