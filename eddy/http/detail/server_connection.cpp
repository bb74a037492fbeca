// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/server_connection.hpp"

#include "eddy/flow/timeout.hpp"
#include "eddy/http/status.hpp"

#include <algorithm>
#include <system_error>

namespace eddy::http::detail {

namespace {

// How much of a body that nobody wants is read so that the connection can be kept, or the answer be seen before it
// ends.
constexpr std::uint64_t small_rest = 64 * 1024;
constexpr std::size_t linger_bytes = 1024 * 1024;
constexpr std::chrono::seconds linger_time{2};

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span<const char>(text));
}

}  // namespace

void server_state::stop() noexcept {
  stopping_ = true;
  for (server_connection* each = connections.first(); each != nullptr; each = connections.after(*each))
    each->close_if_idle();
}

server_connection::server_connection(std::shared_ptr<server_state> server, eddy::stream connection)
    : server_(std::move(server)), stream_(std::move(connection)), parser_(server_->settings.limits), request_(*this) {
  server_->connections.push_back(*this);
}

coro<> serve_connection(std::shared_ptr<server_state> server, eddy::stream connection) {
  server_connection serving(std::move(server), std::move(connection));
  co_await serving.run();
}

// The connection's own failures end it and nothing else. Whatever else comes out is a mistake of this file, and not
// hidden.
coro<> server_connection::run() {
  try {
    co_await serve_all();
  } catch (const closed_error&) {       // the server closed it while it waited for a request, or a raw handler did
  } catch (const std::system_error&) {  // the client has gone
  } catch (const timeout_error&) {      // the client does not take the answer
    stream_.abort();
  }
}

coro<> server_connection::serve_all() {
  while (true) {
    const bool got = co_await read_head();
    if (!got) break;
    co_await answer();
    if (!keep_alive_) break;
    co_await drop_rest_of_body();
    if (!keep_alive_) break;
    parser_.start_next();
  }
  if (stream_.closed()) co_return;
  const bool unread = lent_ != 0 || !stream_.reader().buffered().empty() || !(parser_.idle() || parser_.complete());
  if (unread || body_failed_) co_await linger();
}

// Reading
// ------------------------------------------------------------------------------------------------------------------

/// Receives more within `limit`. @returns false at the end of the stream.
coro<bool> server_connection::fill(std::chrono::nanoseconds limit) {
  stream_.reader().consume(std::exchange(lent_, 0));
  const bool more = co_await wait_for(stream_.reader().fill(), limit);
  co_return more;
}

/// Parses what has come. @returns whether the head is complete. @throws parse_error
bool server_connection::parse_head() {
  stream_reader& reader = stream_.reader();
  const std::string_view input = reader.buffered();
  if (input.empty()) return false;
  const head_result taken = parser_.parse_head(as_bytes(input));
  reader.consume(taken.consumed);
  return taken.done;
}

/// Waits for the next request and reads its head. @returns false when there will be none; a bad one has been answered.
coro<bool> server_connection::read_head() {
  const server_settings& settings = server_->settings;
  received_ = 0;
  continued_ = false;
  // A client that has just connected has something to say; between requests it may take its time.
  const bool first = out_.empty();
  time_point deadline = now() + (first ? settings.head_timeout : settings.idle_timeout);
  bool begun = false;
  while (true) {
    std::optional<parse_error> wrong;
    bool timed_out = false;
    try {
      if (parse_head()) co_return true;
      if (!begun && !parser_.idle()) {
        begun = true;
        deadline = now() + settings.head_timeout;
      }
      idle_ = !begun;
      if (idle_ && server_->stopping()) co_return false;
      const bool more = co_await fill(deadline - now());
      idle_ = false;
      if (!more) {
        parser_.finish();  // throws when a head has begun
        co_return false;
      }
    } catch (const parse_error& error) {
      wrong = error;
    } catch (const timeout_error&) {
      timed_out = true;
    }
    if (wrong) {
      co_await refuse(wrong->status(), to_string(wrong->kind()));
      co_return false;
    }
    if (timed_out) {
      if (begun) co_await refuse(408, "the head of the request did not come in time");
      co_return false;
    }
  }
}

coro<> server_connection::send_continue() {
  continued_ = true;
  if (!parser_.expects_continue() || !stream_.reader().buffered().empty()) co_return;
  co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", {});
}

/// A piece of the body out of what has come; empty when there is none. @throws reply_error
std::span<const std::byte> server_connection::parse_body() {
  stream_reader& reader = stream_.reader();
  reader.consume(std::exchange(lent_, 0));
  while (true) {
    const body_result taken = parser_.next_body(as_bytes(reader.buffered()));
    if (!taken.data.empty()) {
      lent_ = taken.consumed;
      received_ += taken.data.size();
      return taken.data;
    }
    reader.consume(taken.consumed);
    if (taken.done || reader.buffered().empty()) return {};
  }
}

/// @throws reply_error  The body is, or is going to be, larger than it may.
void server_connection::check_size(std::size_t limit) {
  if (received_ <= limit && parser_.content_length().value_or(0) <= limit) return;
  body_failed_ = true;
  throw reply_error(413, "the body may have " + std::to_string(limit) + " bytes");
}

coro<std::span<const std::byte>> server_connection::read_piece() {
  int status = 0;
  std::string why;
  try {
    while (true) {
      check_size(request_.max_body_);
      const std::span<const std::byte> piece = parse_body();
      check_size(request_.max_body_);
      if (!piece.empty() || parser_.complete()) co_return piece;
      if (!continued_) co_await send_continue();
      const bool more = co_await fill(server_->settings.body_timeout);
      if (!more) parser_.finish();
    }
  } catch (const parse_error& error) {
    status = error.status();
    why = to_string(error.kind());
  } catch (const timeout_error&) {
    status = 408;
    why = "the body of the request did not come in time";
  } catch (const std::system_error&) {
    transport_error_ = std::current_exception();
    throw;
  }
  body_failed_ = true;
  throw reply_error(status, why);
}

/// Whether the connection can be kept although not all of the body was read.
bool server_connection::rest_is_small() const noexcept {
  if (parser_.complete()) return true;
  if (body_failed_) return false;
  // A client that waits for `100 Continue` and gets a final answer may send the body or leave it: nobody can tell.
  if (parser_.expects_continue() && !continued_ && stream_.reader().buffered().empty()) return false;
  const std::optional<std::uint64_t> length = parser_.content_length();
  return !length || *length - received_ <= small_rest;
}

/// Reads what the handler left of the body, or gives the connection up.
coro<> server_connection::drop_rest_of_body() {
  const std::uint64_t limit = received_ + small_rest;
  continued_ = true;  // a promise to read it, which is not meant any more
  try {
    while (true) {
      parse_body();
      if (parser_.complete() && lent_ == 0) co_return;
      if (received_ > limit) break;
      if (lent_ != 0) continue;
      const bool more = co_await fill(server_->settings.body_timeout);
      if (!more) break;
    }
  } catch (const parse_error&) {  // the answer has been sent: the connection just ends
  }
  keep_alive_ = false;
}

/// Lets the client read its answer: closing with unread bytes would reset the connection and take the answer away.
coro<> server_connection::linger() {
  stream_reader& reader = stream_.reader();
  co_await wait_for(stream_.writer().write_eof(), server_->settings.write_timeout);
  const time_point deadline = now() + linger_time;
  std::size_t dropped = 0;
  lent_ = 0;
  while (dropped < linger_bytes) {
    dropped += reader.buffered().size();
    reader.consume(reader.buffered().size());
    const bool more = co_await fill(deadline - now());
    if (!more) co_return;
  }
}

}  // namespace eddy::http::detail
