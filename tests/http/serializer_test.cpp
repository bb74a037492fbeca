// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/serializer.hpp"

#include "tests/http/transcript.hpp"

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;
using namespace std::string_literals;

request_head request(std::string method = "GET", std::string target = "/") {
  request_head head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.headers.add("Host", "a");
  return head;
}

response_head response(int status, std::string reason = "", fields headers = {}) {
  response_head head;
  head.status = status;
  head.reason = std::move(reason);
  head.headers = std::move(headers);
  return head;
}

std::string written(const request_head& head, body_framing framing) {
  std::string out;
  append_head(out, head, framing);
  return out;
}

std::string written(const response_head& head, body_framing framing, std::string_view method = "GET") {
  std::string out;
  append_head(out, head, framing, method);
  return out;
}

TEST(serializer, writes_a_request) {
  EXPECT_EQ(written(request(), body_framing::none()), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(written(request("POST", "/p"), body_framing::length(0)),
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(written(request("PUT"), body_framing::chunked()),
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(serializer, writes_a_response) {
  EXPECT_EQ(written(response(200, "OK"), body_framing::length(12)), "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(written(response(200), body_framing::chunked()), "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(written(response(204), body_framing::none()), "HTTP/1.1 204 \r\n\r\n");
  EXPECT_EQ(written(response(101, "", {{"Upgrade", "x"}}), body_framing::none()),
            "HTTP/1.1 101 \r\nUpgrade: x\r\n\r\n");
}

TEST(serializer, a_body_until_close_says_so) {
  EXPECT_EQ(written(response(200), body_framing::until_close()), "HTTP/1.1 200 \r\nConnection: close\r\n\r\n");
  EXPECT_EQ(written(response(200, "", {{"Connection", "close"}}), body_framing::until_close()),
            "HTTP/1.1 200 \r\nConnection: close\r\n\r\n");
}

TEST(serializer, an_answer_to_head_may_announce_a_length_or_nothing) {
  EXPECT_EQ(written(response(200), body_framing::length(9), "HEAD"), "HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(written(response(200), body_framing::none(), "HEAD"), "HTTP/1.1 200 \r\n\r\n");
  EXPECT_EQ(written(response(304, "", {{"Content-Length", "9"}}), body_framing::none()),
            "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n");
}

TEST(serializer, keeps_the_heads_own_framing_where_it_agrees) {
  EXPECT_EQ(written(response(200, "", {{"content-length", "5"}, {"X", "y"}}), body_framing::length(5)),
            "HTTP/1.1 200 \r\ncontent-length: 5\r\nX: y\r\n\r\n");
  EXPECT_EQ(written(response(200, "", {{"Transfer-Encoding", "Chunked"}}), body_framing::chunked()),
            "HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n");
}

TEST(serializer, refuses_fields_that_contradict_the_framing) {
  const fields length{{"Content-Length", "5"}};
  const fields coding{{"Transfer-Encoding", "chunked"}};
  const fields both{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}};
  const fields twice{{"Content-Length", "5"}, {"Content-Length", "5"}};
  const fields coded{{"Transfer-Encoding", "gzip, chunked"}};
  EXPECT_THROW(written(response(200, "", length), body_framing::length(6)), invalid_head);
  EXPECT_THROW(written(response(200, "", length), body_framing::chunked()), invalid_head);
  EXPECT_THROW(written(response(200, "", length), body_framing::until_close()), invalid_head);
  EXPECT_THROW(written(response(200, "", coding), body_framing::length(5)), invalid_head);
  EXPECT_THROW(written(response(200, "", coding), body_framing::until_close()), invalid_head);
  EXPECT_THROW(written(response(200, "", coded), body_framing::chunked()), invalid_head);
  EXPECT_THROW(written(response(200, "", twice), body_framing::length(5)), invalid_head);
  EXPECT_THROW(written(response(200, "", both), body_framing::none(), "HEAD"), invalid_head);
  EXPECT_THROW(written(response(204, "", length), body_framing::none()), invalid_head);
  EXPECT_THROW(written(response(100, "", coding), body_framing::none()), invalid_head);
  request_head post = request("POST");
  post.headers.add("Content-Length", "5");
  EXPECT_THROW(written(post, body_framing::none()), invalid_head);
  EXPECT_THROW(written(post, body_framing::chunked()), invalid_head);
}

TEST(serializer, refuses_a_framing_that_cannot_be) {
  request_head old = request();
  old.version = http_version::http_1_0;
  response_head old_response = response(200);
  old_response.version = http_version::http_1_0;
  EXPECT_THROW(written(old, body_framing::chunked()), invalid_head);
  EXPECT_THROW(written(old_response, body_framing::chunked()), invalid_head);
  EXPECT_THROW(written(request(), body_framing::until_close()), invalid_head);
  EXPECT_THROW(written(response(204), body_framing::length(0)), invalid_head);
  EXPECT_THROW(written(response(103), body_framing::chunked()), invalid_head);
  EXPECT_THROW(written(response(200), body_framing::length(0), "CONNECT"), invalid_head);
  EXPECT_THROW(written(response(200), body_framing::none()), invalid_head);
}

TEST(serializer, refuses_injection_and_leaves_the_output_alone) {
  std::string out = "before";
  const request_head bad_requests[] = {request("GET / HTTP/1.1\r\nX: y\r\n\r\nGET"),
                                       request(""),
                                       request("GE T"),
                                       request("GET", "/ HTTP/1.1\r\nX: y"),
                                       request("GET", "/a b"),
                                       request("GET", "/\xc3\xa9"),
                                       request("GET", ""),
                                       request("GET", "x"),
                                       request("CONNECT", "/")};
  for (const auto& head : bad_requests) EXPECT_THROW(append_head(out, head, body_framing::none()), invalid_head);
  const response_head bad_responses[] = {response(200, "OK\r\nX: y"), response(200, "a\0b"s), response(99),
                                         response(1000)};
  for (const auto& head : bad_responses) EXPECT_THROW(append_head(out, head, body_framing::length(0)), invalid_head);
  EXPECT_EQ(out, "before");
}

TEST(serializer, a_request_needs_one_valid_host) {
  request_head head = request();
  head.headers.add("Host", "b");
  EXPECT_THROW(written(head, body_framing::none()), invalid_head);
  head.headers.set("Host", "a b");
  EXPECT_THROW(written(head, body_framing::none()), invalid_head);
  head.headers.remove("Host");
  EXPECT_THROW(written(head, body_framing::none()), invalid_head);
  head.version = http_version::http_1_0;
  EXPECT_EQ(written(head, body_framing::none()), "GET / HTTP/1.0\r\n\r\n");
}

TEST(serializer, writes_chunks) {
  const std::string data(26, 'x');
  std::string out;
  append_chunk(out, std::as_bytes(std::span(data)));
  append_chunk(out, {});
  out += last_chunk;
  EXPECT_EQ(out, "1a\r\n" + data + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunk_start(~std::uint64_t{0}).text(), "ffffffffffffffff\r\n");
}

TEST(serializer, writes_trailers_but_none_that_would_change_the_framing) {
  std::string out;
  append_last_chunk(out, {{"Digest", "x"}});
  EXPECT_EQ(out, "0\r\nDigest: x\r\n\r\n");
  for (const auto* name : {"content-length", "Host", "TRANSFER-ENCODING"})
    EXPECT_THROW(append_last_chunk(out, {{name, "1"}}), invalid_head);
  EXPECT_EQ(out, "0\r\nDigest: x\r\n\r\n");
}

TEST(serializer, what_it_writes_the_parser_reads) {
  std::string out = written(request("POST", "/x?y"), body_framing::chunked());
  append_chunk(out, std::as_bytes(std::span("hello", 5)));
  append_last_chunk(out, {{"Digest", "x"}});
  const auto record = eddy::testing::http::transcribe<request_parser>(out);
  ASSERT_EQ(record.messages.size(), 1U);
  EXPECT_EQ(record.messages[0].head.target, "/x?y");
  EXPECT_EQ(record.messages[0].body, "hello");
  EXPECT_EQ(record.messages[0].trailers, (fields{{"Digest", "x"}}));
}

}  // namespace
