// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/parser.hpp"
#include "tests/http/request_rejects.hpp"
#include "tests/http/transcript.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;
using namespace eddy::testing::http;
using namespace std::string_literals;

std::string ok_with(const std::string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n"; }

const reject response_rows[] = {
    {"empty_line_before", "\r\nHTTP/1.1 200 OK\r\n\r\n", parse_fault::empty_start_line},
    {"not_http", "ICY 200 OK\r\n\r\n", parse_fault::invalid_version},
    {"version_2", "HTTP/2.0 200 OK\r\n\r\n", parse_fault::unsupported_version, 505},
    {"no_status", "HTTP/1.1\r\n\r\n", parse_fault::invalid_status_line},
    {"status_of_two_digits", "HTTP/1.1 20 OK\r\n\r\n", parse_fault::invalid_status_line},
    {"status_of_four_digits", "HTTP/1.1 2000 OK\r\n\r\n", parse_fault::invalid_status_line},
    {"status_below_100", "HTTP/1.1 099 OK\r\n\r\n", parse_fault::invalid_status_line},
    {"two_spaces_before_status", "HTTP/1.1  200 OK\r\n\r\n", parse_fault::invalid_status_line},
    {"control_in_reason", "HTTP/1.1 200 O\1K\r\n\r\n", parse_fault::control_character},
    {"two_lengths", ok_with("Content-Length: 5\r\nContent-Length: 5\r\n"), parse_fault::duplicate_content_length},
    {"list_of_lengths", ok_with("Content-Length: 5,5\r\n"), parse_fault::invalid_content_length},
    {"length_and_coding", ok_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
     parse_fault::conflicting_framing},
    {"coding_gzip", ok_with("Transfer-Encoding: gzip\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_on_http_1_0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     parse_fault::chunked_on_http_1_0},
    {"obs_fold", ok_with("X: a\r\n b\r\n"), parse_fault::folded_line},
    {"space_before_colon", ok_with("X : a\r\n"), parse_fault::whitespace_before_colon},
    {"cut_in_body", ok_with("Content-Length: 5\r\n") + "hell", parse_fault::incomplete},
    {"cut_in_chunks", ok_with("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n", parse_fault::incomplete},
};

template <typename Parser>
void expect_rejected(const reject& row) {
  const auto whole = transcribe<Parser>(row.input);
  ASSERT_TRUE(whole.fault) << "accepted";
  EXPECT_EQ(to_string(*whole.fault), to_string(row.fault));
  EXPECT_EQ(parse_error(row.fault).status(), row.status);
  EXPECT_TRUE(whole.messages.empty());
  EXPECT_EQ(transcribe_bytewise<Parser>(row.input), whole);
}

std::string name_of(const ::testing::TestParamInfo<reject>& info) { return info.param.name; }

class parser_refuses_request : public ::testing::TestWithParam<reject> {};
TEST_P(parser_refuses_request, whole_and_bytewise) { expect_rejected<request_parser>(GetParam()); }
INSTANTIATE_TEST_SUITE_P(rows, parser_refuses_request, ::testing::ValuesIn(request_rows), name_of);

class parser_refuses_response : public ::testing::TestWithParam<reject> {};
TEST_P(parser_refuses_response, whole_and_bytewise) { expect_rejected<response_parser>(GetParam()); }
INSTANTIATE_TEST_SUITE_P(rows, parser_refuses_response, ::testing::ValuesIn(response_rows), name_of);

TEST(parser_errors, an_error_stays) {
  request_parser parser;
  const std::string bad = "GET / HTTP/3.0\r\n";
  const std::string good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto bytes = [](const std::string& text) { return std::as_bytes(std::span(text)); };
  EXPECT_THROW(parser.parse_head(bytes(bad)), parse_error);
  EXPECT_THROW(parser.parse_head(bytes(good)), parse_error);
  EXPECT_THROW(parser.next_body(bytes(good)), parse_error);
  EXPECT_THROW(parser.finish(), parse_error);
}

TEST(parser_errors, a_body_is_not_asked_for_before_the_head) {
  request_parser parser;
  EXPECT_THROW(parser.next_body({}), std::logic_error);
}

// Names are looked at sixteen bytes at a time: every byte is judged wherever it stands.
TEST(parser_refuses_request, every_byte_that_is_no_token_anywhere_in_a_name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  for (const std::size_t size : {1U, 7U, 15U, 16U, 17U, 33U}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned byte = 1; byte < 256; ++byte) {
        const auto c = static_cast<char>(byte);
        if (c == ':' || c == '\r' || c == '\n') continue;
        std::string name(size, 'n');
        name[at] = c;
        const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool token = alnum || marks.find(c) != std::string_view::npos;
        const auto got = transcribe<request_parser>("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": v\r\n\r\n");
        ASSERT_EQ(!got.fault.has_value(), token) << "byte " << byte << " at " << at << " of " << size;
      }
    }
  }
}

}  // namespace
