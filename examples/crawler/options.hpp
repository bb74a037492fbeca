// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace crawler {

/// A text that is no duration or no size; what() says what would be one.
class bad_value : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Reads "500ms", "10s", "1.5s", "2m", "1h"; a plain number is seconds. Above zero.
/// @throws bad_value
std::chrono::milliseconds parse_duration(std::string_view text);

/// Reads "8MiB", "512KiB", "1GiB", "10MB" (1000 x 1000), "1024"; case does not matter. Above zero.
/// @throws bad_value
std::uint64_t parse_size(std::string_view text);

/// Settings of a crawl.
struct crawl_options {
  std::string url;                            ///< where to start
  std::size_t concurrency = 100;              ///< requests at the same time
  std::size_t per_host = 0;                   ///< of them to one host; 0: as many as concurrency
  unsigned rate = 0;                          ///< requests a second, retries included; 0: no limit
  std::chrono::milliseconds timeout{10'000};  ///< for a page, from the request to its last byte
  unsigned retries = 3;                       ///< further attempts for what may be retried
  std::uint64_t max_body = 8U << 20;          ///< bytes, decoded
  std::size_t max_pages = 0;                  ///< 0: no limit
  std::string database = "pages.sqlite";      ///< empty (--db none): nothing is stored
  bool resume = false;                        ///< go on with the database's frontier
  std::string user_agent = "eddy-crawler";

  std::size_t connections_per_host() const { return per_host == 0 ? concurrency : per_host; }
};

/// Settings of `crawler search`.
struct search_options {
  std::string words;
  std::string database = "pages.sqlite";
  std::size_t limit = 10;  ///< results
};

/// Settings of `crawler demo`: the made-up site, a directory's pages, or another server.
struct demo_options {
  std::string directory;  ///< empty unless --site is given
  crawl_options crawl;    ///< its url is empty unless --url is given
};

/// What parse_command_line() gives when there is nothing to do but print and leave.
struct exit_request {
  int code;
  std::string text;  ///< help for code 0, else what is wrong
};

using command = std::variant<crawl_options, search_options, demo_options, exit_request>;

/// Reads the command line. Never ends the process itself, so that tests can call it.
command parse_command_line(int argc, const char* const* argv);

}  // namespace crawler
