// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/media_type.hpp"

#include <gtest/gtest.h>

namespace {

using eddy::http::parse_media_type;

struct row {
  const char* name;
  const char* header;
  const char* essence;
  const char* charset;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.header; }

class media_type_header : public testing::TestWithParam<row> {};

TEST_P(media_type_header, is_understood) {
  const auto type = parse_media_type(GetParam().header);
  EXPECT_EQ(type.type + "/" + type.subtype, GetParam().essence);
  EXPECT_EQ(type.parameter("charset"), GetParam().charset);
}

INSTANTIATE_TEST_SUITE_P(
    table, media_type_header,
    testing::Values(row{"plain", "text/html", "text/html", ""},
                    row{"charset", "text/html; charset=utf-8", "text/html", "utf-8"},
                    row{"case", "Text/HTML;Charset=UTF-8", "text/html", "UTF-8"},
                    row{"quoted", "text/html; charset=\"utf-8\"", "text/html", "utf-8"},
                    row{"quoted_pair", "text/html; charset=\"u\\tf\\\"8\"", "text/html", "utf\"8"},
                    row{"quote_not_closed", "text/html; charset=\"utf-8", "text/html", "utf-8"},
                    row{"semicolon_in_quotes", "text/html; a=\"x;charset=no\"; charset=yes", "text/html", "yes"},
                    row{"first_one_counts", "text/html; charset=a; charset=b", "text/html", "a"},
                    row{"spaces", "  text/html ;\tcharset = utf-8 ", "text/html", "utf-8"},
                    row{"parameter_without_value", "text/html; charset; charset=b", "text/html", "b"},
                    row{"empty_parameters", "text/html;;; ;charset=b;", "text/html", "b"},
                    row{"other_parameters", "multipart/form-data; boundary=x", "multipart/form-data", ""},
                    row{"no_slash", "html; charset=b", "/", "b"}, row{"two_slashes", "a/b/c", "/", ""},
                    row{"empty", "", "/", ""}, row{"only_parameters", "; charset=b", "/", "b"}),
    [](const testing::TestParamInfo<row>& r) { return std::string(r.param.name); });

TEST(media_type, knows_html) {
  EXPECT_TRUE(parse_media_type("TEXT/html; x=y").is_html());
  EXPECT_TRUE(parse_media_type("application/xhtml+xml").is_html());
  EXPECT_FALSE(parse_media_type("text/plain").is_html());
  EXPECT_FALSE(parse_media_type("text/htmlx").is_html());
  EXPECT_FALSE(parse_media_type("").is("text/html"));
}

}  // namespace
