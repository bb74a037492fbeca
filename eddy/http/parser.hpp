// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/detail/body_decoder.hpp"
#include "eddy/http/detail/head_facts.hpp"
#include "eddy/http/detail/line_reader.hpp"
#include "eddy/http/detail/section_budget.hpp"
#include "eddy/http/message.hpp"
#include "eddy/http/parse_error.hpp"
#include "eddy/http/parser_limits.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace eddy::http {

/// What parse_head() did with its input.
struct head_result {
  std::size_t consumed = 0;  ///< bytes to drop from the front of the input
  bool done = false;         ///< the head is complete; body bytes begin after what was consumed
};

/// What next_body() did with its input.
struct body_result {
  std::size_t consumed = 0;         ///< bytes to drop from the front of the input, `data` among them
  std::span<const std::byte> data;  ///< a piece of the body, inside the input; may be empty
  bool done = false;                ///< the message is complete; what was not consumed belongs to the next one
};

/// What request_parser and response_parser share: a strict push parser for HTTP/1.1 messages (RFC 9112).
///
/// It does no I/O. Bytes are pushed in slices of any size, and what comes out does not depend on how they were cut:
///
///     while (!parser.parse_head(...).done) read more
///     for (;;) { auto piece = parser.next_body(...); use piece.data; if (piece.done) break; if all consumed read more
///     } parser.start_next()
///
/// Every byte is looked at once; body data is handed out where it lies. What the standard lets a recipient repair,
/// this parser refuses, since every repair is a chance for request smuggling: lines end with CR LF, nothing is folded,
/// a length stands once, and it never stands beside a transfer coding.
///
/// **Errors.** A parse_error tells what was wrong and the status to answer with. Framing is lost then: every later
/// call throws the same error.
/// **Thread safety.** Distinct parsers: independent. One parser: one thread at a time.
/// **In asyncio.** `h11.Connection`; aiohttp's `HttpRequestParser`.
class message_parser {
 public:
  /// Takes bytes of the first line and the header fields.
  /// @param input  What has arrived; borrowed for the call only.
  /// @returns      How much was taken: everything, unless the head ended before. Nothing once it is complete.
  /// @throws parse_error
  head_result parse_head(std::span<const std::byte> input);

  /// Takes bytes of the body up to and including one piece of data.
  ///
  /// Call it until `done`, also where there is no body and with an empty input: a body of no bytes is done at once.
  /// More input is needed when all was consumed and it is not done.
  /// @param input  What follows the bytes consumed so far. `data` of the result points into it.
  /// @throws parse_error
  /// @throws std::logic_error  The head is not complete.
  body_result next_body(std::span<const std::byte> input);

  /// Tells that the peer closed the connection. Completes a body that ends so; does nothing between messages.
  /// @throws parse_error  incomplete: a message had begun and lacks its end.
  void finish();

  /// Whether nothing of a message has arrived yet (an empty line before a request is nothing).
  bool idle() const noexcept { return stage_ == stage::start_line && !lines_.inside_line(); }
  bool head_complete() const noexcept { return stage_ == stage::body; }
  /// Whether the message is complete, its body included.
  bool complete() const noexcept { return stage_ == stage::body && body_.done(); }

  /// How this message's body ends. Known once the head is complete, as are the following.
  body_kind body() const noexcept { return kind_; }
  /// Content-Length as the head has it: also where no body follows, as in an answer to HEAD.
  std::optional<std::uint64_t> content_length() const noexcept { return facts_.content_length(); }
  /// Whether the connection can serve another message after this one, as far as the sender is concerned.
  bool keep_alive() const noexcept { return keep_alive_; }
  /// Trailer fields, once complete(). They are kept apart: nothing in them is a header field.
  const fields& trailers() const noexcept { return body_.trailers(); }
  fields take_trailers() noexcept { return body_.take_trailers(); }

 protected:
  explicit message_parser(const parser_limits& limits) noexcept : limits_(limits) { reset(); }
  message_parser(message_parser&&) = default;
  message_parser& operator=(message_parser&&) = default;
  ~message_parser() = default;

  /// Forgets the message; memory stays for the next one.
  void reset() noexcept;

  const detail::head_facts& facts() const noexcept { return facts_; }
  void set_body(body_kind kind, bool keep_alive) noexcept;

 private:
  enum class stage : std::uint8_t { start_line, fields, body };

  virtual void take_start_line(std::string_view line) = 0;
  virtual void take_field(std::string_view line, detail::head_facts& facts) = 0;
  /// Checks the head as a whole and calls set_body().
  virtual void finish_head() = 0;
  /// Whether an empty line may stand before the first line.
  virtual bool skips_empty_line() const noexcept = 0;

  void parse_lines(std::string_view& input);
  bool parse_start_line(std::string_view& input);
  bool parse_field(std::string_view& input);
  void rethrow_failure() const;

  parser_limits limits_;
  detail::line_reader lines_;
  detail::section_budget budget_;
  detail::head_facts facts_;
  detail::body_decoder body_;
  std::exception_ptr failure_;  // the first parse_error, thrown again by every later call
  stage stage_ = stage::start_line;
  body_kind kind_ = body_kind::none;
  bool keep_alive_ = false;
  bool skipped_empty_line_ = false;
};

/// Parses requests, one after another: the server's half.
///
/// Refuses with 400 besides what message_parser refuses: no Host in HTTP/1.1, more than one, or an invalid one; a
/// target that does not fit its method. One empty line before a request is passed over (RFC 9112 section 2.2).
class request_parser final : public message_parser {
 public:
  explicit request_parser(const parser_limits& limits = {}) noexcept : message_parser(limits) {}

  /// The head, valid once head_complete() and until start_next() or take_head().
  const request_head& head() const noexcept { return head_; }
  request_head take_head() noexcept { return std::move(head_); }

  /// Whether the client waits for `100 Continue` before it sends the body.
  bool expects_continue() const noexcept;
  /// Whether the client offers to change protocols: Upgrade, and Connection says so.
  bool wants_upgrade() const noexcept;

  /// Gets ready for the next request on the connection. @pre  complete()
  void start_next();

 private:
  void take_start_line(std::string_view line) override;
  void take_field(std::string_view line, detail::head_facts& facts) override;
  void finish_head() override;
  bool skips_empty_line() const noexcept override { return true; }

  request_head head_;
};

/// Parses responses, one after another: the client's half.
///
/// An informational response (1xx other than 101) is a message of its own without a body; start_next() with the same
/// method then, for the final one.
class response_parser final : public message_parser {
 public:
  /// @param request_method  Of the request that the first response answers: after HEAD there is no body, after
  ///                        CONNECT a success makes a tunnel.
  explicit response_parser(std::string_view request_method = "GET", const parser_limits& limits = {});

  /// The head, valid once head_complete() and until start_next() or take_head().
  const response_head& head() const noexcept { return head_; }
  response_head take_head() noexcept { return std::move(head_); }

  /// Whether the bytes after this head belong to another protocol: 101, or a success of CONNECT.
  bool switches_protocol() const noexcept { return switches_protocol_; }

  /// Gets ready for the next response on the connection. @pre  complete()
  void start_next(std::string_view request_method);

 private:
  enum class request_kind : std::uint8_t { other, head, connect };

  void expect_answer_to(std::string_view method) noexcept;
  void take_start_line(std::string_view line) override;
  void take_field(std::string_view line, detail::head_facts& facts) override;
  void finish_head() override;
  bool skips_empty_line() const noexcept override { return false; }

  response_head head_;
  request_kind request_ = request_kind::other;
  bool switches_protocol_ = false;
};

}  // namespace eddy::http
