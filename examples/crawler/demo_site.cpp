// SPDX-License-Identifier: BSL-1.0
#include "demo_site.hpp"

#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

#include "answer.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/http/parser.hpp"

namespace crawler {

namespace {

struct request_line {
  request_line() = default;
  std::string method;
  std::string target;
  bool keep_alive = false;
};

auto bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// The next request, its body passed over; nothing when the client has gone.
eddy::coro<std::optional<request_line>> read_request(eddy::stream_reader& in, eddy::http::request_parser& parser) {
  if (parser.complete()) parser.start_next();
  bool more = true;
  while (more && !parser.head_complete()) {
    in.consume(parser.parse_head(bytes_of(in.buffered())).consumed);
    if (!parser.head_complete()) more = co_await in.fill();
  }
  while (more && !parser.complete()) {
    in.consume(parser.next_body(bytes_of(in.buffered())).consumed);
    if (!parser.complete() && in.buffered().empty()) more = co_await in.fill();
  }
  if (!more) co_return std::nullopt;
  request_line line;
  line.method = parser.head().method;
  line.target = parser.head().target;
  line.keep_alive = parser.keep_alive();
  co_return line;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

answer answer_from(const directory_site& site, const std::string& target) {
  const directory_site::answer found = site.find(target);
  answer reply;
  reply.status = found.status();
  if (found.what == directory_site::outcome::file) {
    reply.header("Content-Type", std::string(media_type_for(found.file.filename().string())));
    reply.body = read_file(found.file);
  } else if (found.what == directory_site::outcome::redirect) {
    reply.header("Location", found.location);
  }
  return reply;
}

eddy::coro<> send(eddy::stream_writer& out, answer_bytes& bytes) {
  for (std::string piece; bytes.next(piece);) co_await out.write(piece);
}

}  // namespace

eddy::coro<> made_up_server::operator()(eddy::stream connection) {
  eddy::http::request_parser parser;
  try {
    while (auto request = co_await read_request(connection.reader(), parser)) {
      const bool more = co_await answer_request(connection, request->target, request->method == "HEAD");
      if (!more || !request->keep_alive) break;
    }
  } catch (const std::exception&) {
    connection.abort();  // a client that hangs up in the middle, as it must on an endless page, is part of the demo
  }
}

eddy::coro<bool> made_up_server::answer_request(eddy::stream& connection, std::string target, bool head_only) {
  const answer reply = site_.get(target, attempts_[target]++);
  if (reply.delay.count() > 0) co_await eddy::sleep(reply.delay);
  answer_bytes bytes(reply, head_only);
  co_await send(connection.writer(), bytes);
  co_return !bytes.must_close();
}

eddy::coro<> directory_server::operator()(eddy::stream connection) {
  eddy::http::request_parser parser;
  try {
    while (auto request = co_await read_request(connection.reader(), parser)) {
      const answer reply = co_await eddy::to_thread(answer_from, std::cref(site_), std::cref(request->target));
      answer_bytes bytes(reply, request->method == "HEAD");
      co_await send(connection.writer(), bytes);
      if (!request->keep_alive) break;
    }
  } catch (const std::exception&) {
    connection.abort();  // the client hung up
  }
}

}  // namespace crawler
