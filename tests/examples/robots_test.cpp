// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/robots.hpp"

#include <gtest/gtest.h>

namespace {

using crawler::robots;
using namespace std::chrono_literals;

struct row {
  const char* name;
  const char* text;
  const char* agent;
  const char* target;
  bool allowed;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.text << " asked for " << r.target; }

class robots_rules : public testing::TestWithParam<row> {};

TEST_P(robots_rules, decide) {
  EXPECT_EQ(robots::parse(GetParam().text, GetParam().agent).allows(GetParam().target), GetParam().allowed);
}

std::string row_name(const testing::TestParamInfo<row>& r) { return r.param.name; }

// RFC 9309 section 5.1.
constexpr const char* simple_example =
    "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n"
    "User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n"
    "User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n"
    "User-Agent: quxbot\n";

INSTANTIATE_TEST_SUITE_P(rfc_9309_simple_example, robots_rules,
                         testing::Values(row{"others_gif", simple_example, "other", "/a/b.gif", false},
                                         row{"others_gif_with_query", simple_example, "other", "/a/b.gif?x", true},
                                         row{"others_example", simple_example, "other", "/example/x", false},
                                         row{"others_publications", simple_example, "other", "/publications/x", true},
                                         row{"foobot_page", simple_example, "foobot", "/example/page.html", true},
                                         row{"foobot_gif", simple_example, "FooBot", "/example/allowed.gif", true},
                                         row{"foobot_rest", simple_example, "foobot", "/publications/", false},
                                         row{"barbot", simple_example, "barbot", "/example/page.html", false},
                                         row{"bazbot", simple_example, "bazbot", "/example/page.html", false},
                                         row{"bazbot_rest", simple_example, "bazbot", "/example/other.gif", true},
                                         row{"quxbot", simple_example, "quxbot", "/example/", true}),
                         row_name);

// RFC 9309 section 5.2, and 2.2.3's table of special characters.
INSTANTIATE_TEST_SUITE_P(
    rfc_9309_matching, robots_rules,
    testing::Values(
        row{"longest_match", "user-agent: foobot\nallow: /example/page/\ndisallow: /example/page/disallowed.gif\n",
            "foobot", "/example/page/disallowed.gif", false},
        row{"longest_match_other",
            "user-agent: foobot\nallow: /example/page/\ndisallow: /example/page/disallowed.gif\n", "foobot",
            "/example/page/x", true},
        row{"hash_is_a_comment", "User-agent: *\nDisallow: /a # comment\n", "x", "/a", false},
        row{"dollar_ends", "User-agent: *\nAllow: /this/path/exactly$\nDisallow: /this/\n", "x", "/this/path/exactly",
            true},
        row{"dollar_ends_here_only", "User-agent: *\nAllow: /this/path/exactly$\nDisallow: /this/\n", "x",
            "/this/path/exactly2", false},
        row{"star", "User-agent: *\nDisallow: /this/*/exactly\n", "x", "/this/a/b/exactly/more", false},
        row{"star_needs_the_rest", "User-agent: *\nDisallow: /this/*/exactly\n", "x", "/this/a/b/exact", true}),
    row_name);

// RFC 9309 section 2.2.2's table.
INSTANTIATE_TEST_SUITE_P(
    rfc_9309_encoding, robots_rules,
    testing::Values(
        row{"query", "User-agent: *\nDisallow: /foo/bar?baz=quz", "x", "/foo/bar?baz=quz", false},
        row{"encoded_url_as_value", "User-agent: *\nDisallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar", "x",
            "/foo/bar?baz=https%3a%2F%2ffoo.bar", false},
        row{"reserved_differ", "User-agent: *\nDisallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar", "x",
            "/foo/bar?baz=https://foo.bar", true},
        row{"unicode_as_it_is", "User-agent: *\nDisallow: /foo/bar/\xe3\x83\x84", "x", "/foo/bar/%E3%83%84", false},
        row{"unicode_encoded", "User-agent: *\nDisallow: /foo/bar/%E3%83%84", "x", "/foo/bar/\xe3\x83\x84", false},
        row{"unreserved_encoded", "User-agent: *\nDisallow: /foo/bar/%62%61%7A", "x", "/foo/bar/baz", false},
        row{"encoded_star_is_a_character", "User-agent: *\nDisallow: /path/file-with-a-%2A.html", "x",
            "/path/file-with-a-%2A.html", false},
        row{"encoded_star_is_no_wildcard", "User-agent: *\nDisallow: /path/file-with-a-%2A.html", "x",
            "/path/file-with-a-b.html", true},
        row{"encoded_dollar", "User-agent: *\nDisallow: /path/foo-%24", "x", "/path/foo-%24bar", false}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    table, robots_rules,
    testing::Values(
        row{"empty_file", "", "x", "/a", true},
        row{"nothing_disallowed", "User-agent: *\nDisallow:\n", "x", "/a", true},
        row{"all_disallowed", "User-agent: *\nDisallow: /\n", "x", "/", false},
        row{"robots_txt_itself", "User-agent: *\nDisallow: /\n", "x", "/robots.txt", true},
        row{"allow_wins_a_tie", "User-agent: *\nDisallow: /page\nAllow: /page\n", "x", "/page", true},
        row{"allow_wins_a_tie_in_any_order", "User-agent: *\nAllow: /page\nDisallow: /page\n", "x", "/page", true},
        row{"own_group_beats_star", "User-agent: *\nDisallow: /\nUser-agent: me\nDisallow: /b\n", "me", "/a", true},
        row{"groups_of_one_robot_are_joined",
            "User-agent: me\nDisallow: /a\nUser-agent: u\nDisallow: /\nUser-agent: ME\nDisallow: /b\n", "me", "/b",
            false},
        row{"joined_keeps_the_first",
            "User-agent: me\nDisallow: /a\nUser-agent: u\nDisallow: /\nUser-agent: ME\nDisallow: /b\n", "me", "/a",
            false},
        row{"other_lines_end_no_group", "User-agent: a\nSitemap: http://x/\nUser-agent: me\nDisallow: /a\n", "a", "/a",
            false},
        row{"rules_before_any_group", "Disallow: /\nUser-agent: *\nDisallow: /b\n", "x", "/a", true},
        row{"version_behind_the_token", "User-agent: me/1.0 (really)\nDisallow: /a\n", "me", "/a", false},
        row{"no_part_of_a_token", "User-agent: meteor\nDisallow: /a\n", "me", "/a", true},
        row{"cr_lf", "User-agent: *\r\nDisallow: /a\r\n", "x", "/a", false},
        row{"cr_alone", "User-agent: *\rDisallow: /a\r", "x", "/a", false},
        row{"byte_order_mark", "\xef\xbb\xbfUser-agent: *\nDisallow: /a", "x", "/a", false},
        row{"odd_spacing", " user-AGENT :\t* \n  DISALLOW\t:/a\t\n", "x", "/a", false},
        row{"no_colon", "User-agent: *\nDisallow /\n", "x", "/a", true},
        row{"case_of_the_path", "User-agent: *\nDisallow: /A\n", "x", "/a", true},
        row{"dollar_inside_is_a_character", "User-agent: *\nDisallow: /a$b\n", "x", "/a$bc", false},
        row{"stars", "User-agent: *\nDisallow: /*a**b*$\n", "x", "/xaxbx", false},
        row{"only_dollar", "User-agent: *\nDisallow: $\n", "x", "/", true}),
    row_name);

TEST(robots, crawl_delay_is_noted) {
  EXPECT_EQ(robots::parse("User-agent: *\nCrawl-delay: 1.5\n", "x").crawl_delay(), 1500ms);
  EXPECT_EQ(robots::parse("User-agent: x\nUser-agent: y\nCrawl-delay: 2\n", "y").crawl_delay(), 2s);
  EXPECT_FALSE(robots::parse("User-agent: *\nCrawl-delay: soon\n", "x").crawl_delay().has_value());
  EXPECT_FALSE(robots::parse("User-agent: *\nCrawl-delay: -1\n", "x").crawl_delay().has_value());
  EXPECT_FALSE(robots::parse("", "x").crawl_delay().has_value());
}

TEST(robots, only_the_first_500_kib_count) {
  const std::string filler(robots::size_limit, '#');
  EXPECT_TRUE(robots::parse(filler + "\nUser-agent: *\nDisallow: /\n", "x").allows("/a"));
  EXPECT_FALSE(robots::parse("User-agent: *\nDisallow: /\n" + filler, "x").allows("/a"));
}

TEST(robots, patterns_of_many_stars_end_in_time) {
  std::string pattern = "/";
  for (int i = 0; i < 500; ++i) pattern += "*a";
  const auto r = robots::parse("User-agent: *\nDisallow: " + pattern + "b\n", "x");
  EXPECT_TRUE(r.allows("/" + std::string(5000, 'a')));
}

TEST(robots, a_server_that_cannot_answer_allows_nothing) {
  EXPECT_FALSE(robots::deny_all().allows("/"));
  EXPECT_TRUE(robots().allows("/"));
}

}  // namespace
