// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "error_kind.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crawler {

/// Where output goes, as far as its looks depend on it.
struct terminal {
  bool interactive = false;  ///< a terminal: lines may be overwritten
  bool color = false;        ///< never when NO_COLOR is set (https://no-color.org) or TERM is "dumb"
  std::size_t width = 80;    ///< columns

  /// Asks the system about a descriptor.
  static terminal of(int descriptor);
};

/// How far a crawl is. How many pages there will be is never known, only how many have been found so far.
struct progress {
  std::size_t done = 0;   ///< pages that ended, in whatever way
  std::size_t known = 0;  ///< pages found so far, done ones too
  std::size_t errors = 0;
  std::size_t active = 0;  ///< requests on their way
  std::chrono::duration<double> elapsed{0};
};

/// "[=====>    ] 1200/2000  3 errors  100 active  812/s", as wide as the terminal at most.
std::string progress_bar(const progress& now, const terminal& out);
/// "1200 of 2000 pages found so far, 3 errors, 812 pages/s".
std::string progress_line(const progress& now);

/// Decides when progress is shown: ten times a second on a terminal, else every two seconds.
class progress_display {
 public:
  explicit progress_display(terminal out) : out_(out) {}

  /// What to write now; nothing when it is too early. On a terminal it replaces what was written before.
  std::optional<std::string> update(const progress& now);
  /// What to write before anything else is written: clears the bar.
  std::string finish();

 private:
  terminal out_;
  std::optional<std::chrono::duration<double>> last_;
  bool on_line_ = false;
};

/// What the final tables tell; fill it page by page.
class statistics {
 public:
  /// @param status  0 when there was no answer.
  void add(std::string_view url, int status, error_kind kind, double seconds, std::uint64_t bytes);

  std::size_t pages() const { return pages_; }
  std::size_t errors() const;
  std::size_t count_of(error_kind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
  /// The time that a share of all fetched pages stayed within, by the nearest rank; 0 without pages.
  double percentile(double share) const;

  /// The tables: by status, by error, slowest pages, and the speed.
  std::string tables(std::chrono::duration<double> elapsed, const terminal& out) const;

 private:
  static constexpr std::size_t slowest_count = 5;
  void note_slow(std::string_view url, double seconds);

  std::size_t pages_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<int, std::size_t> by_status_;
  std::array<std::size_t, error_kind_names.size()> by_kind_{};
  std::vector<float> seconds_;                           // four bytes a page
  std::vector<std::pair<double, std::string>> slowest_;  // slowest first
};

/// One line of the demo's comparison.
struct comparison {
  std::string kind;
  std::string end;  ///< "stored" or the error's name
  std::size_t expected;
  std::size_t got;
};

/// Expected against got, line by line, with what differs marked.
std::string comparison_table(const std::vector<comparison>& rows, const terminal& out);

}  // namespace crawler
