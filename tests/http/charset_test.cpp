// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/charset.hpp"

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;

TEST(charset, labels_mean_what_browsers_take_them_for) {
  EXPECT_EQ(charset_named("latin1"), "windows-1252");
  EXPECT_EQ(charset_named("ISO-8859-1"), "windows-1252");
  EXPECT_EQ(charset_named("us-ascii"), "windows-1252");
  EXPECT_EQ(charset_named(" Shift_JIS\n"), "shift_jis");
  EXPECT_EQ(charset_named("gb2312"), "gbk");
  EXPECT_EQ(charset_named("UTF8"), "utf-8");
  EXPECT_EQ(charset_named("utf-16"), "utf-16le");
  EXPECT_EQ(charset_named("x-nonsense"), "");
  EXPECT_EQ(charset_named(""), "");
  EXPECT_EQ(charset_named("  "), "");
}

struct detect_row {
  const char* name;
  const char* content_type;
  std::string body;
  const char* charset;
  charset_source source;
};

void PrintTo(const detect_row& r, std::ostream* out) { *out << r.name; }

class charset_detection : public testing::TestWithParam<detect_row> {};

TEST_P(charset_detection, goes_by_mark_header_meta_default) {
  const auto found = detect_charset(parse_media_type(GetParam().content_type), GetParam().body);
  EXPECT_EQ(found.name, GetParam().charset);
  EXPECT_EQ(found.source, GetParam().source);
}

using source = charset_source;

INSTANTIATE_TEST_SUITE_P(
    table, charset_detection,
    testing::Values(
        detect_row{"nothing", "text/html", "<p>", "utf-8", source::by_default},
        detect_row{"header", "text/html; charset=koi8-r", "<meta charset=utf-8>", "koi8-r", source::header},
        detect_row{"unknown_header", "text/html; charset=x-no", "<meta charset=koi8-r>", "koi8-r", source::meta},
        detect_row{"mark", "text/html; charset=koi8-r", "\xef\xbb\xbf<p>", "utf-8", source::byte_order_mark},
        detect_row{"mark_utf16le", "text/html", std::string("\xff\xfe<\0", 4), "utf-16le", source::byte_order_mark},
        detect_row{"mark_utf16be", "text/html", std::string("\xfe\xff\0<", 4), "utf-16be", source::byte_order_mark},
        detect_row{"meta", "text/html", "<html><head><META Charset = \"Windows-1251\">", "windows-1251", source::meta},
        detect_row{"meta_single_quotes", "text/html", "<meta charset='sjis'/>", "shift_jis", source::meta},
        detect_row{"meta_unquoted", "text/html", "<meta charset=big5>", "big5", source::meta},
        detect_row{"meta_slash", "text/html", "<meta/charset=big5>", "big5", source::meta},
        detect_row{"http_equiv", "text/html", "<meta http-equiv=Content-Type content='text/html; charset=euc-jp'>",
                   "euc-jp", source::meta},
        detect_row{"content_first", "text/html",
                   "<meta content=\"text/html;charset = 'euc-kr'\" http-equiv=\"content-type\">", "euc-kr",
                   source::meta},
        detect_row{"content_without_http_equiv", "text/html", "<meta content='text/html; charset=euc-jp'>", "utf-8",
                   source::by_default},
        detect_row{"other_http_equiv", "text/html", "<meta http-equiv=refresh content='0; charset=euc-jp'>", "utf-8",
                   source::by_default},
        detect_row{"unknown_then_known", "text/html", "<meta name=a content=b><meta charset=koi8-u>", "koi8-u",
                   source::meta},
        detect_row{"in_a_comment", "text/html", "<!-- <meta charset=koi8-u> -->", "utf-8", source::by_default},
        detect_row{"in_an_attribute", "text/html", "<p title='<meta charset=koi8-u>'>", "utf-8", source::by_default},
        detect_row{"after_a_comment", "text/html", "<!--><meta charset=koi8-u>", "koi8-u", source::meta},
        detect_row{"other_element", "text/html", "<metal charset=koi8-u>", "utf-8", source::by_default},
        detect_row{"meta_says_utf16", "text/html", "<meta charset=utf-16>", "utf-8", source::meta},
        detect_row{"too_far_in", "text/html", std::string(1024, ' ') + "<meta charset=koi8-u>", "utf-8",
                   source::by_default},
        detect_row{"cut_at_the_limit", "text/html", std::string(1010, ' ') + "<meta charset=koi8-u>", "utf-8",
                   source::by_default},
        detect_row{"not_html", "text/plain", "<meta charset=koi8-u>", "utf-8", source::by_default}),
    [](const testing::TestParamInfo<detect_row>& r) { return std::string(r.param.name); });

struct decode_row {
  const char* name;
  const char* charset;
  std::string bytes;
  std::string expected;
};

void PrintTo(const decode_row& r, std::ostream* out) { *out << r.name; }

class charset_decoding : public testing::TestWithParam<decode_row> {};

TEST_P(charset_decoding, gives_utf8) {
  EXPECT_EQ(decode_charset(GetParam().bytes, GetParam().charset), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    table, charset_decoding,
    testing::Values(decode_row{"utf8", "utf-8", "\xc3\xa9", "é"},
                    decode_row{"utf8_broken", "utf-8", "\xe9t\xe9", "�t�"},
                    decode_row{"windows_1252", "windows-1252",
                               "\x93"
                               "caf\xe9\x94 \x80"
                               "5",
                               "“café” €5"},
                    decode_row{"windows_1252_hole", "windows-1252",
                               "a\x81"
                               "b",
                               "a�b"},
                    decode_row{"windows_1251", "windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"},
                    decode_row{"koi8_r", "koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"},
                    decode_row{"shift_jis", "shift_jis", "\x93\xfa\x96{\x8c\xea", "日本語"},
                    decode_row{"shift_jis_cut", "shift_jis", "\x93\xfa\x96", "日�"},
                    decode_row{"shift_jis_broken_keeps_the_tag", "shift_jis", "\xff<b>", "�<b>"},
                    decode_row{"euc_jp", "euc-jp", "\xc6\xfc\xcb\xdc\xb8\xec", "日本語"},
                    decode_row{"gbk", "gbk", "\xd6\xd0\xce\xc4", "中文"},
                    decode_row{"big5", "big5", "\xa4\xa4\xa4\xe5", "中文"},
                    decode_row{"euc_kr", "euc-kr", "\xc7\xd1\xb1\xdb", "한글"},
                    decode_row{"utf16le", "utf-16le", std::string("a\0=\xd8\0\xde", 6), "a😀"},
                    decode_row{"utf16le_cut", "utf-16le", std::string("a\0b", 3), "a�"},
                    decode_row{"utf16le_lone_surrogate", "utf-16le",
                               std::string("\0\xde"
                                           "a\0",
                                           4),
                               "�a"},
                    decode_row{"utf16be", "utf-16be", std::string("\0a\0b", 4), "ab"},
                    decode_row{"iso_2022_jp", "iso-2022-jp", "\x1b$B$\"\x1b(B!", "あ!"},
                    decode_row{"unknown", "x-nonsense", "a\xff", "a�"}, decode_row{"empty", "shift_jis", "", ""}),
    [](const testing::TestParamInfo<decode_row>& r) { return std::string(r.param.name); });

TEST(charset, every_name_that_a_label_can_give_is_decoded) {
  for (const char* label :
       {"big5",       "cp1250",      "cp1251",      "cp1252",      "cp1253",      "cp1254",      "cp1255",
        "cp1256",     "cp1257",      "cp1258",      "euc-jp",      "euc-kr",      "gb18030",     "gbk",
        "ibm866",     "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "iso-8859-2",
        "iso-8859-3", "iso-8859-4",  "iso-8859-5",  "iso-8859-6",  "iso-8859-7",  "iso-8859-8",  "koi8-r",
        "koi8-u",     "mac",         "sjis",        "tis-620"}) {
    const auto name = charset_named(label);
    ASSERT_FALSE(name.empty()) << label;
    // Two bytes that are a character or two in each of them, and never what UTF-8 would make of them.
    EXPECT_NE(decode_charset("\xc7\xe4", name), "��") << label;
  }
}

TEST(charset, no_bytes_make_decoding_fail) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += {static_cast<char>(i), static_cast<char>(255 - i), 'x'};
  for (const char* name : {"utf-8", "shift_jis", "utf-16le", "gb18030", "iso-2022-jp", "windows-1252"})
    EXPECT_FALSE(decode_charset(all, name).empty()) << name;
}

TEST(charset, a_mark_is_no_text) {
  EXPECT_EQ(decode_text("\xef\xbb\xbfhi", parse_media_type("text/plain")), "hi");
  EXPECT_EQ(decode_text(std::string("\xff\xfeh\0i\0", 6), parse_media_type("text/plain; charset=utf-8")), "hi");
}

}  // namespace
