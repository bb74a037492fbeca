// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/parser.hpp"

#include "eddy/http/detail/characters.hpp"
#include "eddy/http/detail/field_line.hpp"
#include "eddy/http/status.hpp"

#include <stdexcept>

namespace eddy::http {

namespace {

using detail::line_reader;

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace

head_result message_parser::parse_head(std::span<const std::byte> input) {
  rethrow_failure();
  std::string_view left = as_text(input);
  try {
    parse_lines(left);
  } catch (const parse_error&) {
    failure_ = std::current_exception();
    throw;
  }
  return {input.size() - left.size(), head_complete()};
}

body_result message_parser::next_body(std::span<const std::byte> input) {
  rethrow_failure();
  if (!head_complete()) throw std::logic_error("next_body() before the head is complete: call parse_head() until done");
  std::string_view left = as_text(input);
  try {
    const std::string_view data = body_.next(left);
    return {input.size() - left.size(), as_bytes(data), body_.done()};
  } catch (const parse_error&) {
    failure_ = std::current_exception();
    throw;
  }
}

void message_parser::finish() {
  rethrow_failure();
  if (idle()) return;
  try {
    if (!head_complete()) throw parse_error(parse_fault::incomplete);
    body_.finish();
  } catch (const parse_error&) {
    failure_ = std::current_exception();
    throw;
  }
}

void message_parser::reset() noexcept {
  budget_ = {limits_.header_bytes, limits_.header_fields};
  facts_ = {};
  stage_ = stage::start_line;
  kind_ = body_kind::none;
  keep_alive_ = false;
  skipped_empty_line_ = false;
}

void message_parser::set_body(body_kind kind, bool keep_alive) noexcept {
  kind_ = kind;
  keep_alive_ = keep_alive;
}

void message_parser::parse_lines(std::string_view& input) {
  while (stage_ == stage::start_line)
    if (!parse_start_line(input)) return;
  while (stage_ == stage::fields)
    if (!parse_field(input)) return;
}

bool message_parser::parse_start_line(std::string_view& input) {
  std::string_view line;
  switch (lines_.next(input, limits_.start_line, line)) {
    case line_reader::outcome::need_more:
      return false;
    case line_reader::outcome::too_long:
      throw parse_error(parse_fault::start_line_too_long);
    case line_reader::outcome::line:
      break;
  }
  if (line.empty()) {
    if (skipped_empty_line_ || !skips_empty_line()) throw parse_error(parse_fault::empty_start_line);
    skipped_empty_line_ = true;
    return true;
  }
  take_start_line(line);
  stage_ = stage::fields;
  return true;
}

bool message_parser::parse_field(std::string_view& input) {
  std::string_view line;
  switch (lines_.next(input, budget_.line_limit(), line)) {
    case line_reader::outcome::need_more:
      return false;
    case line_reader::outcome::too_long:
      throw parse_error(parse_fault::headers_too_large);
    case line_reader::outcome::line:
      break;
  }
  if (line.empty()) {
    finish_head();
    body_.start(kind_, facts_.content_length().value_or(0), limits_);
    lines_.release();
    stage_ = stage::body;
    return true;
  }
  if (budget_.fields == 0) throw parse_error(parse_fault::too_many_fields);
  budget_.spend(line.size());
  take_field(line, facts_);
  return true;
}

void message_parser::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

// Requests

bool request_parser::expects_continue() const noexcept {
  return facts().expects_continue() && head_.version == http_version::http_1_1;
}

bool request_parser::wants_upgrade() const noexcept {
  return facts().asks_for_upgrade() && head_.version == http_version::http_1_1;
}

void request_parser::start_next() {
  reset();
  head_.headers.clear();
}

void request_parser::take_start_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::string_view method = line.substr(0, first);
  if (!detail::is_token(method)) throw parse_error(parse_fault::invalid_method, line);
  if (first == std::string_view::npos) throw parse_error(parse_fault::invalid_target, line);
  const std::string_view rest = line.substr(first + 1);
  const std::size_t second = rest.find(' ');
  if (second == std::string_view::npos) throw parse_error(parse_fault::invalid_version, line);
  head_.version = detail::parse_version(rest.substr(second + 1));
  const std::string_view target = rest.substr(0, second);
  if (form_of(method, target) == target_form::invalid) throw parse_error(parse_fault::invalid_target, line);
  head_.method.assign(method);
  head_.target.assign(target);
}

void request_parser::take_field(std::string_view line, detail::head_facts& facts) {
  facts.note_in_request(detail::append_field_line(line, head_.headers));
}

void request_parser::finish_head() {
  facts().check_request(head_.version);
  body_kind kind = body_kind::none;
  if (facts().chunked())
    kind = body_kind::chunked;
  else if (facts().content_length())
    kind = body_kind::length;
  set_body(kind, facts().keeps_alive(head_.version));
}

// Responses

response_parser::response_parser(std::string_view request_method, const parser_limits& limits)
    : message_parser(limits) {
  expect_answer_to(request_method);
}

void response_parser::start_next(std::string_view request_method) {
  reset();
  head_.headers.clear();
  switches_protocol_ = false;
  expect_answer_to(request_method);
}

void response_parser::expect_answer_to(std::string_view method) noexcept {
  request_ = method == "HEAD" ? request_kind::head : method == "CONNECT" ? request_kind::connect : request_kind::other;
}

void response_parser::take_start_line(std::string_view line) {
  head_.version = detail::parse_version(line.substr(0, line.find(' ')));
  // "HTTP/1.1 200" without the space that belongs before an empty reason is common and harmless.
  const std::string_view rest = line.substr(std::min(line.size(), std::size_t{9}));
  const bool digits = rest.size() >= 3 && detail::all(detail::digit_class, rest.substr(0, 3)) && rest[0] != '0';
  if (!digits || (rest.size() > 3 && rest[3] != ' ')) throw parse_error(parse_fault::invalid_status_line, line);
  head_.status = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  head_.reason.assign(rest.substr(std::min(rest.size(), std::size_t{4})));
}

void response_parser::take_field(std::string_view line, detail::head_facts& facts) {
  facts.note(detail::append_field_line(line, head_.headers));
}

void response_parser::finish_head() {
  facts().check(head_.version);
  const int status = head_.status;
  const bool tunnel = request_ == request_kind::connect && is_success(status);
  switches_protocol_ = tunnel || status == 101;
  const bool never_has_body = is_informational(status) || status == 204 || tunnel;
  const bool announces_body = facts().chunked() || facts().content_length().value_or(0) != 0;
  bool keep_alive = facts().keeps_alive(head_.version) && !switches_protocol_;

  body_kind kind = body_kind::until_close;
  if (never_has_body || status == 304 || request_ == request_kind::head)
    kind = body_kind::none;
  else if (facts().chunked())
    kind = body_kind::chunked;
  else if (facts().content_length())
    kind = body_kind::length;
  if (kind == body_kind::until_close) keep_alive = false;
  // Such a server may send the body that it must not send: nothing behind this head is to be trusted.
  if (never_has_body && announces_body) keep_alive = false;
  set_body(kind, keep_alive);
}

}  // namespace eddy::http
