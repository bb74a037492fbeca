// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// What a site's robots.txt says to one robot, by RFC 9309.
///
/// A default constructed one allows everything: what a site without robots.txt (any status 400 to 499) means. A
/// server that cannot answer (500 to 599) means deny_all().
class robots {
 public:
  /// Bytes of robots.txt that are read; RFC 9309 asks for 500 KiB at least.
  static constexpr std::size_t size_limit = 500 * 1024;

  robots() = default;
  /// @param text   The file, in UTF-8, any line ends, with or without byte order mark.
  /// @param agent  The robot's product token, "eddy-crawler"; case does not matter.
  static robots parse(std::string_view text, std::string_view agent);
  static robots deny_all();

  /// Whether a path may be fetched: the longest rule that matches decides, `allow` where two are equally long.
  /// @param target  Path and query, url::request_target(). "/robots.txt" itself is always allowed.
  bool allows(std::string_view target) const;

  /// Crawl-delay of the robot's group, which is no part of the RFC; nothing when there is none.
  std::optional<std::chrono::milliseconds> crawl_delay() const { return crawl_delay_; }

 private:
  friend class robots_parser;
  struct rule {
    std::string pattern;  // in the form that normal_target() gives, '*' and '$' kept
    bool allow;
  };
  std::vector<rule> rules_;
  std::optional<std::chrono::milliseconds> crawl_delay_;
};

}  // namespace crawler
