// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/client_options.hpp"

#include <utility>

#include "eddy/base/errors.hpp"

namespace eddy::http {

client_options::client_options() = default;
client_options::client_options(const client_options& other) = default;
client_options::client_options(client_options&& other) noexcept = default;
client_options& client_options::operator=(const client_options& other) = default;
client_options& client_options::operator=(client_options&& other) noexcept = default;
client_options::~client_options() = default;

client_options& client_options::per_host(std::size_t connections) {
  pool_.per_host = at_least_one(connections);
  return *this;
}

client_options& client_options::total(std::size_t connections) {
  pool_.total = at_least_one(connections);
  return *this;
}

client_options& client_options::max_waiting(std::size_t requests) {
  pool_.max_waiting = requests;
  return *this;
}

client_options& client_options::idle_timeout(std::chrono::nanoseconds limit) {
  pool_.idle = limit;
  return *this;
}

client_options& client_options::requests_per_connection(std::size_t count) {
  pool_.requests_per_connection = count;
  return *this;
}

client_options& client_options::head_limits(const parser_limits& limits) {
  pool_.heads = limits;
  return *this;
}

client_options& client_options::connect_with(eddy::detail::function<coro<stream>(const http::url& to)> connector) {
  connector_ = std::move(connector);
  return *this;
}

client_options& client_options::timeout(std::chrono::nanoseconds limit, place where) {
  limits_.total.set(limit, where);
  return *this;
}

client_options& client_options::connect_timeout(std::chrono::nanoseconds limit, place where) {
  limits_.connect.set(limit, where);
  return *this;
}

client_options& client_options::read_timeout(std::chrono::nanoseconds limit, place where) {
  limits_.read.set(limit, where);
  return *this;
}

client_options& client_options::wait_timeout(std::chrono::nanoseconds limit, place where) {
  limits_.wait.set(limit, where);
  return *this;
}

client_options& client_options::max_body(std::uint64_t bytes) {
  limits_.max_body = bytes;
  limits_.max_body_is_set = true;
  return *this;
}

client_options& client_options::max_ratio(std::uint64_t out_for_each_in) {
  limits_.max_ratio = out_for_each_in;
  return *this;
}

client_options& client_options::redirects(unsigned most) {
  limits_.redirects = most;
  return *this;
}

client_options& client_options::decode(bool on) {
  limits_.decode = on;
  return *this;
}

client_options& client_options::header(std::string_view name, std::string_view value) {
  headers_.set(name, value);
  return *this;
}

std::size_t client_options::at_least_one(std::size_t connections) {
  if (connections == 0)
    throw misuse_error("client_options: without a connection no request can be made; allow at least one");
  return connections;
}

}  // namespace eddy::http
