// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/parser_limits.hpp"

#include "eddy/http/parser.hpp"
#include "tests/http/transcript.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;
using namespace eddy::testing::http;

// The outcome of one request under the default limits, which has to be the same for single bytes.
std::optional<parse_fault> outcome(const std::string& input) {
  const auto whole = transcribe<request_parser>(input);
  EXPECT_EQ(transcribe_bytewise<request_parser>(input), whole);
  EXPECT_EQ(whole.messages.size(), whole.fault ? 0U : 1U);
  return whole.fault;
}

std::string start_line_of(std::size_t size) {
  const std::string shortest = "GET / HTTP/1.1";
  return "GET /" + std::string(size - shortest.size(), 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

// Header lines of so many bytes in all, line ends included, in two fields.
std::string headers_of(std::size_t size) {
  const std::string host = "Host: a\r\n";
  const std::string shortest = "X: \r\n";
  return "GET / HTTP/1.1\r\n" + host + "X: " + std::string(size - host.size() - shortest.size(), 'x') + "\r\n\r\n";
}

std::string fields_of(std::size_t count) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < count; ++i) text += "X: y\r\n";
  return text + "\r\n";
}

std::string chunks(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

// Extensions of so many bytes in all, in two chunks.
std::string extensions_of(std::size_t size) {
  return chunks("1;" + std::string(size / 2 - 1, 'e') + "\r\nx\r\n0000000000000000;" +
                std::string(size - size / 2 - 1, 'e') + "\r\n\r\n");
}

std::string trailers_of(std::size_t size) { return chunks("0\r\nX: " + std::string(size - 5, 'x') + "\r\n\r\n"); }

std::string trailer_fields_of(std::size_t count) {
  std::string text = "0\r\n";
  for (std::size_t i = 0; i < count; ++i) text += "X: y\r\n";
  return chunks(text + "\r\n");
}

struct limit_row {
  const char* name;
  std::string (*make)(std::size_t);
  std::size_t most;
  parse_fault fault;
  int status;
};

TEST(parser_limits, each_lets_its_number_pass_and_refuses_one_more) {
  const parser_limits limits;
  const limit_row rows[] = {
      {"start line", start_line_of, limits.start_line, parse_fault::start_line_too_long, 414},
      {"header bytes", headers_of, limits.header_bytes, parse_fault::headers_too_large, 431},
      {"header fields", fields_of, limits.header_fields, parse_fault::too_many_fields, 431},
      {"chunk extensions", extensions_of, limits.chunk_extensions, parse_fault::chunk_extensions_too_large, 400},
      {"trailer bytes", trailers_of, limits.trailer_bytes, parse_fault::trailers_too_large, 431},
      {"trailer fields", trailer_fields_of, limits.trailer_fields, parse_fault::trailers_too_large, 431},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(outcome(row.make(row.most)), std::nullopt) << row.name;
    EXPECT_EQ(outcome(row.make(row.most + 1)), row.fault) << row.name;
    EXPECT_EQ(parse_error(row.fault).status(), row.status) << row.name;
  }
}

TEST(parser_limits, an_endless_line_is_refused_before_it_ends) {
  request_parser parser;
  const std::string piece(1000, 'x');
  const auto feed = [&] {
    for (int i = 0; i < 9; ++i) parser.parse_head(std::as_bytes(std::span(piece)));
  };
  EXPECT_THROW(feed(), parse_error);
}

TEST(parser_limits, an_endless_chunk_header_is_refused_before_it_ends) {
  EXPECT_EQ(outcome(chunks("1;" + std::string(5000, 'e'))), parse_fault::chunk_extensions_too_large);
}

TEST(parser_limits, limits_start_anew_with_each_message) {
  const std::string one = fields_of(parser_limits{}.header_fields);
  const auto record = transcribe<request_parser>(one + one + one);
  EXPECT_FALSE(record.fault);
  EXPECT_EQ(record.messages.size(), 3U);
}

TEST(parser_limits, own_limits_replace_the_defaults) {
  parser_limits limits;
  limits.start_line = 20;
  EXPECT_FALSE(transcribe<request_parser>(start_line_of(20), {}, "GET", limits).fault);
  EXPECT_EQ(transcribe<request_parser>(start_line_of(21), {}, "GET", limits).fault, parse_fault::start_line_too_long);
  limits.header_bytes = 0;
  EXPECT_EQ(transcribe<request_parser>("GET / HTTP/1.0\r\n\r\n", {}, "GET", limits).fault, std::nullopt);
  EXPECT_EQ(transcribe<request_parser>("GET / HTTP/1.0\r\nA:\r\n\r\n", {}, "GET", limits).fault,
            parse_fault::headers_too_large);
}

}  // namespace
