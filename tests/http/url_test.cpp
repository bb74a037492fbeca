// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <unordered_set>

namespace {

using eddy::http::url;
using eddy::http::url_error;

static_assert(std::is_nothrow_move_constructible_v<url>);
static_assert(!std::is_default_constructible_v<url>);

TEST(url, gives_its_parts) {
  const auto u = url::parse("http://user:pw@Example.ORG:8080/a/b.html?x=1&y=2#top");
  EXPECT_EQ(u.scheme(), "http");
  EXPECT_EQ(u.userinfo(), "user:pw");
  EXPECT_EQ(u.host(), "example.org");
  EXPECT_EQ(u.port(), 8080);
  EXPECT_EQ(u.host_and_port(), "example.org:8080");
  EXPECT_EQ(u.path(), "/a/b.html");
  EXPECT_EQ(u.query(), "x=1&y=2");
  EXPECT_EQ(u.fragment(), "top");
  EXPECT_EQ(u.request_target(), "/a/b.html?x=1&y=2");
  EXPECT_EQ(u.origin(), "http://example.org:8080");
  EXPECT_EQ(u.without_fragment().str(), "http://user:pw@example.org:8080/a/b.html?x=1&y=2");
}

// Plain URLs are taken without a look by the library. "HTTP:" never is, so that both ways can be compared.
TEST(url, a_plain_one_is_taken_as_the_library_would) {
  for (const std::string rest : {"//a",
                                 "//a/",
                                 "//a:8080",
                                 "//a:80",
                                 "//a:443/",
                                 "//a:0/",
                                 "//a:08/",
                                 "//a:8x/",
                                 "//a:65535/",
                                 "//a:65536/",
                                 "//a:/",
                                 "//a:123456/",
                                 "//127.0.0.1:81/x",
                                 "//127.1/",
                                 "//A/",
                                 "//a.B/",
                                 "//a_b/",
                                 "//-a/",
                                 "//a../",
                                 "//.a/",
                                 "//a?x",
                                 "//a/?x",
                                 "//a/?",
                                 "//a/b?c?d/../e",
                                 "//a/b?c%41",
                                 "//a/%7e",
                                 "//a/./b",
                                 "//a/..",
                                 "//a/b/../c",
                                 "//a/.b",
                                 "//a/b.",
                                 "//a//b",
                                 "//a/b//",
                                 "//a/b#c",
                                 "//a/b?c#d",
                                 "//u@a/",
                                 "//a/~!$&'()*+,;=:@-._",
                                 "//a/[",
                                 "//a/ b",
                                 "//a/?[",
                                 "//a/?\"",
                                 "//a/\\b",
                                 "//a/b|c",
                                 "//",
                                 "///a",
                                 "/a",
                                 "a",
                                 "",
                                 "//a/\x80",
                                 "//[::1]/",
                                 "//a:b@c/",
                                 "//a@b:80/",
                                 "//a,b/",
                                 "//a/b;c=d?e=f&g=h"}) {
    for (const std::string scheme : {"http:", "https:"}) {
      std::string other = scheme;
      other[0] = 'H';
      const auto plain = url::try_parse(scheme + rest);
      const auto usual = url::try_parse(other + rest);
      ASSERT_EQ(plain.has_value(), usual.has_value()) << scheme << rest;
      if (!plain) continue;
      EXPECT_EQ(plain->str(), usual->str());
      EXPECT_EQ(plain->scheme(), usual->scheme());
      EXPECT_EQ(plain->userinfo(), usual->userinfo()) << plain->str();
      EXPECT_EQ(plain->host(), usual->host()) << plain->str();
      EXPECT_EQ(plain->host_and_port(), usual->host_and_port()) << plain->str();
      EXPECT_EQ(plain->port(), usual->port()) << plain->str();
      EXPECT_EQ(plain->path(), usual->path()) << plain->str();
      EXPECT_EQ(plain->has_query(), usual->has_query()) << plain->str();
      EXPECT_EQ(plain->query(), usual->query()) << plain->str();
      EXPECT_EQ(plain->fragment(), usual->fragment()) << plain->str();
    }
  }
}

TEST(url, an_ipv6_host_stands_in_brackets_and_is_given_without_them) {
  const auto u = url::parse("http://[2001:DB8::1]:81/x");
  EXPECT_EQ(u.host(), "2001:db8::1");
  EXPECT_TRUE(u.host_is_bracketed());
  EXPECT_EQ(u.host_and_port(), "[2001:db8::1]:81");
  EXPECT_EQ(u.origin(), "http://[2001:db8::1]:81");
  EXPECT_EQ(u.resolve("/y").str(), "http://[2001:db8::1]:81/y");
  EXPECT_EQ(url::parse("http://[::1]").str(), "http://[::1]/");
  EXPECT_EQ(url::parse("http://[0:0::0001]/"), url::parse("http://[::1]/"));
}

TEST(url, an_empty_query_or_fragment_is_not_an_absent_one) {
  const auto u = url::parse("http://h/p?#");
  EXPECT_TRUE(u.has_query());
  EXPECT_TRUE(u.has_fragment());
  EXPECT_EQ(u.query(), "");
  EXPECT_EQ(u.request_target(), "/p?");
  EXPECT_FALSE(url::parse("http://h/p").has_query());
  EXPECT_FALSE(url::parse("http://h/p").has_fragment());
}

TEST(url, other_schemes_need_no_host) {
  const auto u = url::parse("mailto:a@b.example");
  EXPECT_EQ(u.scheme(), "mailto");
  EXPECT_EQ(u.host(), "");
  EXPECT_EQ(u.path(), "a@b.example");
  EXPECT_EQ(u.port(), 0);
  EXPECT_FALSE(u.is_http());
  EXPECT_EQ(url::parse("file:///etc/hosts").path(), "/etc/hosts");
}

TEST(url, equal_urls_have_one_hash) {
  const std::unordered_set<url> seen{url::parse("HTTP://H:80"), url::parse("http://h/")};
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_TRUE(url::parse("http://h/a").same_origin(url::parse("http://H:80/b")));
  EXPECT_FALSE(url::parse("http://h/").same_origin(url::parse("https://h/")));
  EXPECT_FALSE(url::parse("http://h/").same_origin(url::parse("http://h:81/")));
  EXPECT_LT(url::parse("http://a/"), url::parse("http://b/"));
}

struct row {
  const char* name;
  const char* given;
  const char* expected;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.given; }

std::string row_name(const testing::TestParamInfo<row>& info) { return info.param.name; }

class url_normal_form : public testing::TestWithParam<row> {};

TEST_P(url_normal_form, is_as_expected) {
  const auto u = url::parse(GetParam().given);
  EXPECT_EQ(u.str(), GetParam().expected);
  EXPECT_EQ(url::parse(u.str()), u) << "normalising twice changes nothing";
}

INSTANTIATE_TEST_SUITE_P(
    table, url_normal_form,
    testing::Values(
        row{"case_of_scheme_and_host", "HTTP://EXAMPLE.org/Path", "http://example.org/Path"},
        row{"empty_path", "http://h", "http://h/"}, row{"empty_path_before_query", "http://h?q", "http://h/?q"},
        row{"default_port", "http://h:80/", "http://h/"}, row{"default_port_https", "https://h:443/", "https://h/"},
        row{"other_port", "https://h:80/", "https://h:80/"}, row{"port_with_zeros", "http://h:0080/", "http://h/"},
        row{"empty_port", "http://h:/", "http://h/"}, row{"hex_digits", "http://h/%c3%a9", "http://h/%C3%A9"},
        row{"needless_escapes", "http://h/%7euser/%41?%61", "http://h/~user/A?a"},
        row{"needed_escapes_stay", "http://h/a%2Fb%20c", "http://h/a%2Fb%20c"},
        row{"dots", "http://h/a/./b/../c", "http://h/a/c"},
        row{"dots_above_the_root", "http://h/../../a", "http://h/a"},
        row{"dots_at_the_end", "http://h/a/b/..", "http://h/a/"}, row{"one_dot", "http://h/.", "http://h/"},
        row{"encoded_dots", "http://h/a/%2e%2E/b", "http://h/b"},
        row{"empty_segments_stay", "http://h/a//b/", "http://h/a//b/"},
        row{"double_slash_at_the_front", "http://h//a", "http://h//a"}, row{"only_slashes", "http://h//", "http://h//"},
        row{"path_without_host", "a:/b//c", "a:/b//c"}, row{"path_that_would_read_as_host", "a:/.//b", "a:/.//b"},
        row{"ipv4", "http://127.0.0.1:8080", "http://127.0.0.1:8080/"}),
    row_name);

class url_reference : public testing::TestWithParam<row> {};

TEST_P(url_reference, resolves_as_rfc_3986_says) {
  const auto base = url::parse("http://a/b/c/d;p?q");
  EXPECT_EQ(base.resolve(GetParam().given).str(), GetParam().expected);
  EXPECT_EQ(base.resolve_link(GetParam().given).str(), GetParam().expected);
}

// RFC 3986 section 5.4, all of it but "http:g", which links and references take differently.
INSTANTIATE_TEST_SUITE_P(
    rfc_3986, url_reference,
    testing::Values(
        row{"scheme", "g:h", "g:h"}, row{"name", "g", "http://a/b/c/g"}, row{"here", "./g", "http://a/b/c/g"},
        row{"directory", "g/", "http://a/b/c/g/"}, row{"root", "/g", "http://a/g"}, row{"host", "//g", "http://g/"},
        row{"query", "?y", "http://a/b/c/d;p?y"}, row{"name_query", "g?y", "http://a/b/c/g?y"},
        row{"fragment", "#s", "http://a/b/c/d;p?q#s"}, row{"name_fragment", "g#s", "http://a/b/c/g#s"},
        row{"all", "g?y#s", "http://a/b/c/g?y#s"}, row{"parameter", ";x", "http://a/b/c/;x"},
        row{"name_parameter", "g;x", "http://a/b/c/g;x"}, row{"everything", "g;x?y#s", "http://a/b/c/g;x?y#s"},
        row{"empty", "", "http://a/b/c/d;p?q"}, row{"dot", ".", "http://a/b/c/"},
        row{"dot_slash", "./", "http://a/b/c/"}, row{"up", "..", "http://a/b/"}, row{"up_slash", "../", "http://a/b/"},
        row{"up_name", "../g", "http://a/b/g"}, row{"up_twice", "../..", "http://a/"},
        row{"up_twice_slash", "../../", "http://a/"}, row{"up_twice_name", "../../g", "http://a/g"},
        row{"above", "../../../g", "http://a/g"}, row{"far_above", "../../../../g", "http://a/g"},
        row{"root_dot", "/./g", "http://a/g"}, row{"root_up", "/../g", "http://a/g"},
        row{"trailing_dot", "g.", "http://a/b/c/g."}, row{"leading_dot", ".g", "http://a/b/c/.g"},
        row{"trailing_dots", "g..", "http://a/b/c/g.."}, row{"leading_dots", "..g", "http://a/b/c/..g"},
        row{"here_up", "./../g", "http://a/b/g"}, row{"here_dot", "./g/.", "http://a/b/c/g/"},
        row{"inner_dot", "g/./h", "http://a/b/c/g/h"}, row{"inner_up", "g/../h", "http://a/b/c/h"},
        row{"parameter_dot", "g;x=1/./y", "http://a/b/c/g;x=1/y"}, row{"parameter_up", "g;x=1/../y", "http://a/b/c/y"},
        row{"query_dot", "g?y/./x", "http://a/b/c/g?y/./x"}, row{"query_up", "g?y/../x", "http://a/b/c/g?y/../x"},
        row{"fragment_dot", "g#s/./x", "http://a/b/c/g#s/./x"},
        row{"fragment_up", "g#s/../x", "http://a/b/c/g#s/../x"}),
    row_name);

class url_link : public testing::TestWithParam<row> {};

TEST_P(url_link, resolves_as_browsers_do) {
  const auto base = url::parse("http://h/dir/page.html?q");
  EXPECT_EQ(base.resolve_link(GetParam().given).str(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    table, url_link,
    testing::Values(row{"spaces_at_both_ends", " \n a.html \t", "http://h/dir/a.html"},
                    row{"space_inside", "a b.html", "http://h/dir/a%20b.html"},
                    row{"line_break_inside", "a\nb.html", "http://h/dir/ab.html"},
                    row{"not_ascii", "caf\xc3\xa9", "http://h/dir/caf%C3%A9"},
                    row{"quotes_and_angles", "\"<x>\"|^`{}", "http://h/dir/%22%3Cx%3E%22%7C%5E%60%7B%7D"},
                    row{"lone_percent", "100%", "http://h/dir/100%25"},
                    row{"percent_before_one_digit", "a%2", "http://h/dir/a%252"},
                    row{"proper_escape_stays", "a%20b", "http://h/dir/a%20b"},
                    row{"backslashes", "\\x\\y?a\\b", "http://h/x/y?a%5Cb"},
                    row{"two_number_signs", "a#b#c", "http://h/dir/a#b%23c"},
                    row{"brackets_in_a_query", "?a[]=1", "http://h/dir/page.html?a%5B%5D=1"},
                    row{"brackets_in_a_path", "operator[].html", "http://h/dir/operator%5B%5D.html"},
                    row{"brackets_of_a_host", "//[::1]:8/x[1]", "http://[::1]:8/x%5B1%5D"},
                    row{"brackets_behind_a_backslash", "\\\\h\\x[1]", "http://h/x%5B1%5D"},
                    row{"line_break_in_the_slashes_of_a_host", "/\n/[::1]/", "http://[::1]/"},
                    row{"own_scheme_without_slashes", "HTTP:x", "http://h/dir/x"},
                    row{"own_scheme_with_slashes", "http://x", "http://x/"},
                    row{"colon_that_makes_no_scheme", "1:2.html", "http://h/dir/1:2.html"},
                    row{"javascript", "javascript:void(0)", "javascript:void(0)"},
                    row{"only_spaces", "  ", "http://h/dir/page.html?q"}),
    row_name);

TEST(url, a_path_that_would_read_as_a_host_keeps_its_dot) {
  for (const std::string text : {"a:/.//b", "a:.///b", "a:.//b"}) {
    const auto once = url::parse(text);
    EXPECT_FALSE(once.str().starts_with("a://")) << once.str();
    EXPECT_EQ(url::parse(once.str()).str(), once.str());
  }
}

TEST(url, a_reference_with_the_same_scheme_is_absolute_when_strict) {
  EXPECT_EQ(url::parse("urn:a").resolve("urn:g").str(), "urn:g");
  EXPECT_FALSE(url::parse("http://a/b").try_resolve("http:g").has_value());
}

struct bad_row {
  const char* name;
  const char* given;
  std::size_t position;
  const char* says;
};

void PrintTo(const bad_row& r, std::ostream* out) { *out << r.given; }

class url_refused : public testing::TestWithParam<bad_row> {};

TEST_P(url_refused, says_what_and_where) {
  const auto& r = GetParam();
  EXPECT_FALSE(url::try_parse(r.given).has_value());
  try {
    url::parse(r.given);
    FAIL() << "accepted";
  } catch (const url_error& error) {
    EXPECT_EQ(error.position(), r.position) << error.what();
    EXPECT_NE(std::string(error.what()).find(r.says), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    table, url_refused,
    testing::Values(bad_row{"empty", "", 0, "no scheme"}, bad_row{"relative", "a/b", 0, "no scheme"},
                    bad_row{"space", "http://h/a b", 10, "byte 0x20"}, bad_row{"quote", "http://h/\"", 9, "'\"'"},
                    bad_row{"no_host", "http:///x", 7, "no host"}, bad_row{"no_authority", "http:x", 5, "no host"},
                    bad_row{"port_above", "http://h:65536/", 9, "65535"},
                    bad_row{"port_far_above", "http://h:99999999999/", 9, "65535"},
                    bad_row{"port_of_letters", "http://h:x/", 10, "'/'"},
                    bad_row{"half_an_escape", "http://h/%2", 11, "ends too early"},
                    bad_row{"open_bracket", "http://[::1/", 11, "'/'"}),
    [](const testing::TestParamInfo<bad_row>& r) { return std::string(r.param.name); });

TEST(url, a_long_path_needs_no_deep_stack) {
  std::string text = "http://h";
  for (int i = 0; i < 100000; ++i) text += "/a";
  EXPECT_EQ(url::parse(text).str(), text);
  EXPECT_THROW(url::parse(text + std::string(1 << 20, 'x')), url_error);
}

}  // namespace
