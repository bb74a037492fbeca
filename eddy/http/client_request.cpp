// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/client_request.hpp"

#include "eddy/http/detail/exchange.hpp"
#include "eddy/http/percent.hpp"

namespace eddy::http {

client_request::client_request(eddy::detail::owned<detail::exchange> made) noexcept : exchange_(std::move(made)) {}
client_request::client_request(client_request&&) noexcept = default;
client_request& client_request::operator=(client_request&&) noexcept = default;
client_request::~client_request() = default;

detail::request_plan& client_request::plan() const {
  if (exchange_ == nullptr)
    throw misuse_error("this request was awaited or moved from before; ask the client for another");
  return exchange_->plan();
}

eddy::detail::owned<detail::exchange> client_request::release() {
  plan();
  return std::move(exchange_);
}

reply_stream client_request::stream() && { return reply_stream(release()); }

detail::request_operation client_request::operator co_await() && { return detail::request_operation(release()); }

client_request& client_request::query(std::string_view name, std::string_view value) & {
  http::url& to = plan().url;
  std::string reference = "?";
  if (to.has_query() && !to.query().empty()) reference.append(to.query()).append("&");
  reference.append(percent_encode(name)).append("=").append(percent_encode(value));
  if (to.has_fragment()) reference.append("#").append(to.fragment());
  to = to.resolve(reference);
  return *this;
}

client_request& client_request::header(std::string_view name, std::string_view value) & {
  plan().headers.set(name, value);
  return *this;
}

client_request& client_request::bearer(std::string_view token) & {
  return header("Authorization", std::string("Bearer ").append(token));
}

client_request& client_request::body(std::string bytes, std::string_view type) & {
  if (!type.empty()) header("Content-Type", type);
  plan().body = std::move(bytes);
  plan().has_body = true;
  return *this;
}

client_request& client_request::timeout(std::chrono::nanoseconds limit, place where) & {
  plan().limits.total.set(limit, where);
  return *this;
}

client_request& client_request::connect_timeout(std::chrono::nanoseconds limit, place where) & {
  plan().limits.connect.set(limit, where);
  return *this;
}

client_request& client_request::read_timeout(std::chrono::nanoseconds limit, place where) & {
  plan().limits.read.set(limit, where);
  return *this;
}

client_request& client_request::wait_timeout(std::chrono::nanoseconds limit, place where) & {
  plan().limits.wait.set(limit, where);
  return *this;
}

client_request& client_request::max_body(std::uint64_t bytes) & {
  plan().limits.max_body = bytes;
  plan().limits.max_body_is_set = true;
  return *this;
}

client_request& client_request::max_ratio(std::uint64_t out_for_each_in) & {
  plan().limits.max_ratio = out_for_each_in;
  return *this;
}

client_request& client_request::decode(bool on) & {
  plan().limits.decode = on;
  return *this;
}

client_request& client_request::redirects(unsigned most) & {
  plan().limits.redirects = most;
  return *this;
}

client_request& client_request::follow_if(
    eddy::detail::function<bool(const reply_head& answer, const http::url& to)> agrees) & {
  plan().follow_if = std::move(agrees);
  return *this;
}

client_request& client_request::follow_same_origin() & {
  return follow_if([](const reply_head& answer, const http::url& to) { return to.same_origin(answer.url()); });
}

client_request&& client_request::header(std::string_view name, std::string_view value) && {
  return std::move(header(name, value));
}

client_request&& client_request::bearer(std::string_view token) && { return std::move(bearer(token)); }

client_request&& client_request::body(std::string bytes, std::string_view type) && {
  return std::move(body(std::move(bytes), type));
}

client_request&& client_request::timeout(std::chrono::nanoseconds limit, place where) && {
  return std::move(timeout(limit, where));
}

client_request&& client_request::connect_timeout(std::chrono::nanoseconds limit, place where) && {
  return std::move(connect_timeout(limit, where));
}

client_request&& client_request::read_timeout(std::chrono::nanoseconds limit, place where) && {
  return std::move(read_timeout(limit, where));
}

client_request&& client_request::wait_timeout(std::chrono::nanoseconds limit, place where) && {
  return std::move(wait_timeout(limit, where));
}

client_request&& client_request::max_body(std::uint64_t bytes) && { return std::move(max_body(bytes)); }

client_request&& client_request::max_ratio(std::uint64_t out_for_each_in) && {
  return std::move(max_ratio(out_for_each_in));
}

client_request&& client_request::decode(bool on) && { return std::move(decode(on)); }

client_request&& client_request::redirects(unsigned most) && { return std::move(redirects(most)); }

client_request&& client_request::follow_if(
    eddy::detail::function<bool(const reply_head& answer, const http::url& to)> agrees) && {
  return std::move(follow_if(std::move(agrees)));
}

client_request&& client_request::follow_same_origin() && { return std::move(follow_same_origin()); }

}  // namespace eddy::http
