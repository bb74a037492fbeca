// SPDX-License-Identifier: BSL-1.0
#include "tests/http/differential/oracle.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <limits>

namespace eddy::testing::http {

namespace {

namespace beast = boost::beast::http;

template <bool IsRequest>
plain_message plain(const beast::message<IsRequest, beast::string_body>& message) {
  plain_message out;
  if constexpr (IsRequest)
    out.start = std::string(message.method_string()) + " " + std::string(message.target());
  else
    out.start = std::to_string(message.result_int());
  out.minor_version = static_cast<int>(message.version()) % 10;
  for (const auto& field : message) out.fields.emplace_back(field.name_string(), field.value());
  out.body = message.body();
  normalize(out);
  return out;
}

// Parses one message off `input`. @returns whether there may be another.
template <bool IsRequest>
bool take_message(std::string_view& input, verdict& result) {
  beast::parser<IsRequest, beast::string_body> parser;
  parser.eager(true);
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  while (!parser.is_done() && !error && !input.empty())
    input.remove_prefix(parser.put(boost::asio::buffer(input.data(), input.size()), error));
  if (error == beast::error::need_more || !error) {
    error = {};
    if (!parser.is_done() && parser.got_some()) parser.put_eof(error);
  }
  if (error) result.error = error.message();
  if (error || !parser.is_done()) return false;
  result.messages.push_back(plain(parser.get()));
  return !input.empty();
}

}  // namespace

verdict ask_beast(direction which, std::string_view input) {
  verdict result;
  if (which == direction::requests)
    while (take_message<true>(input, result)) {
    }
  else
    while (take_message<false>(input, result)) {
    }
  return result;
}

}  // namespace eddy::testing::http
