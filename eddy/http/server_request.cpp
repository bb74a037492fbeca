// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/server_request.hpp"

#include "eddy/http/charset.hpp"
#include "eddy/http/detail/server_connection.hpp"
#include "eddy/http/media_type.hpp"
#include "eddy/http/percent.hpp"

namespace eddy::http {

namespace {

/// Cuts the next `name=value` off a query. @returns false at its end.
bool next_pair(std::string_view& query, std::string_view& name, std::string_view& value) noexcept {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    name = pair.substr(0, equals);
    value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    return true;
  }
  return false;
}

}  // namespace

const request_head& server_request::head() const noexcept { return connection_->head(); }

void server_request::begin(std::size_t max_body) noexcept {
  std::string_view target = head().target;
  if (!target.starts_with('/') && head().form() == target_form::absolute) {
    const std::size_t authority = target.find("://") + 3;
    const std::size_t path = target.find_first_of("/?", authority);
    target = path == std::string_view::npos ? std::string_view() : target.substr(path);
  }
  const std::size_t mark = target.find('?');
  path_ = target.substr(0, mark);
  if (path_.empty()) path_ = "/";
  query_ = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  parts_.clear();
  max_body_ = max_body;
}

std::optional<std::string> server_request::query(std::string_view name) const {
  std::string_view left = query_;
  std::string_view key;
  std::string_view value;
  while (next_pair(left, key, value))
    if (key == name || decode_query_value(key) == name) return decode_query_value(value);
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> server_request::query_parameters() const {
  std::vector<std::pair<std::string, std::string>> all;
  std::string_view left = query_;
  std::string_view key;
  std::string_view value;
  while (next_pair(left, key, value)) all.emplace_back(decode_query_value(key), decode_query_value(value));
  return all;
}

std::optional<std::string> server_request::parameter(std::string_view name) const {
  for (const detail::path_part& part : parts_)
    if (part.name == name) return percent_decode(part.text);
  return std::nullopt;
}

std::optional<endpoint> server_request::remote_endpoint() const { return connection_->remote_endpoint(); }

coro<std::string> server_request::body() {
  std::string whole;
  while (true) {
    const std::span<const std::byte> piece = co_await connection_->read_piece();
    if (piece.empty()) co_return whole;
    whole.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
}

coro<std::string> server_request::text() {
  std::string bytes = co_await body();
  co_return decode_text(std::move(bytes), parse_media_type(headers().get_or("Content-Type", {})));
}

coro<std::optional<std::span<const std::byte>>> request_body::next() {
  const std::span<const std::byte> piece = co_await connection_->read_piece();
  if (piece.empty()) co_return std::nullopt;
  co_return piece;
}

}  // namespace eddy::http
