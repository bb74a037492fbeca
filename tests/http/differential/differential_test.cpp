// SPDX-License-Identifier: BSL-1.0
// Compares the parser with llhttp 8.1 and Boost.Beast 1.81. Where both sides accept a message it has to mean the same;
// where only one does, the reason has to stand in one of the lists below.

#include "tests/http/differential/oracle.hpp"
#include "tests/http/mutate.hpp"
#include "tests/http/transcript.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace {

using namespace eddy::http;
using namespace eddy::testing::http;

enum oracle : unsigned { llhttp = 1, beast = 2, both = 3 };

// What we refuse and others accept. We are the strict one: none of these is a repair that RFC 9112 demands.
struct stricter {
  parse_fault fault;
  unsigned who;
  std::string_view reason;
};
constexpr stricter stricter_than[] = {
    {parse_fault::bare_cr, llhttp, "ends lines at a CR (CVE-2023-30589) and skips the byte behind it"},
    {parse_fault::bare_cr, beast, "lets CR into quoted chunk extensions"},
    {parse_fault::bare_lf, llhttp, "takes LF for CR LF"},
    {parse_fault::bare_lf, beast, "lets LF into quoted chunk extensions"},
    {parse_fault::chunked_on_http_1_0, both, "do not tie Transfer-Encoding to HTTP/1.1"},
    {parse_fault::control_character, llhttp, "lets control characters into reasons, values and after the last chunk"},
    {parse_fault::control_character, beast, "lets control characters into quoted chunk extensions"},
    {parse_fault::duplicate_content_length, beast,
     "takes equal lengths for one; RFC 9110 section 8.6 leaves the choice"},
    {parse_fault::duplicate_host, both, "leave Host to the application"},
    {parse_fault::empty_field_name, llhttp, "takes a line that starts with a colon"},
    {parse_fault::empty_start_line, llhttp, "skips any number of empty lines"},
    {parse_fault::folded_line, both, "join obs-fold, also into Content-Length"},
    {parse_fault::forbidden_trailer, both, "do not tell trailers from headers"},
    {parse_fault::invalid_chunk_end, llhttp, "skips two bytes behind a chunk, whatever they are"},
    {parse_fault::invalid_chunk_extension, both, "take spaces around an extension, and names that are no tokens"},
    {parse_fault::invalid_content_length, both, "join a folded line into an empty Content-Length"},
    {parse_fault::invalid_chunk_size, both, "take spaces between a chunk size and its extension"},
    {parse_fault::invalid_field_name, llhttp, "takes spaces in field names"},
    {parse_fault::invalid_host, both, "leave Host to the application"},
    {parse_fault::invalid_status_line, both, "take a status of any number of digits, or 000"},
    {parse_fault::invalid_target, both, "do not check the form of a target against its method"},
    {parse_fault::invalid_transfer_encoding, both, "take an unknown coding for a body until the end, or none at all"},
    {parse_fault::invalid_version, llhttp, "takes a request line without a version for HTTP/0.9"},
    {parse_fault::missing_host, both, "leave Host to the application"},
    {parse_fault::unsupported_version, llhttp, "takes HTTP/0.9 and HTTP/2.0 here too"},
    {parse_fault::whitespace_before_colon, llhttp, "drops spaces before the colon"},
};

// What others refuse and we accept, by the name that they give the error.
struct looser {
  oracle who;
  std::string_view error;
  std::string_view reason;
};
constexpr looser looser_than[] = {
    {llhttp, "HPE_STRICT", "does not know quoted pairs in chunk extensions"},
    {llhttp, "HPE_INVALID_METHOD", "knows a fixed list of methods; every token is one"},
    {llhttp, "HPE_INVALID_URL", "takes letters only for the scheme of an absolute target"},
    {beast, "bad method", "does not skip the empty line before a request (RFC 9112 section 2.2)"},
    {beast, "bad status", "demands the space before an empty reason"},
    {beast, "bad value", "demands tokens in Connection; the list is not framing"},
};

bool is_known(unsigned who, parse_fault fault) {
  return std::any_of(std::begin(stricter_than), std::end(stricter_than),
                     [&](const stricter& s) { return (s.who & who) != 0 && s.fault == fault; });
}

bool is_known(unsigned who, std::string_view error) {
  return std::any_of(std::begin(looser_than), std::end(looser_than),
                     [&](const looser& l) { return l.who == who && l.error == error; });
}

// Our side, cut behind the first message after which another parser would not go on reading HTTP.
struct own_verdict {
  std::vector<plain_message> messages;
  std::optional<parse_fault> fault;
};

template <typename Head>
std::string start_of(const Head& head) {
  if constexpr (std::is_same_v<Head, request_head>)
    return head.method + " " + head.target;
  else
    return std::to_string(head.status);
}

template <typename Parser>
own_verdict ask_own(std::string_view input) {
  own_verdict own;
  const auto record = transcribe<Parser>(input);
  own.fault = record.fault;
  for (const auto& message : record.messages) {
    plain_message plain;
    plain.start = start_of(message.head);
    plain.minor_version = message.head.version == http_version::http_1_1 ? 1 : 0;
    for (const auto [name, value] : message.head.headers) plain.fields.emplace_back(name, value);
    plain.body = message.body;
    for (const auto [name, value] : message.trailers) plain.fields.emplace_back(name, value);  // theirs are not apart
    normalize(plain);
    own.messages.push_back(std::move(plain));
    if (!message.keep_alive || message.head.headers.contains("Upgrade") ||
        own.messages.back().start.starts_with("CONNECT ")) {
      own.fault.reset();
      break;
    }
  }
  return own;
}

std::string show(const std::vector<plain_message>& messages) {
  std::string text;
  for (const auto& message : messages) {
    text += "  " + message.start + " 1." + std::to_string(message.minor_version);
    for (const auto& [name, value] : message.fields) text += " | " + name + ": " + value;
    text += " || " + message.body + "\n";
  }
  return text;
}

bool has(const plain_message& message, std::string_view name) {
  return std::any_of(message.fields.begin(), message.fields.end(), [&](const auto& f) { return f.first == name; });
}

// Messages that the others take apart in another way, so that nothing from there on can be compared.
bool incomparable(unsigned who, const plain_message& message) {
  // llhttp stops before the body where another protocol may follow, whether or not the server agrees to it.
  if (who == llhttp && (has(message, "upgrade") || message.start.starts_with("CONNECT "))) return true;
  // Both read the body that Content-Length or Transfer-Encoding announces behind 1xx, 204 and 304, which have none.
  const bool bodiless =
      message.start == "204" || message.start == "304" || (message.start.size() == 3 && message.start[0] == '1');
  return bodiless && (has(message, "content-length") || has(message, "transfer-encoding"));
}

::testing::AssertionResult agree(unsigned who, const own_verdict& own, const verdict& other) {
  const std::size_t common = std::min(own.messages.size(), other.messages.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (incomparable(who, own.messages[i])) return ::testing::AssertionSuccess();
    if (own.messages[i] == other.messages[i]) continue;
    return ::testing::AssertionFailure() << "a message means two things:\n"
                                         << show({own.messages[i]}) << show({other.messages[i]});
  }
  if (own.messages.size() > common && !incomparable(who, own.messages[common]) && !is_known(who, other.error))
    return ::testing::AssertionFailure() << "only we accept; they: \"" << other.error << "\"\n" << show(own.messages);
  const bool only_they = own.messages.size() < other.messages.size() && !incomparable(who, other.messages[common]);
  if (only_they && own.fault && !is_known(who, *own.fault))
    return ::testing::AssertionFailure() << "only they accept; we: " << to_string(*own.fault) << "\n"
                                         << show(other.messages);
  return ::testing::AssertionSuccess();
}

// llhttp takes only spaces off the end of a value, so that `Transfer-Encoding: chunked\t` is a body until close to it.
bool has_tab_behind_value(std::string_view input) {
  for (std::size_t end = input.find('\r'); end != std::string_view::npos; end = input.find('\r', end + 1)) {
    const std::size_t last = input.substr(0, end).find_last_not_of(" \t");
    if (input.substr(0, end).find('\t', last == std::string_view::npos ? 0 : last) != std::string_view::npos)
      return true;
  }
  return false;
}

void compare(direction which, std::string_view input) {
  const own_verdict own =
      which == direction::requests ? ask_own<request_parser>(input) : ask_own<response_parser>(input);
  if (!has_tab_behind_value(input)) {
    EXPECT_TRUE(agree(llhttp, own, ask_llhttp(which, input))) << "llhttp on:\n" << ::testing::PrintToString(input);
  }
  EXPECT_TRUE(agree(beast, own, ask_beast(which, input))) << "Beast on:\n" << ::testing::PrintToString(input);
}

TEST(parser_differential, accepted_seeds_mean_the_same_to_llhttp_and_beast) {
  for (const auto& seed : seeds())
    compare(seed.is_response() ? direction::responses : direction::requests, seed.text());
}

TEST(parser_differential, mutated_seeds_mean_the_same_or_differ_for_a_known_reason) {
  mutator mutate(20240229);
  for (int round = 0; round < 6000 && !HasFailure(); ++round) {
    const auto input = mutate.next();
    compare(input.is_response() ? direction::responses : direction::requests, input.text());
  }
}

}  // namespace
