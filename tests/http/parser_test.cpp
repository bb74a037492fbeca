// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/parser.hpp"
#include "tests/http/transcript.hpp"

#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;
using namespace eddy::testing::http;

static_assert(std::is_nothrow_move_constructible_v<request_head>);
static_assert(std::is_move_constructible_v<request_parser> && std::is_move_constructible_v<response_parser>);

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

const std::string get = "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n";
const std::string post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked =
    "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "5\r\nhello\r\n00A;n=v;q=\"a\\\"; b\"\r\n, big worl\r\n1\r\nd\r\n000\r\nDigest: x\r\nNext: \r\n\r\n";

// Everything that one request's head says, for a single message.
request_parser head_of(std::string_view text) {
  request_parser parser;
  EXPECT_TRUE(parser.parse_head(bytes(text)).done);
  return parser;
}

response_parser response_of(std::string_view text, std::string_view method = "GET") {
  response_parser parser(method);
  EXPECT_TRUE(parser.parse_head(bytes(text)).done);
  return parser;
}

TEST(request_parser, takes_a_request_apart) {
  const auto record = transcribe<request_parser>(get);
  ASSERT_FALSE(record.fault);
  ASSERT_EQ(record.messages.size(), 1U);
  const request_head& head = record.messages[0].head;
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.version, http_version::http_1_1);
  EXPECT_EQ(head.headers, (fields{{"host", "example.com"}, {"accept", "*/*"}}));
  EXPECT_EQ(record.messages[0].kind, body_kind::none);
  EXPECT_TRUE(record.messages[0].keep_alive);
}

TEST(request_parser, takes_the_chunks_off_a_body_and_keeps_trailers_apart) {
  const auto record = transcribe<request_parser>(chunked);
  ASSERT_FALSE(record.fault) << to_string(*record.fault);
  ASSERT_EQ(record.messages.size(), 1U);
  EXPECT_EQ(record.messages[0].body, "hello, big world");
  EXPECT_EQ(record.messages[0].trailers, (fields{{"Digest", "x"}, {"Next", ""}}));
  EXPECT_FALSE(record.messages[0].head.headers.contains("Digest"));
}

TEST(request_parser, hands_body_data_out_where_it_lies) {
  request_parser parser;
  const auto head = parser.parse_head(bytes(post));
  ASSERT_TRUE(head.done);
  const auto piece = parser.next_body(bytes(post).subspan(head.consumed));
  EXPECT_EQ(static_cast<const void*>(piece.data.data()), post.data() + head.consumed);
  EXPECT_EQ(piece.data.size(), 5U);
  EXPECT_TRUE(piece.done);
}

TEST(request_parser, leaves_the_next_request_in_the_input) {
  const std::string two = post + get;
  request_parser parser;
  std::size_t at = parser.parse_head(bytes(two)).consumed;
  const auto piece = parser.next_body(bytes(two).subspan(at));
  at += piece.consumed;
  ASSERT_TRUE(piece.done);
  EXPECT_EQ(at, post.size());
  EXPECT_EQ(parser.next_body(bytes(two).subspan(at)).consumed, 0U);
  EXPECT_EQ(parser.parse_head(bytes(two).subspan(at)).consumed, 0U);
  parser.start_next();
  EXPECT_TRUE(parser.idle());
  at += parser.parse_head(bytes(two).subspan(at)).consumed;
  EXPECT_EQ(at, two.size());
  EXPECT_EQ(parser.head().method, "GET");
  EXPECT_EQ(parser.body(), body_kind::none);
}

TEST(request_parser, a_request_without_a_body_is_done_without_input) {
  request_parser parser = head_of(get);
  EXPECT_TRUE(parser.next_body({}).done);
  EXPECT_TRUE(parser.complete());
}

TEST(request_parser, a_taken_head_leaves_the_parser_ready) {
  request_parser parser = head_of(get);
  const request_head mine = parser.take_head();
  parser.start_next();
  parser.parse_head(bytes(post));
  EXPECT_EQ(mine.headers.get("Host"), "example.com");
  EXPECT_EQ(parser.head().headers, (fields{{"Host", "a"}, {"Content-Length", "5"}}));
}

TEST(request_parser, pipelined_requests_come_out_in_order_wherever_the_input_is_cut) {
  const std::string all = get + "\r\n" + post + chunked + get;
  const auto whole = transcribe<request_parser>(all);
  ASSERT_FALSE(whole.fault);
  ASSERT_EQ(whole.messages.size(), 4U);
  EXPECT_EQ(whole.messages[1].body, "hello");
  EXPECT_EQ(whole.messages[2].body, "hello, big world");
  EXPECT_EQ(transcribe_bytewise<request_parser>(all), whole);
  for (std::size_t cut = 0; cut <= all.size(); ++cut)
    EXPECT_EQ(transcribe<request_parser>(all, {{cut}}), whole) << "cut at " << cut;
}

TEST(request_parser, any_two_cuts_give_the_same_chunked_request) {
  const auto whole = transcribe<request_parser>(chunked);
  for (std::size_t first = 0; first < chunked.size(); ++first)
    for (std::size_t second = first; second < chunked.size(); second += 3)
      ASSERT_EQ(transcribe<request_parser>(chunked, {{first, second}}), whole) << first << " and " << second;
}

struct target_row {
  std::string line;
  target_form form;
  std::string authority;
};

TEST(request_parser, accepts_each_form_of_target) {
  const target_row rows[] = {
      {"GET / HTTP/1.1", target_form::origin, "h"},
      {"GET //x HTTP/1.1", target_form::origin, "h"},
      {"OPTIONS * HTTP/1.1", target_form::asterisk, "h"},
      {"GET http://example.com HTTP/1.1", target_form::absolute, "example.com"},
      {"GET http://example.com:81/x?y HTTP/1.1", target_form::absolute, "example.com:81"},
      {"GET https://[::1]?q HTTP/1.1", target_form::absolute, "[::1]"},
      {"CONNECT example.com:443 HTTP/1.1", target_form::authority, "example.com:443"},
      {"CONNECT [::1]:443 HTTP/1.1", target_form::authority, "[::1]:443"},
      {"M-SEARCH / HTTP/1.1", target_form::origin, "h"},
  };
  for (const auto& row : rows) {
    const request_parser parser = head_of(row.line + "\r\nHost: h\r\n\r\n");
    EXPECT_EQ(parser.head().form(), row.form) << row.line;
    EXPECT_EQ(parser.head().authority(), row.authority) << row.line;
  }
}

TEST(request_parser, accepts_odd_but_valid_heads) {
  const std::string rows[] = {
      "GET / HTTP/1.0\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
      "GET / HTTP/1.1\r\nHOST:[2001:db8::1]:65535\t \r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a%20b_c.\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~0: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nX: \xe9\ttab\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:CHUNKED \r\n\r\n0\r\n\r\n",
  };
  for (const auto& row : rows) {
    const auto record = transcribe<request_parser>(row);
    EXPECT_FALSE(record.fault) << row;
    EXPECT_EQ(record.messages.size(), 1U) << row;
  }
}

TEST(request_parser, trims_values_and_keeps_what_is_inside) {
  const request_parser parser = head_of("GET / HTTP/1.1\r\nHost: a\r\nA:b\r\nC: \t d  e\t \r\nF:\r\n\r\n");
  EXPECT_EQ(parser.head().headers.wire(), "Host: a\r\nA: b\r\nC: d  e\r\nF: \r\n");
}

TEST(request_parser, the_largest_length_fits) {
  const request_parser parser = head_of("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
  EXPECT_EQ(parser.content_length(), 9223372036854775807U);
  EXPECT_EQ(parser.body(), body_kind::length);
}

struct keep_alive_row {
  std::string version;
  std::string connection;
  bool keeps;
};

TEST(request_parser, decides_whether_the_connection_stays) {
  const keep_alive_row rows[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: x, Close\r\n", false},
      {"1.1", "Connection: x\r\nConnection: close\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: Keep-Alive, x\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const auto& row : rows) {
    const auto parser = head_of("GET / HTTP/" + row.version + "\r\nHost: a\r\n" + row.connection + "\r\n");
    EXPECT_EQ(parser.keep_alive(), row.keeps) << row.version << " " << row.connection;
  }
}

TEST(request_parser, recognises_expect_and_upgrade) {
  const std::string lines = "Host: a\r\nExpect: 100-Continue\r\nUpgrade: websocket\r\n";
  const request_parser both = head_of("PUT / HTTP/1.1\r\n" + lines + "Connection: keep-alive, Upgrade\r\n\r\n");
  EXPECT_TRUE(both.expects_continue());
  EXPECT_TRUE(both.wants_upgrade());
  EXPECT_EQ(both.head().headers.get("upgrade"), "websocket");
  EXPECT_FALSE(head_of("PUT / HTTP/1.1\r\n" + lines + "\r\n").wants_upgrade());
  const request_parser old = head_of("PUT / HTTP/1.0\r\n" + lines + "Connection: Upgrade\r\n\r\n");
  EXPECT_FALSE(old.expects_continue());
  EXPECT_FALSE(old.wants_upgrade());
}

TEST(request_parser, an_end_between_requests_is_no_error) {
  request_parser parser;
  EXPECT_NO_THROW(parser.finish());
  parser.parse_head(bytes("\r\n"));
  EXPECT_TRUE(parser.idle());
  EXPECT_NO_THROW(parser.finish());
}

TEST(response_parser, takes_a_response_apart) {
  const auto record = transcribe<response_parser>("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_EQ(record.messages.size(), 1U);
  EXPECT_EQ(record.messages[0].head.status, 404);
  EXPECT_EQ(record.messages[0].head.reason, "Not Found");
  EXPECT_EQ(record.messages[0].body, "no");
  EXPECT_TRUE(record.messages[0].keep_alive);
}

TEST(response_parser, an_empty_reason_needs_no_space) {
  EXPECT_EQ(response_of("HTTP/1.1 200 \r\n\r\n").head().reason, "");
  EXPECT_EQ(response_of("HTTP/1.1 200\r\n\r\n").head().status, 200);
  EXPECT_EQ(response_of("HTTP/1.0 999 \xe9 !\r\n\r\n").head().reason, "\xe9 !");
}

struct response_row {
  std::string method;
  std::string text;
  body_kind kind;
  bool keep_alive;
};

TEST(response_parser, knows_how_each_body_ends) {
  const std::string length = "Content-Length: 3\r\n";
  const std::string coding = "Transfer-Encoding: chunked\r\n";
  const response_row rows[] = {
      {"GET", "1.1 200 OK\r\n" + length, body_kind::length, true},
      {"GET", "1.1 200 OK\r\n" + coding, body_kind::chunked, true},
      {"GET", "1.1 200 OK\r\n", body_kind::until_close, false},
      {"GET", "1.0 200 OK\r\nConnection: keep-alive\r\n", body_kind::until_close, false},
      {"GET", "1.0 200 OK\r\nConnection: keep-alive\r\n" + length, body_kind::length, true},
      {"GET", "1.1 100 Continue\r\n", body_kind::none, true},
      {"GET", "1.1 204 No Content\r\n", body_kind::none, true},
      {"GET", "1.1 204 No Content\r\nContent-Length: 0\r\n", body_kind::none, true},
      {"GET", "1.1 204 No Content\r\n" + length, body_kind::none, false},
      {"GET", "1.1 204 No Content\r\n" + coding, body_kind::none, false},
      {"GET", "1.1 304 Not Modified\r\n" + length, body_kind::none, true},
      {"HEAD", "1.1 200 OK\r\n" + length, body_kind::none, true},
      {"HEAD", "1.1 200 OK\r\n" + coding, body_kind::none, true},
      {"HEAD", "1.1 200 OK\r\n", body_kind::none, true},
      {"CONNECT", "1.1 200 OK\r\n" + length, body_kind::none, false},
      {"CONNECT", "1.1 403 Forbidden\r\n" + length, body_kind::length, true},
      {"GET", "1.1 101 Switching Protocols\r\n", body_kind::none, false},
  };
  for (const auto& row : rows) {
    const auto parser = response_of("HTTP/" + row.text + "\r\n", row.method);
    EXPECT_EQ(parser.body(), row.kind) << row.method << " " << row.text;
    EXPECT_EQ(parser.keep_alive(), row.keep_alive) << row.method << " " << row.text;
  }
}

TEST(response_parser, a_body_until_close_ends_with_the_connection) {
  response_parser parser = response_of("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_FALSE(parser.next_body(bytes("all")).done);
  EXPECT_FALSE(parser.next_body({}).done);
  parser.finish();
  EXPECT_TRUE(parser.complete());
  EXPECT_TRUE(parser.next_body({}).done);
}

TEST(response_parser, an_informational_response_comes_before_the_final_one) {
  const std::string all =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "1\r\n\r\nx";
  const auto whole = transcribe<response_parser>(all);
  ASSERT_EQ(whole.messages.size(), 3U);
  EXPECT_EQ(whole.messages[2].body, "x");
  for (std::size_t cut = 0; cut <= all.size(); ++cut)
    EXPECT_EQ(transcribe<response_parser>(all, {{cut}}), whole) << cut;
}

TEST(response_parser, another_protocol_begins_behind_the_head) {
  const std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81";
  response_parser parser;
  const auto head = parser.parse_head(bytes(text));
  EXPECT_EQ(head.consumed, text.size() - 1);
  EXPECT_TRUE(parser.switches_protocol());
  EXPECT_TRUE(parser.next_body(bytes(text).subspan(head.consumed)).done);
  EXPECT_TRUE(response_of("HTTP/1.1 200 OK\r\n\r\n", "CONNECT").switches_protocol());
  EXPECT_FALSE(response_of("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "CONNECT").switches_protocol());
}

TEST(response_parser, each_response_follows_its_own_request) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  response_parser parser = response_of(text, "HEAD");
  ASSERT_TRUE(parser.next_body({}).done);
  parser.start_next("GET");
  ASSERT_TRUE(parser.parse_head(bytes(text)).done);
  EXPECT_FALSE(parser.next_body({}).done);
  EXPECT_TRUE(parser.next_body(bytes("ok")).done);
}

}  // namespace
