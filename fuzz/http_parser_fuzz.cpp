// SPDX-License-Identifier: BSL-1.0
// Fuzz target for the HTTP/1.1 parser. The first byte of the input says what the rest is: a connection's requests, or
// responses to GET, HEAD or CONNECT. Whatever the bytes are:
//   - cutting them anywhere changes nothing of what comes out, errors included;
//   - every message that is accepted can be written again and reads back as the same message.

#include "eddy/http/parser.hpp"
#include "eddy/http/serializer.hpp"
#include "fuzz/require.hpp"
#include "tests/http/transcript.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace eddy::http;
using namespace eddy::testing::http;

// Where to cut: a function of the input, so that a finding repeats.
std::vector<std::size_t> make_cuts(std::string_view input) {
  std::uint64_t state = 0xcbf29ce484222325;
  for (const char c : input) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < input.size();) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    at += 1 + ((state >> 33U) % 24);
    if (at < input.size()) cuts.push_back(at);
  }
  return cuts;
}

// The bytes of a slice are gone after the call: nothing in the parser may still point at them.
template <typename Parser>
auto transcribe_copied(std::string_view input, const std::vector<std::size_t>& cuts, const std::string& method) {
  recorder<Parser> connection(method);
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i < cuts.size() ? cuts[i] : input.size();
    const std::string own(input.substr(from, to - from));
    connection.push(own);
    from = to;
  }
  connection.close();
  return connection.record();
}

body_framing framing_of(body_kind kind, std::size_t size) {
  return kind == body_kind::length ? body_framing::length(size) : body_framing{kind, 0};
}

void append_body(std::string& out, body_kind kind, const std::string& body, const fields& trailers) {
  if (kind != body_kind::chunked) {
    out += body;
    return;
  }
  const auto bytes = std::as_bytes(std::span(body));
  append_chunk(out, bytes.first(bytes.size() / 2));
  append_chunk(out, bytes.subspan(bytes.size() / 2));
  append_last_chunk(out, trailers);
}

void check_again(const recorded_message<request_head>& message, const std::string& method) {
  std::string text;
  append_head(text, message.head, framing_of(message.kind, message.body.size()));
  append_body(text, message.kind, message.body, message.trailers);
  const auto again = transcribe<request_parser>(text, {}, method);
  require(!again.fault && again.messages.size() == 1, "a request that was written does not parse");
  require(again.messages[0] == message, "a request that was written reads back as another one");
}

void check_again(const recorded_message<response_head>& message, const std::string& method) {
  const int status = message.head.status;
  const bool never_has_body =
      (status >= 100 && status < 200) || status == 204 || (method == "CONNECT" && status / 100 == 2);
  const fields& headers = message.head.headers;
  if (never_has_body && (headers.contains("Content-Length") || headers.contains("Transfer-Encoding"))) return;

  auto expected = message;
  if (message.kind == body_kind::until_close && !headers.contains_token("Connection", "close"))
    expected.head.headers.add("Connection", "close");
  std::string text;
  append_head(text, message.head, framing_of(message.kind, message.body.size()), method);
  append_body(text, message.kind, message.body, message.trailers);
  const auto again = transcribe<response_parser>(text, {}, method);
  require(!again.fault && again.messages.size() == 1, "a response that was written does not parse");
  require(again.messages[0] == expected, "a response that was written reads back as another one");
}

template <typename Parser>
void check(std::string_view input, const std::string& method) {
  const auto whole = transcribe<Parser>(input, {}, method);
  require(transcribe_copied<Parser>(input, make_cuts(input), method) == whole, "cut input parses differently");
  require(transcribe_bytewise<Parser>(input, method) == whole, "single bytes parse differently");
  for (const auto& message : whole.messages) check_again(message, method);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'S':
      check<response_parser>(input, "GET");
      break;
    case 'H':
      check<response_parser>(input, "HEAD");
      break;
    case 'C':
      check<response_parser>(input, "CONNECT");
      break;
    default:
      check<request_parser>(input, "GET");
      break;
  }
  return 0;
}
