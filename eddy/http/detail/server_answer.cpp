// SPDX-License-Identifier: BSL-1.0
// How a server's connection answers: the other half of server_connection.
#include "eddy/http/detail/answer_line.hpp"
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
// Up to here a body is copied behind its head, to go out with the answers before and after it.
constexpr std::size_t small_body = 2 * 1024;
// Answers are gathered until there are so many bytes of them.
constexpr std::size_t enough_at_once = 16 * 1024;
// What a connection that rests may keep of the memory for that.
constexpr std::size_t kept_memory = 4 * 1024;

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

/// Asks the handler. @returns the coroutine that makes the response; empty when it is in `made`.
coro<response> server_connection::begin_answer(response& made) {
  served_ = true;
  keep_alive_ = parser_.keep_alive();
  request_.begin(server_->settings.max_body);
  try {
    return server_->app->handle(request_, made);
  } catch (...) {
    made = answer_to(std::current_exception());
  }
  return {};
}

coro<> server_connection::finish_answer(coro<response> making, response& made) {
  if (!out_.empty()) co_await flush();  // the handler may take its time
  std::exception_ptr error;
  try {
    made = co_await std::move(making);
  } catch (...) {
    error = std::current_exception();
  }
  if (error == nullptr) co_return;
  no_answer_ = error == transport_error_;
  if (no_answer_)
    keep_alive_ = false;
  else
    made = answer_to(error);
}

/// Answers a message that is not a request.
coro<> server_connection::refuse() {
  response made = text(refusal_ + "\n", refusal_status_);
  keep_alive_ = false;
  body_failed_ = true;
  const std::string_view reason = reason_phrase(refusal_status_);
  append_open_head(out_, {refusal_status_, http_version::http_1_1, reason, made.headers()},
                   body_framing::length(made.body_bytes().size()), "GET");
  out_.append("Connection: close\r\n").append(date_line_now()).append("\r\n").append(made.body_bytes());
  co_await flush();
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

bool server_connection::sends_body(body_framing framing) const noexcept {
  return framing.kind != body_kind::none && head().method != "HEAD";
}

/// Appends the head to out_. @throws std::invalid_argument  The handler's response cannot be sent so; out_ is as it
/// was.
void server_connection::append_head(const response& made, body_framing framing) {
  if (is_informational(made.status())) throw invalid_head("a handler's response has a final status, not 1xx");
  const fields& headers = made.headers();
  append_open_head(out_, {made.status(), http_version::http_1_1, reason_phrase(made.status()), headers}, framing,
                   head().method);
  const bool dated = fields_access::may_have(headers, fields_access::name_size("Date")) && headers.contains("Date");
  const std::string_view connection = connection_line(headers, framing);
  if (!dated && connection.empty()) {
    out_.append(date_and_end_now());
    return;
  }
  if (!dated) out_.append(date_line_now());
  out_.append(connection).append("\r\n");
}

/// What the head says about the connection besides the handler's own fields, or nothing.
std::string_view server_connection::connection_line(const fields& headers, body_framing framing) const {
  const bool usual = keep_alive_ && head().version == http_version::http_1_1;
  if (usual || framing.kind == body_kind::until_close || headers.contains("Connection")) return {};
  return keep_alive_ ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
}

/// The same for a response that may turn out not to be one that can be sent: then it becomes another.
body_framing server_connection::put_head(response& made) {
  body_framing framing = framing_for(made);
  end_keep_alive(made);
  if (framing.kind == body_kind::until_close) keep_alive_ = false;
  try {
    append_head(made, framing);
  } catch (const std::invalid_argument&) {
    made = answer_to(std::current_exception());
    framing = framing_for(made);
    append_head(made, framing);
  }
  return framing;
}

/// Decides whether the connection goes on after this response, before its head says so.
void server_connection::end_keep_alive(const response& made) noexcept {
  constexpr std::uint32_t size = fields_access::name_size("Connection");
  const bool closes =
      fields_access::may_have(made.headers(), size) && made.headers().contains_token("Connection", "close");
  if (server_->stopping() || !rest_is_small() || closes) keep_alive_ = false;
}

/// Puts a small response into out_, which is sent when nothing else is to be done. @returns false: it is another one.
bool server_connection::put(response& made) {
  if (made.is_raw() || made.streams() || made.body_bytes().size() > small_body || out_.size() > enough_at_once)
    return false;
  const body_framing framing = put_head(made);
  if (sends_body(framing)) out_.append(made.body_bytes());
  return true;
}

coro<> server_connection::send(response& made) {
  if (!out_.empty()) co_await flush();
  if (made.is_raw()) {
    co_await send_raw(made);
    co_return;
  }
  const body_framing framing = put_head(made);
  if (!sends_body(framing)) {
    co_await flush();
  } else if (made.streams()) {
    co_await send_stream(made, framing);
  } else {
    co_await write_all(out_, std::as_bytes(std::span<const char>(made.body_bytes())));
    sent_out();
  }
}

coro<> server_connection::send_stream(response& made, body_framing framing) {
  co_await flush();
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

/// Forgets what has been sent. Memory that is more than a few answers take is not kept.
void server_connection::sent_out() noexcept {
  if (out_.capacity() <= kept_memory)
    out_.clear();
  else
    out_ = std::string();
}

coro<> server_connection::flush() {
  co_await write_all(out_, {});
  sent_out();
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
    append_chunk(out_, bytes);
    co_await flush();
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
