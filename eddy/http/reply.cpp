// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/reply.hpp"

#include <algorithm>

#include "eddy/http/charset.hpp"
#include "eddy/http/client_error.hpp"

namespace eddy::http {

namespace {

constexpr std::size_t shown_of_a_body = 300;  // bytes

// A line for people: the text of the first bytes, without line ends and other control characters.
std::string start_of(std::string_view body, const media_type& type) {
  std::string text = decode_text(std::string(body.substr(0, shown_of_a_body)), type);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  if (body.size() > shown_of_a_body) text += "...";
  return text;
}

}  // namespace

void reply_head::throw_status_error(std::string_view body) const {
  const std::string_view reason = head_.reason.empty() ? reason_phrase(status()) : std::string_view(head_.reason);
  throw status_error(method_, url_.str(), status(), reason, start_of(body, content_type()));
}

std::string reply::text() const& { return decode_text(body_, content_type()); }
std::string reply::text() && { return decode_text(std::move(body_), content_type()); }

redirect_step::redirect_step(std::string m, http::url asked, int answer)
    : method(std::move(m)), url(std::move(asked)), status(answer) {}

media_type reply_head::content_type() const { return parse_media_type(head_.headers.get_or("Content-Type", {})); }

reply_head::reply_head(std::string_view method, http::url asked) : method_(method), url_(std::move(asked)) {}

const std::string& reply::bytes() const& noexcept { return body_; }

std::string reply::bytes() && noexcept { return std::move(body_); }

reply::reply(std::string_view method, http::url asked) : reply_head(method, std::move(asked)) {}

const reply& reply::raise_for_status() const& {
  if (!ok()) throw_status_error(body_);
  return *this;
}

reply&& reply::raise_for_status() && {
  if (!ok()) throw_status_error(body_);
  return std::move(*this);
}

}  // namespace eddy::http
