// SPDX-License-Identifier: BSL-1.0
// The part of an exchange that follows redirects (RFC 9110 section 15.4).
#include <algorithm>

#include "eddy/http/detail/exchange.hpp"

namespace eddy::http::detail {

namespace {

bool is_followed(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// 303 asks for a GET; after 301 and 302 everybody makes one of a POST.
bool becomes_get(int status, std::string_view method) noexcept {
  if (status == 303) return method != "GET" && method != "HEAD";
  return (status == 301 || status == 302) && method == "POST";
}

bool same_resource(const http::url& a, const http::url& b) noexcept {
  return a.same_origin(b) && a.request_target() == b.request_target();
}

std::string chain_of(const std::vector<redirect_step>& history, const http::url& last) {
  std::string chain;
  for (const redirect_step& step : history) chain.append(step.url.str()).append(" -> ");
  return chain.append(last.str());
}

}  // namespace

std::optional<http::url> exchange::redirect_target() {
  reply_.head_ = connection().parser.take_head();
  if (!is_followed(reply_.status()) || plan_.limits.redirects == 0) return std::nullopt;
  const auto location = reply_.headers().get("Location");
  if (!location) return std::nullopt;
  std::optional<http::url> to = plan_.url.try_resolve_link(*location);
  if (!to) fail(client_errc::protocol, "redirected to \"" + std::string(*location) + "\", which is no URL");
  if (!to->has_fragment() && plan_.url.has_fragment()) to = to->resolve("#" + std::string(plan_.url.fragment()));
  if (plan_.follow_if) {
    reply_.method_ = plan_.method;
    reply_.url_ = plan_.url;
    if (!plan_.follow_if(reply_, *to)) return std::nullopt;
  }
  return to;
}

void exchange::follow(http::url to) {
  std::vector<redirect_step>& history = reply_.history_;
  const int status = reply_.status();
  history.emplace_back(plan_.method, plan_.url, status);
  if (becomes_get(status, plan_.method)) {
    plan_.method = "GET";
    plan_.body.clear();
    plan_.has_body = false;
    for (const std::string_view name :
         {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location"})
      plan_.headers.remove(name);
  }
  if (!to.same_origin(plan_.url)) {
    for (const std::string_view name : {"Authorization", "Cookie", "Proxy-Authorization", "Host"})
      plan_.headers.remove(name);
  }
  const bool been_there = std::any_of(history.begin(), history.end(), [&](const redirect_step& step) {
    return step.method == plan_.method && same_resource(step.url, to);
  });
  if (been_there) fail(client_errc::redirect_loop, "redirected in a circle: " + chain_of(history, to));
  if (history.size() > plan_.limits.redirects)
    fail(client_errc::too_many_redirects, "more than " + std::to_string(plan_.limits.redirects) +
                                              " redirects, see redirects(): " + chain_of(history, to));
  plan_.url = std::move(to);
}

/// The body of a redirect is of no interest: when it is here already the connection is kept, else it is not waited for.
void exchange::settle_redirected() noexcept {
  http_connection& from = connection();
  try {
    stream_reader& reader = from.io.reader();
    while (true) {
      const body_result piece = from.parser.next_body(std::as_bytes(std::span(reader.buffered())));
      reader.consume(piece.consumed);
      if (piece.done) {
        release_connection();
        return;
      }
      if (reader.buffered().empty()) break;
    }
  } catch (const std::exception&) {  // not what it should be: the connection goes
  }
  lease_.drop();
}

}  // namespace eddy::http::detail
