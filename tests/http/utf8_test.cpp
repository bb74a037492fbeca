// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/utf8.hpp"

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;

struct row {
  const char* name;
  std::string bytes;
  std::string expected;  // with '?' for each replacement character
};

void PrintTo(const row& r, std::ostream* out) { *out << r.name; }

std::string with_question_marks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool replaced = text.starts_with(replacement_character);
    out += replaced ? '?' : text.front();
    text.remove_prefix(replaced ? replacement_character.size() : 1);
  }
  return out;
}

class utf8_repair : public testing::TestWithParam<row> {};

TEST_P(utf8_repair, replaces_what_is_no_text) {
  const std::string repaired = repair_utf8(GetParam().bytes);
  EXPECT_EQ(valid_utf8_prefix(repaired), repaired.size());
  EXPECT_EQ(with_question_marks(repaired), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    table, utf8_repair,
    testing::Values(
        row{"empty", "", ""},
        row{"ascii", "plain text of more than eight bytes", "plain text of more than eight bytes"},
        row{"all_sizes", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"},
        row{"bounds", "\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
            "\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        row{"lone_continuation",
            "a\x80"
            "b",
            "a?b"},
        row{"cut_at_the_end", "abc\xe2\x82", "abc?"},
        row{"cut_in_the_middle",
            "\xe2\x82"
            "b",
            "?b"},
        row{"two_cut", "\xe2\x82\xe2\x82", "??"}, row{"overlong_slash", "\xc0\xaf", "??"},
        row{"overlong_three", "\xe0\x80\xaf", "???"}, row{"surrogate", "\xed\xa0\x80", "???"},
        row{"above_the_last", "\xf4\x90\x80\x80", "????"}, row{"five_bytes", "\xf8\x88\x80\x80\x80", "?????"},
        row{"latin1", "caf\xe9 au lait", "caf? au lait"}, row{"nul", std::string("a\0b", 3), std::string("a\0b", 3)}),
    [](const testing::TestParamInfo<row>& r) { return std::string(r.param.name); });

TEST(utf8, valid_text_is_moved_through) {
  std::string text(1000, 'x');
  const char* data = text.data();
  EXPECT_EQ(repair_utf8(std::move(text)).data(), data);
}

TEST(utf8, the_prefix_ends_where_text_ends) {
  EXPECT_EQ(valid_utf8_prefix("0123456789\xff"), 10U);
  EXPECT_EQ(valid_utf8_prefix("\xc3\xa9\xc3"), 2U);
}

}  // namespace
