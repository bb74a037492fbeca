// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/http/client.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/stream.hpp"

namespace eddy::http::test {

/// Reads a request, its body by Content-Length included; empty at the end of the stream.
inline coro<std::string> read_request(stream& io) {
  std::string text;
  while (text.find("\r\n\r\n") == std::string::npos) {
    std::string more = co_await io.reader().read(1);
    if (more.empty()) co_return std::string();
    text += more;
  }
  const std::size_t head = text.find("\r\n\r\n") + 4;
  std::size_t length = 0;
  if (const std::size_t at = text.find("Content-Length: "); at != std::string::npos)
    std::from_chars(text.data() + at + 16, text.data() + head, length);
  while (text.size() < head + length) {
    std::string more = co_await io.reader().read(head + length - text.size());
    if (more.empty()) break;
    text += more;
  }
  co_return text;
}

/// Sleeps, but no longer than the client is there. @returns whether it still is.
inline coro<bool> pause(stream& io, std::chrono::nanoseconds time) {
  try {
    const bool more = co_await wait_for(io.reader().fill(), time);
    co_return more;
  } catch (const timeout_error&) {
    co_return true;
  }
}

/// The bytes of an ordinary answer.
inline std::string ok(std::string_view body, std::string_view fields = {}) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

/// A server in memory: every connection of a client runs a script that has the other end.
class origin {
 public:
  /// `number` counts the connections from 1.
  using script = std::function<coro<>(stream& io, int number)>;
  /// Bytes for each request; none closes the connection.
  using answers = std::function<std::string(const std::string& request, int number)>;

  static origin running(script s) { return origin(std::move(s)); }
  static origin answering(answers a) { return origin(make_script(std::move(a))); }

  /// A script that answers every request, one after the other.
  static script make_script(answers a) {
    return [kept = std::make_shared<answers>(std::move(a))](stream& io, int number) {
      return answer_all(kept, io, number);
    };
  }

  client_options options() const {
    return client_options().connect_with([s = state_](const http::url& to) { return connect(s, to); });
  }
  int connections() const { return state_->connections; }
  const std::vector<std::string>& connected_to() const { return state_->connected_to; }

 private:
  class state {
   public:
    explicit state(script s) : run(std::move(s)) {}
    script run;
    int connections = 0;
    std::vector<std::string> connected_to;
  };

  explicit origin(script s) : state_(std::make_shared<state>(std::move(s))) {}

  static coro<> answer_all(std::shared_ptr<answers> a, stream& io, int number) {
    while (true) {
      std::string request = co_await read_request(io);
      if (request.empty()) co_return;
      const std::string answer = (*a)(request, number);
      if (answer.empty()) co_return;
      co_await io.writer().write(answer);
    }
  }
  static coro<> serve(std::shared_ptr<state> s, stream io, int number) {
    try {
      co_await s->run(io, number);
    } catch (const std::system_error&) {  // the client went away
    }
    try {
      co_await io.close();
    } catch (const std::exception&) {
    }
  }
  static coro<stream> connect(std::shared_ptr<state> s, http::url to) {
    s->connected_to.push_back(to.origin());
    auto ends = memory_pipe();
    create_task(serve, s, std::move(ends.second), ++s->connections);
    co_return std::move(ends.first);
  }

  std::shared_ptr<state> state_;
};

/// What awaiting `request` throws; status kind without a text when it throws nothing.
inline coro<client_error> failure_of(client_request request) {
  try {
    co_await std::move(request);
  } catch (const client_error& e) {
    co_return e;
  }
  co_return client_error(client_errc::status, "", "", "it succeeded");
}

}  // namespace eddy::http::test
