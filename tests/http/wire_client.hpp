// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/coro.hpp"
#include "eddy/http/parser.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/stream.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace eddy::http::testing {

/// A response as it came over the wire.
class received {
 public:
  int status = 0;  // 0: the connection ended before its head
  fields headers;
  std::string body;
  bool complete = false;    // its end came, as its framing says it
  bool keep_alive = false;  // the server keeps the connection

  std::string header(std::string_view name) const { return std::string(headers.get_or(name, "(none)")); }
};

/// A client that sends what it is told, byte for byte, and reads responses strictly.
class wire_client {
 public:
  explicit wire_client(eddy::stream connection) : stream_(std::move(connection)) {}

  /// Sends bytes; a server that has closed already is no failure of the test.
  coro<> send(std::string bytes) {
    try {
      co_await stream_.writer().write(bytes);
    } catch (const std::system_error&) {
    }
  }
  /// Reads the next response. @param method  Of the request that it answers.
  coro<received> receive(std::string method = "GET") {
    received got;
    response_parser parser(method);
    while (!parser.head_complete()) {
      if (!open_) co_return got;
      const head_result taken = parser.parse_head(buffered());
      stream_.reader().consume(taken.consumed);
      if (taken.done) break;
      open_ = co_await stream_.reader().fill();
    }
    got.status = parser.head().status;
    got.headers = parser.head().headers;
    got.keep_alive = parser.keep_alive();
    while (true) {
      const body_result piece = parser.next_body(buffered());
      got.body.append(reinterpret_cast<const char*>(piece.data.data()), piece.data.size());
      const bool stuck = piece.consumed == 0;
      stream_.reader().consume(piece.consumed);
      if (piece.done) break;
      if (!stuck && !stream_.reader().buffered().empty()) continue;
      const bool more = co_await stream_.reader().fill();
      if (more) continue;
      try {
        parser.finish();
      } catch (const parse_error&) {
        co_return got;
      }
      break;
    }
    got.complete = true;
    co_return got;
  }
  /// Sends a request and reads its response.
  coro<received> ask(std::string bytes) {
    std::string method = bytes.substr(0, bytes.find(' '));
    co_await send(std::move(bytes));
    received got = co_await receive(std::move(method));
    co_return got;
  }
  /// Reads to the end. @returns "end", "reset", or what came before the end in place of it.
  coro<std::string> rest() {
    std::string outcome;
    try {
      outcome = co_await stream_.reader().read_all(64 * 1024 * 1024);
      if (outcome.empty()) outcome = "end";
    } catch (const std::system_error& error) {
      outcome = error.code() == std::errc::connection_reset ? "reset" : error.code().message();
    }
    co_return outcome;
  }
  eddy::stream& connection() noexcept { return stream_; }

 private:
  std::span<const std::byte> buffered() const {
    return std::as_bytes(std::span<const char>(stream_.reader().buffered()));
  }

  eddy::stream stream_;
  bool open_ = true;  // false: the connection has ended
};

inline coro<wire_client> connect(std::uint16_t port) {
  eddy::stream made = co_await open_connection("127.0.0.1", port);
  co_return wire_client(std::move(made));
}

/// A request without a body. @param more  Header lines, each with its end.
inline std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}
inline std::string post(std::string_view target, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace eddy::http::testing
