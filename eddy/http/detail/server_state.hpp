// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/http/detail/application.hpp"
#include "eddy/http/parser_limits.hpp"

#include <chrono>
#include <cstddef>
#include <utility>

namespace eddy::http::detail {

class server_connection;

/// What a server can be told.
struct server_settings {
  server_settings() noexcept {}
  parser_limits limits;
  std::size_t max_body = 1024 * 1024;  // bytes
  std::chrono::nanoseconds head_timeout = std::chrono::seconds(30);
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(30);
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
};

/// What a server and its connections share.
class server_state {
 public:
  explicit server_state(eddy::detail::owned<application> a) noexcept : app(std::move(a)) {}

  /// Closes the connections that wait for a request; the others close after the response that they are at.
  void stop() noexcept;
  bool stopping() const noexcept { return stopping_; }

  eddy::detail::owned<application> app;
  server_settings settings;
  eddy::detail::intrusive_list<server_connection> connections;  // all that live

 private:
  bool stopping_ = false;
};

}  // namespace eddy::http::detail
