// SPDX-License-Identifier: BSL-1.0
// How a server's connection answers: the other half of server_connection.
#include "eddy/http/detail/http_date.hpp"
#include "eddy/http/detail/server_connection.hpp"
#include "eddy/http/status.hpp"

#include "eddy/flow/timeout.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace eddy::http::detail {

namespace {

// What a write may take without waiting: the writer's high mark.
constexpr std::size_t writer_room = 64 * 1024;
// A client has to take this much within the write timeout, however large a body is.
constexpr std::size_t slice_size = 128 * 1024;
// Up to here a chunk is copied to go out in one piece with its frame.
constexpr std::size_t small_chunk = 16 * 1024;

bool has_no_body(int status) noexcept { return status == 204 || status == 304; }

// What a handler that writes by itself sees when the client goes away.
bool says_that_client_left(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& failure) {
    return failure.code() == std::errc::broken_pipe || failure.code() == std::errc::connection_reset ||
           failure.code() == std::errc::timed_out;
  } catch (const closed_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

coro<> server_connection::answer() {
  keep_alive_ = parser_.keep_alive();
  request_.begin(server_->settings.max_body);
  response made;
  std::exception_ptr error;
  try {
    made = co_await server_->app->handle(request_);
  } catch (...) {
    error = std::current_exception();
  }
  if (error != nullptr && error == transport_error_) {
    keep_alive_ = false;
    co_return;
  }
  if (error != nullptr) made = answer_to(error);
  if (made.is_raw())
    co_await send_raw(made);
  else
    co_await send(made);
}

/// Answers a message that is not a request, and ends the connection.
coro<> server_connection::refuse(int status, std::string_view why) {
  response made = text(std::string(why) + "\n", status);
  keep_alive_ = false;
  body_failed_ = true;
  out_.clear();
  append_head(out_, response_head{status, std::string(reason_phrase(status)), http_version::http_1_1, made.headers()},
              body_framing::length(made.body_bytes().size()));
  out_.insert(out_.size() - 2, "Connection: close\r\nDate: " + std::string(http_date_now()) + "\r\n");
  co_await write_all(out_, std::as_bytes(std::span<const char>(made.body_bytes())));
}

/// The answer to a request whose handler failed: says nothing about the error, which goes to the loop's handler.
response server_connection::answer_to(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const reply_error& reply) {
    return text(reply.what() + std::string("\n"), reply.status());
  } catch (...) {
    report(error);
    return text("Internal Server Error\n", 500);
  }
}

void server_connection::report(const std::exception_ptr& error) {
  event_loop::current().handle_exception({"the handler of " + head().method + " " + head().target + " failed", error});
}

/// How the body goes over the wire.
body_framing server_connection::framing_for(const response& made) const {
  if (has_no_body(made.status())) return body_framing::none();
  if (!made.streams()) return body_framing::length(made.body_bytes().size());
  if (made.announced_length()) return body_framing::length(*made.announced_length());
  return head().version == http_version::http_1_0 ? body_framing::until_close() : body_framing::chunked();
}

/// Puts the head into out_. @throws std::invalid_argument  The handler's response cannot be sent so.
void server_connection::write_head(response& made, body_framing framing) {
  if (is_informational(made.status())) throw invalid_head("a handler's response has a final status, not 1xx");
  out_.clear();
  response_head line;
  line.status = made.status();
  line.reason = reason_phrase(made.status());
  line.headers = std::move(made.headers());
  append_head(out_, line, framing, head().method);
  out_.resize(out_.size() - 2);  // more fields follow
  if (!line.headers.contains("Date")) out_.append("Date: ").append(http_date_now()).append("\r\n");
  if (!line.headers.contains("Connection") && framing.kind != body_kind::until_close) {
    if (!keep_alive_)
      out_.append("Connection: close\r\n");
    else if (head().version == http_version::http_1_0)
      out_.append("Connection: keep-alive\r\n");
  }
  out_.append("\r\n");
}

/// Decides whether the connection goes on after this response, before its head says so.
void server_connection::end_keep_alive(const response& made) noexcept {
  if (server_->stopping() || !rest_is_small() || made.headers().contains_token("Connection", "close"))
    keep_alive_ = false;
}

coro<> server_connection::send(response& made) {
  body_framing framing = framing_for(made);
  end_keep_alive(made);
  if (framing.kind == body_kind::until_close) keep_alive_ = false;
  std::exception_ptr wrong;
  try {
    write_head(made, framing);
  } catch (const std::invalid_argument&) {
    wrong = std::current_exception();
  }
  if (wrong) {
    made = answer_to(wrong);
    framing = framing_for(made);
    write_head(made, framing);
  }
  const bool head_only = framing.kind == body_kind::none || head().method == "HEAD";
  if (made.streams() && !head_only)
    co_await send_stream(made, framing);
  else
    co_await write_all(out_, std::as_bytes(std::span<const char>(head_only ? std::string_view() : made.body_bytes())));
}

coro<> server_connection::send_stream(response& made, body_framing framing) {
  co_await write_all(out_, {});
  const bool chunked = framing.kind == body_kind::chunked;
  response_writer out(*this, chunked, made.announced_length());
  std::exception_ptr error;
  try {
    co_await made.source().write(out);
  } catch (...) {
    error = std::current_exception();
  }
  const bool short_of_length = framing.kind == body_kind::length && out.written() < framing.size;
  if (error != nullptr && error != transport_error_) report(error);
  if (error != nullptr || out.cut_ || short_of_length) {
    keep_alive_ = false;
    if (error != nullptr && error == transport_error_) stream_.abort();
    co_return;
  }
  if (chunked) co_await write_all(last_chunk, {});
}

coro<> server_connection::send_raw(response& made) {
  raw_connection raw(stream_);
  std::exception_ptr error;
  try {
    co_await made.raw_source().write(raw);
  } catch (...) {
    error = std::current_exception();
  }
  if (error != nullptr && !says_that_client_left(error)) report(error);
  if (error != nullptr || !raw.keep_alive_) keep_alive_ = false;
  end_keep_alive(made);
}

// Writing
// ------------------------------------------------------------------------------------------------------------------

/// Whether the writer takes so many bytes without waiting.
bool server_connection::fits(std::size_t size) const noexcept {
  return size + stream_.writer().buffered() <= writer_room;
}

coro<> server_connection::write_all(std::string_view head, std::span<const std::byte> body) {
  if (fits(head.size() + body.size()))
    co_await stream_.writer().write(head, body);
  else
    co_await write_slowly(head, body);
}

coro<> server_connection::write_slowly(std::string_view head, std::span<const std::byte> body) {
  do {
    const std::span<const std::byte> slice = body.first(std::min(body.size(), slice_size));
    co_await wait_for(stream_.writer().write(head, slice), server_->settings.write_timeout);
    head = {};
    body = body.subspan(slice.size());
  } while (!body.empty());
}

coro<> server_connection::write_chunk(std::span<const std::byte> bytes) {
  const chunk_start start(bytes.size());
  if (bytes.size() <= small_chunk) {
    out_.clear();
    append_chunk(out_, bytes);
    co_await write_all(out_, {});
    co_return;
  }
  co_await write_all(start.text(), bytes);
  co_await write_all(chunk_end, {});
}

}  // namespace eddy::http::detail

namespace eddy::http {

coro<> response_writer::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) co_return;
  if (length_ && bytes.size() > *length_ - written_)
    throw misuse_error(
        "response_writer::write: more bytes than response::length() announced; announce the right length, or none");
  try {
    if (chunked_)
      co_await connection_.write_chunk(bytes);
    else
      co_await connection_.write_all({}, bytes);
  } catch (...) {
    connection_.transport_error_ = std::current_exception();
    throw;
  }
  written_ += bytes.size();
}

coro<> response_writer::write(std::string_view text) { return write(std::as_bytes(std::span<const char>(text))); }

}  // namespace eddy::http
