// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/response.hpp"

#include "eddy/http/response_writer.hpp"
#include "eddy/http/status.hpp"

namespace eddy::http {

namespace {

// Room for a few more fields at once.
constexpr std::size_t usual_fields = 4;
constexpr std::size_t usual_bytes = 120;

void set_type(response& made, std::string_view type) {
  made.headers().reserve(usual_fields, usual_bytes);
  detail::fields_access::append(made.headers(), "Content-Type", type);
}

response with_type(std::string content, std::string_view type, int status) {
  response made(status);
  set_type(made, type);
  made.body(std::move(content));
  return made;
}

constexpr std::string_view text_type = "text/plain; charset=utf-8";

}  // namespace

std::string_view response::body_bytes() const noexcept { return shared_ != nullptr ? *shared_ : text_; }

response& response::body(std::shared_ptr<const std::string> bytes) & {
  take_out_body();
  shared_ = std::move(bytes);
  return *this;
}

void response::take_out_kept() noexcept {
  shared_.reset();
  streamed_.reset();
  raw_.reset();
}

response text(std::string content, int status) { return with_type(std::move(content), text_type, status); }

namespace detail {

void response_access::make_text(response& out, std::string content) {
  set_type(out, text_type);
  out.body(std::move(content));
}

void response_access::clear(response& used) noexcept {
  used.status_ = 200;
  used.headers_.clear();
  used.take_out_body();
  used.length_.reset();
}

}  // namespace detail

response html(std::string content, int status) {
  return with_type(std::move(content), "text/html; charset=utf-8", status);
}

response redirect(std::string_view location, int status) {
  response made(status);
  made.header("Location", location);
  return made;
}

reply_error::reply_error(int status, const std::string& text)
    : error(text.empty() ? std::string(reason_phrase(status)) : text), status_(status) {}

}  // namespace eddy::http
