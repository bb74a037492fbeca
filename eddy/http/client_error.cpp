// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/client_error.hpp"

#include <array>

namespace eddy::http {

namespace {

constexpr std::array<std::string_view, 14> kind_names{
    "unsupported", "busy",      "resolve",   "connect", "timeout",       "disconnected",       "protocol",
    "truncated",   "too_large", "expansion", "decode",  "redirect_loop", "too_many_redirects", "status"};

std::string status_text(int status, std::string_view reason, std::string_view body_start) {
  std::string text = std::to_string(status);
  if (!reason.empty()) text.append(" ").append(reason);
  if (!body_start.empty()) text.append(": ").append(body_start);
  return text;
}

}  // namespace

std::string_view to_string(client_errc kind) noexcept { return kind_names[static_cast<std::size_t>(kind)]; }

client_error::client_error(client_errc kind, std::string_view method, std::string_view url, std::string_view about)
    : error(detail::name_request(method, url).append(": ").append(about)), kind_(kind), method_(method), url_(url) {}

bool client_error::temporary() const noexcept { return worth_another_try(); }

bool client_error::worth_another_try() const noexcept {
  switch (kind_) {
    case client_errc::busy:
    case client_errc::resolve:
    case client_errc::connect:
    case client_errc::timeout:
    case client_errc::disconnected:
    case client_errc::truncated:
      return true;
    default:
      return false;
  }
}

status_error::status_error(std::string_view method, std::string_view url, int status, std::string_view reason,
                           std::string body_start)
    : client_error(client_errc::status, method, url, status_text(status, reason, body_start)),
      status_(status),
      body_start_(std::move(body_start)) {}

bool status_error::worth_another_try() const noexcept {
  switch (status_) {
    case 408:  // the server waited too long for the request
    case 425:  // too early
    case 429:  // too many requests
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

namespace detail {

std::string name_request(std::string_view method, std::string_view url) {
  std::string name;
  name.reserve(method.size() + 1 + url.size());
  for (const char c : method) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name.append(" ").append(url);
}

}  // namespace detail
}  // namespace eddy::http
