// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace crawler;
using namespace std::chrono_literals;

command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "crawler");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

std::string refusal(std::vector<const char*> arguments) {
  const auto result = parse(std::move(arguments));
  const auto* const exit = std::get_if<exit_request>(&result);
  if (exit == nullptr) return "accepted";
  EXPECT_NE(exit->code, 0);
  return exit->text;
}

TEST(options, durations_are_read) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1H"), 1h);
  EXPECT_EQ(parse_duration("3"), 3s);
  for (const char* bad : {"", "s", "-1s", "0", "10x", "10s!", "nan", "1e3s", "inf", "0.1ms", "99999h"})
    EXPECT_THROW(parse_duration(bad), bad_value) << bad;
}

TEST(options, sizes_are_read) {
  EXPECT_EQ(parse_size("8MiB"), 8U << 20);
  EXPECT_EQ(parse_size("512kib"), 512U << 10);
  EXPECT_EQ(parse_size("10MB"), 10'000'000U);
  EXPECT_EQ(parse_size("1.5 KiB"), 1536U);
  EXPECT_EQ(parse_size("100"), 100U);
  for (const char* bad : {"", "MiB", "-1", "0", "8MiBs", "8 apples", "9999999GiB"})
    EXPECT_THROW(parse_size(bad), bad_value) << bad;
}

TEST(options, defaults_are_those_of_the_manual) {
  const auto o = std::get<crawl_options>(parse({"http://h/"}));
  EXPECT_EQ(o.url, "http://h/");
  EXPECT_EQ(o.concurrency, 100U);
  EXPECT_EQ(o.connections_per_host(), 100U);
  EXPECT_EQ(o.rate, 0U);
  EXPECT_EQ(o.timeout, 10s);
  EXPECT_EQ(o.retries, 3U);
  EXPECT_EQ(o.max_body, 8U << 20);
  EXPECT_EQ(o.max_pages, 0U);
  EXPECT_EQ(o.database, "pages.sqlite");
  EXPECT_FALSE(o.resume);
}

TEST(options, everything_can_be_set) {
  const auto o = std::get<crawl_options>(
      parse({"http://h/", "--concurrency", "7", "--per-host=3", "--rate", "50", "--timeout", "500ms", "--retries", "0",
             "--max-body", "1KiB", "--max-pages", "9", "--db", "x.sqlite", "--resume", "--user-agent", "me"}));
  EXPECT_EQ(o.concurrency, 7U);
  EXPECT_EQ(o.connections_per_host(), 3U);
  EXPECT_EQ(o.rate, 50U);
  EXPECT_EQ(o.timeout, 500ms);
  EXPECT_EQ(o.retries, 0U);
  EXPECT_EQ(o.max_body, 1024U);
  EXPECT_EQ(o.max_pages, 9U);
  EXPECT_EQ(o.database, "x.sqlite");
  EXPECT_TRUE(o.resume);
  EXPECT_EQ(o.user_agent, "me");
  EXPECT_EQ(std::get<crawl_options>(parse({"http://h/", "--db", "none"})).database, "");
}

TEST(options, resume_needs_no_url) { EXPECT_TRUE(std::get<crawl_options>(parse({"--resume"})).resume); }

TEST(options, search_and_demo_are_commands) {
  const auto s = std::get<search_options>(parse({"search", "unique_ptr reset", "--db", "x.sqlite", "--limit", "3"}));
  EXPECT_EQ(s.words, "unique_ptr reset");
  EXPECT_EQ(s.database, "x.sqlite");
  EXPECT_EQ(s.limit, 3U);
  const auto d = std::get<demo_options>(parse({"demo"}));
  EXPECT_EQ(d.directory, "");
  EXPECT_EQ(d.crawl.url, "");
  EXPECT_EQ(std::get<demo_options>(parse({"demo", "--site", "/"})).directory, "/");
  EXPECT_EQ(std::get<demo_options>(parse({"demo", "--url", "http://h/", "--db", "none"})).crawl.url, "http://h/");
}

TEST(options, what_is_wrong_is_said) {
  EXPECT_NE(refusal({"http://h/", "--timeout", "soon"}).find("\"soon\" is no duration"), std::string::npos);
  EXPECT_NE(refusal({"http://h/", "--max-body", "big"}).find("\"big\" is no size"), std::string::npos);
  EXPECT_NE(refusal({}).find("URL is required"), std::string::npos);
  EXPECT_NE(refusal({"http://h/", "--db", "none", "--resume"}).find("--resume"), std::string::npos);
  EXPECT_NE(refusal({"search"}).find("words"), std::string::npos);
  EXPECT_NE(refusal({"http://h/", "--concurrency", "0"}), "accepted");
  EXPECT_NE(refusal({"http://h/", "--rate", "0"}), "accepted");
  EXPECT_NE(refusal({"http://h/", "--retries", "-1"}), "accepted");
  EXPECT_NE(refusal({"demo", "--site", "/", "--url", "http://h/"}), "accepted");
  EXPECT_NE(refusal({"demo", "--site", "/no/such/directory"}), "accepted");
}

TEST(options, help_is_no_error) {
  const auto exit = std::get<exit_request>(parse({"--help"}));
  EXPECT_EQ(exit.code, 0);
  EXPECT_NE(exit.text.find("--per-host"), std::string::npos);
}

}  // namespace
