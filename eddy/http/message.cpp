// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/message.hpp"

#include "eddy/http/detail/characters.hpp"

#include <algorithm>
#include <cstddef>

namespace eddy::http {

namespace {

using detail::all;
using detail::is;

// `tail` is what follows a host: nothing, or a colon and a port (RFC 3986 allows an empty one).
bool is_port_part(std::string_view tail) noexcept {
  if (tail.empty()) return true;
  if (tail.front() != ':') return false;
  tail.remove_prefix(1);
  if (tail.size() > 5 || !all(detail::digit_class, tail)) return false;
  unsigned port = 0;
  for (const char c : tail) port = port * 10 + static_cast<unsigned>(c - '0');
  return port <= 65535;
}

bool is_bracketed_address(std::string_view inside) noexcept {
  return std::count(inside.begin(), inside.end(), ':') >= 2 && std::all_of(inside.begin(), inside.end(), [](char c) {
           return is(detail::hex_class, c) || c == ':' || c == '.';
         });
}

bool is_reg_name(std::string_view name) noexcept {
  if (!all(detail::reg_name_class, name)) return false;
  for (std::size_t at = name.find('%'); at != std::string_view::npos; at = name.find('%', at + 1)) {
    const std::string_view digits = name.substr(at + 1, 2);
    if (digits.size() != 2 || !all(detail::hex_class, digits)) return false;
  }
  return true;
}

// Where "scheme://" ends, or npos.
std::size_t after_scheme(std::string_view target) noexcept {
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || !detail::is_alpha(static_cast<unsigned char>(target.front())))
    return std::string_view::npos;
  if (!all(detail::scheme_class, target.substr(0, colon))) return std::string_view::npos;
  return target.substr(colon, 3) == "://" ? colon + 3 : std::string_view::npos;
}

// The authority of an absolute-form target, or an empty text.
std::string_view absolute_authority(std::string_view target) noexcept {
  const std::size_t start = after_scheme(target);
  if (start == std::string_view::npos) return {};
  const std::string_view rest = target.substr(start);
  return rest.substr(0, rest.find_first_of("/?"));
}

bool is_named_host(std::string_view host) noexcept {
  return !host.empty() && host.front() != ':' && is_valid_host(host);
}

bool is_authority_form(std::string_view target) noexcept {
  const std::size_t colon = target.rfind(':');
  return colon != std::string_view::npos && colon + 1 < target.size() && target.back() != ']' && is_named_host(target);
}

}  // namespace

std::string_view to_string(http_version version) noexcept {
  return version == http_version::http_1_0 ? "HTTP/1.0" : "HTTP/1.1";
}

bool is_valid_host(std::string_view host) noexcept {
  if (!host.empty() && host.front() == '[') {
    const std::size_t bracket = host.find(']');
    return bracket != std::string_view::npos && is_bracketed_address(host.substr(1, bracket - 1)) &&
           is_port_part(host.substr(bracket + 1));
  }
  const std::size_t colon = std::min(host.find(':'), host.size());
  return is_reg_name(host.substr(0, colon)) && is_port_part(host.substr(colon));
}

target_form form_of(std::string_view method, std::string_view target) noexcept {
  if (target.empty() || !all(detail::target_class, target)) return target_form::invalid;
  if (method == "CONNECT") return is_authority_form(target) ? target_form::authority : target_form::invalid;
  if (target.front() == '/') return target_form::origin;
  if (target == "*") return method == "OPTIONS" ? target_form::asterisk : target_form::invalid;
  return is_named_host(absolute_authority(target)) ? target_form::absolute : target_form::invalid;
}

std::string_view request_head::authority() const noexcept {
  switch (form()) {
    case target_form::authority:
      return target;
    case target_form::absolute:
      return absolute_authority(target);
    default:
      return headers.get_or("Host", {});
  }
}

}  // namespace eddy::http
