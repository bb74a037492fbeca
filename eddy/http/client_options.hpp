// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/base/errors.hpp"
#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/fields.hpp"
#include "eddy/http/parser_limits.hpp"
#include "eddy/http/url.hpp"
#include "eddy/net/stream.hpp"

namespace eddy::http {

namespace detail {
class client_core;
}

/// "No limit" where a time is asked for.
inline constexpr std::chrono::nanoseconds no_limit = std::chrono::nanoseconds::max();

namespace detail {

/// A limit on time, and the line that set it (line 0: nobody did).
class time_limit {
 public:
  explicit time_limit(std::chrono::nanoseconds t) : time(t) {}
  void set(std::chrono::nanoseconds t, std::source_location where) noexcept {
    time = t;
    place = where;
  }
  bool is_set() const noexcept { return place.line() != 0; }

  std::chrono::nanoseconds time;
  std::source_location place{};
};

/// What bounds one request.
class request_limits {
 public:
  time_limit total{std::chrono::minutes(5)};
  time_limit connect{std::chrono::seconds(10)};
  time_limit read{std::chrono::seconds(30)};
  time_limit wait{std::chrono::minutes(5)};  // for a connection of the pool
  std::uint64_t max_body = std::uint64_t{64} << 20;
  bool max_body_is_set = false;
  std::uint64_t max_ratio = 100;
  unsigned redirects = 10;
  bool decode = true;
};

/// Makes connections in place of open_connection().
using connector = eddy::detail::function<coro<stream>(const http::url& to)>;

/// What bounds a client's pool.
class pool_limits {
 public:
  std::size_t per_host = 20;
  std::size_t total = 100;
  std::size_t max_waiting = 100'000;
  std::chrono::nanoseconds idle = std::chrono::seconds(30);
  std::size_t requests_per_connection = 0;  // 0: as many as the server takes
  parser_limits heads;
};

}  // namespace detail

/// What a client is told: `http::client client(http::client_options().per_host(6).timeout(10s));`
///
/// What is set for requests here holds for each of them, unless the request says otherwise.
class client_options {
 public:
  using place = std::source_location;

  client_options();
  client_options(const client_options& other);
  client_options(client_options&& other) noexcept;
  client_options& operator=(const client_options& other);
  client_options& operator=(client_options&& other) noexcept;
  ~client_options();

  // -- connections
  // -------------------------------------------------------------------------------------------------------

  /// Connections to one host (scheme, name and port) at a time, at least 1. Default 20.
  client_options& per_host(std::size_t connections);
  /// Connections in all, at least 1. Default 100.
  client_options& total(std::size_t connections);
  /// Requests that may wait for a connection; one more fails with client_errc::busy. Default 100,000.
  client_options& max_waiting(std::size_t requests);
  /// How long a connection is kept that nobody uses; zero closes each after its request. Default 30 s.
  client_options& idle_timeout(std::chrono::nanoseconds limit);
  /// Requests after which a connection is closed; 0 (the default) for no such limit.
  client_options& requests_per_connection(std::size_t count);
  /// How large the head of an answer may be.
  client_options& head_limits(const parser_limits& limits);
  /// Makes the connections, in place of open_connection(): for Unix sockets, tunnels, tests.
  client_options& connect_with(eddy::detail::function<coro<stream>(const http::url& to)> connector);

  // -- defaults of requests: see client_request
  // ----------------------------------------------------------------------------

  client_options& timeout(std::chrono::nanoseconds limit, place where = place::current());
  client_options& connect_timeout(std::chrono::nanoseconds limit, place where = place::current());
  client_options& read_timeout(std::chrono::nanoseconds limit, place where = place::current());
  client_options& wait_timeout(std::chrono::nanoseconds limit, place where = place::current());
  client_options& max_body(std::uint64_t bytes);
  client_options& max_ratio(std::uint64_t out_for_each_in);
  client_options& redirects(unsigned most);
  client_options& decode(bool on);
  /// A header field of every request; replaces the client's own of this name. @throws invalid_field
  client_options& header(std::string_view name, std::string_view value);

 private:
  friend class client;
  friend class detail::client_core;

  static std::size_t at_least_one(std::size_t connections);

  detail::pool_limits pool_;
  detail::request_limits limits_;
  detail::connector connector_;
  fields headers_;
};

}  // namespace eddy::http
