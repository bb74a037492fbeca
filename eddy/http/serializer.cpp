// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/serializer.hpp"

#include "eddy/http/detail/answer_line.hpp"
#include "eddy/http/detail/characters.hpp"
#include "eddy/http/detail/head_facts.hpp"
#include "eddy/http/status.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace eddy::http {

namespace {

// What to write after the head's own fields; nothing when they say it already.
enum class framing_line : std::uint8_t { nothing, length, chunked, close };

void append_framing(std::string& out, framing_line line, std::uint64_t size) {
  switch (line) {
    case framing_line::nothing:
      return;
    case framing_line::length:
      out.append(detail::length_line(size).text());
      return;
    case framing_line::chunked:
      out.append("Transfer-Encoding: chunked\r\n");
      return;
    case framing_line::close:
      out.append("Connection: close\r\n");
      return;
  }
}

// Checks a Content-Length that the head brings along. @returns  whether there is one.
bool own_length_agrees(const fields& headers, std::uint64_t size) {
  const std::size_t count = headers.count("Content-Length");
  if (count == 0) return false;
  const auto own = detail::parse_content_length(*headers.get("Content-Length"));
  if (count > 1 || own != size)
    throw invalid_head("the head's Content-Length is not the length of its body: leave it to the framing");
  return true;
}

bool own_coding_agrees(const fields& headers) {
  const std::size_t count = headers.count("Transfer-Encoding");
  if (count == 0) return false;
  if (count > 1 || !detail::equal_ignoring_case(*headers.get("Transfer-Encoding"), "chunked"))
    throw invalid_head("the head's Transfer-Encoding is not exactly chunked: leave it to the framing");
  return true;
}

void refuse_own_length(const fields& headers) {
  if (headers.contains("Content-Length"))
    throw invalid_head("a head with this framing may not have a Content-Length field");
}

void refuse_own_coding(const fields& headers) {
  if (headers.contains("Transfer-Encoding"))
    throw invalid_head("a head with this framing may not have a Transfer-Encoding field");
}

framing_line frame_by_length(const fields& headers, std::uint64_t size) {
  using sizes = detail::fields_access;
  constexpr std::uint32_t names = sizes::name_size("Content-Length") | sizes::name_size("Transfer-Encoding");
  if (!sizes::may_have(headers, names)) return framing_line::length;
  refuse_own_coding(headers);
  return own_length_agrees(headers, size) ? framing_line::nothing : framing_line::length;
}

framing_line frame_by_chunks(const fields& headers, http_version version) {
  if (version == http_version::http_1_0) throw invalid_head("HTTP/1.0 does not have chunked bodies");
  refuse_own_length(headers);
  return own_coding_agrees(headers) ? framing_line::nothing : framing_line::chunked;
}

framing_line frame_by_close(const fields& headers) {
  refuse_own_length(headers);
  refuse_own_coding(headers);
  return headers.contains_token("Connection", "close") ? framing_line::nothing : framing_line::close;
}

framing_line frame_request(const request_head& head, body_framing framing) {
  switch (framing.kind) {
    case body_kind::length:
      return frame_by_length(head.headers, framing.size);
    case body_kind::chunked:
      return frame_by_chunks(head.headers, head.version);
    case body_kind::until_close:
      throw invalid_head("the body of a request cannot end with the connection");
    case body_kind::none:
      break;
  }
  refuse_own_coding(head.headers);
  own_length_agrees(head.headers, 0);
  return framing_line::nothing;
}

// No body follows this head, whatever it announces.
void check_bodiless(const detail::answer_line& head, bool may_announce) {
  if (!may_announce) {
    refuse_own_length(head.headers);
    refuse_own_coding(head.headers);
    return;
  }
  const bool coded = own_coding_agrees(head.headers);
  if (!head.headers.contains("Content-Length")) return;
  const auto length = detail::parse_content_length(*head.headers.get("Content-Length"));
  if (coded || !length) throw invalid_head("the head announces the length of its body in two ways, or not as a number");
  own_length_agrees(head.headers, *length);
}

framing_line frame_response(const detail::answer_line& head, body_framing framing, std::string_view method) {
  const bool to_head = method == "HEAD";
  const bool never_has_body =
      is_informational(head.status) || head.status == 204 || (method == "CONNECT" && is_success(head.status));
  if (framing.kind != body_kind::none && never_has_body)
    throw invalid_head("a response with this status to this method has no body");
  switch (framing.kind) {
    case body_kind::length:
      return frame_by_length(head.headers, framing.size);
    case body_kind::chunked:
      return frame_by_chunks(head.headers, head.version);
    case body_kind::until_close:
      return frame_by_close(head.headers);
    case body_kind::none:
      break;
  }
  if (!never_has_body && !to_head && head.status != 304)
    throw invalid_head("the recipient of this response would wait for a body: an empty one is length(0)");
  check_bodiless(head, !never_has_body);
  return framing_line::nothing;
}

void check_host(const request_head& head) {
  const std::size_t count = head.headers.count("Host");
  if (count == 0 && head.version == http_version::http_1_0) return;
  if (count != 1) throw invalid_head("a request has to have exactly one Host field");
  if (!is_valid_host(*head.headers.get("Host")))
    throw invalid_head("the Host field has to be a host name with an optional port");
}

}  // namespace

void append_head(std::string& out, const request_head& head, body_framing framing) {
  if (!detail::is_token(head.method)) throw invalid_head("the request's method is not a token");
  if (head.form() == target_form::invalid)
    throw invalid_head("the request's target has no valid form, or has characters that need percent-encoding");
  check_host(head);
  const framing_line line = frame_request(head, framing);
  out.reserve(out.size() + head.method.size() + head.target.size() + head.headers.wire().size() + 64);
  out.append(head.method).append(" ").append(head.target).append(" ").append(to_string(head.version)).append("\r\n");
  out.append(head.headers.wire());
  append_framing(out, line, framing.size);
  out.append("\r\n");
}

void append_head(std::string& out, const response_head& head, body_framing framing, std::string_view request_method) {
  if (detail::find_control(head.reason) != head.reason.size())
    throw invalid_head("the reason of a response may not have control characters: that would inject fields");
  detail::append_open_head(out, {head.status, head.version, head.reason, head.headers}, framing, request_method);
  out.append("\r\n");
}

namespace detail {

namespace {

void append_status_line(std::string& out, const answer_line& head) {
  const std::array<char, 5> status{' ', static_cast<char>('0' + head.status / 100),
                                   static_cast<char>('0' + head.status / 10 % 10),
                                   static_cast<char>('0' + head.status % 10), ' '};
  out.append(to_string(head.version)).append(status.data(), status.size()).append(head.reason).append("\r\n");
}

}  // namespace

void append_open_head(std::string& out, const answer_line& head, body_framing framing, std::string_view method) {
  if (head.status < 100 || head.status > 999) throw invalid_head("a status is a number of three digits");
  const framing_line line = frame_response(head, framing, method);
  out.reserve(out.size() + head.reason.size() + head.headers.wire().size() + 64);
  if (head.status == 200 && head.version == http_version::http_1_1 && head.reason == "OK")
    out.append("HTTP/1.1 200 OK\r\n");
  else
    append_status_line(out, head);
  out.append(head.headers.wire());
  append_framing(out, line, framing.size);
}

length_line::length_line(std::uint64_t size) noexcept {
  constexpr std::string_view name = "Content-Length: ";
  char* end = std::copy(name.begin(), name.end(), text_.data());
  end = std::to_chars(end, text_.data() + text_.size() - 2, size).ptr;
  end[0] = '\r';
  end[1] = '\n';
  size_ = static_cast<std::size_t>(end - text_.data()) + 2;
}

}  // namespace detail

chunk_start::chunk_start(std::uint64_t size) noexcept {
  char* const end = std::to_chars(text_.data(), text_.data() + 16, size, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  size_ = static_cast<std::size_t>(end - text_.data()) + 2;
}

void append_chunk(std::string& out, std::span<const std::byte> data) {
  if (data.empty()) return;
  const chunk_start start(data.size());
  out.reserve(out.size() + start.text().size() + data.size() + chunk_end.size());
  out.append(start.text()).append(reinterpret_cast<const char*>(data.data()), data.size()).append(chunk_end);
}

void append_last_chunk(std::string& out, const fields& trailers) {
  for (const std::string_view forbidden : {"Content-Length", "Host", "Transfer-Encoding"})
    if (trailers.contains(forbidden)) throw invalid_head(std::string(forbidden) + " may not stand in the trailers");
  out.append("0\r\n").append(trailers.wire()).append("\r\n");
}

}  // namespace eddy::http
