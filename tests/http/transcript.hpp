// SPDX-License-Identifier: BSL-1.0
#pragma once

// Drives a parser as a connection does, over input cut at will, and writes down everything that came out: what the
// tests, the fuzz target and the comparison with other parsers judge by.

#include "eddy/http/parser.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eddy::testing::http {

/// One complete message.
template <typename Head>
struct recorded_message {
  Head head;
  eddy::http::body_kind kind = eddy::http::body_kind::none;
  bool keep_alive = false;
  std::string body;
  eddy::http::fields trailers;
  friend bool operator==(const recorded_message&, const recorded_message&) = default;
};

/// Everything that one connection brought.
template <typename Head>
struct transcript {
  std::vector<recorded_message<Head>> messages;
  std::optional<eddy::http::parse_fault> fault;  ///< what ended it, unless it ended well
  std::string partial_body;                      ///< of the message that the fault cut short
  friend bool operator==(const transcript&, const transcript&) = default;
};

/// Feeds one connection. A response connection gets answers to `method` only.
template <typename Parser>
class recorder {
 public:
  using head_type = std::remove_cvref_t<decltype(std::declval<Parser&>().head())>;

  explicit recorder(std::string method = "GET", const eddy::http::parser_limits& limits = {})
      : method_(std::move(method)), parser_(make(method_, limits)) {}

  /// Pushes a slice; stops at the first fault, and where another protocol begins.
  void push(std::string_view slice) {
    try {
      while (!record_.fault && !stopped_ && (!slice.empty() || ends_without_input())) step(slice);
    } catch (const eddy::http::parse_error& error) {
      record_.fault = error.kind();
      record_.partial_body = body_;
    }
  }

  void close() {
    try {
      if (record_.fault || stopped_) return;
      parser_.finish();
      if (parser_.complete()) complete();
    } catch (const eddy::http::parse_error& error) {
      record_.fault = error.kind();
      record_.partial_body = body_;
    }
  }

  const transcript<head_type>& record() const { return record_; }

 private:
  static Parser make(const std::string& method, const eddy::http::parser_limits& limits) {
    if constexpr (std::is_same_v<Parser, eddy::http::response_parser>)
      return Parser(method, limits);
    else
      return Parser(limits);
  }

  bool ends_without_input() const { return parser_.complete(); }

  void step(std::string_view& slice) {
    const auto bytes = std::as_bytes(std::span(slice.data(), slice.size()));
    if (!parser_.head_complete()) {
      slice.remove_prefix(parser_.parse_head(bytes).consumed);
      return;
    }
    const auto piece = parser_.next_body(bytes);
    body_.append(reinterpret_cast<const char*>(piece.data.data()), piece.data.size());
    slice.remove_prefix(piece.consumed);
    if (piece.done) complete();
  }

  void complete() {
    record_.messages.push_back(
        {parser_.head(), parser_.body(), parser_.keep_alive(), std::move(body_), parser_.trailers()});
    body_.clear();
    if constexpr (std::is_same_v<Parser, eddy::http::response_parser>) {
      stopped_ = parser_.switches_protocol();
      parser_.start_next(method_);
    } else {
      parser_.start_next();
    }
  }

  std::string method_;
  Parser parser_;
  transcript<head_type> record_;
  std::string body_;
  bool stopped_ = false;
};

/// Pushes `input` in pieces that end at each of `cuts` (ascending), then closes.
template <typename Parser>
auto transcribe(std::string_view input, std::span<const std::size_t> cuts = {}, const std::string& method = "GET",
                const eddy::http::parser_limits& limits = {}) {
  recorder<Parser> connection(method, limits);
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    connection.push(input.substr(from, cut - from));
    from = cut;
  }
  connection.push(input.substr(from));
  connection.close();
  return connection.record();
}

/// Pushes `input` one byte at a time, each from memory of its own, then closes.
template <typename Parser>
auto transcribe_bytewise(std::string_view input, const std::string& method = "GET",
                         const eddy::http::parser_limits& limits = {}) {
  recorder<Parser> connection(method, limits);
  for (const char c : input) {
    const std::string own(1, c);
    connection.push(own);
  }
  connection.close();
  return connection.record();
}

}  // namespace eddy::testing::http
