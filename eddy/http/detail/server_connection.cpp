// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/server_connection.hpp"

#include "eddy/flow/sleep.hpp"
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
constexpr time_point no_deadline = time_point::max();

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span<const char>(text));
}

}  // namespace

void server_state::stop() noexcept {
  stopping_ = true;
  for (server_connection* each = connections.first(); each != nullptr; each = connections.after(*each))
    each->close_if_idle();
}

/// Waits for bytes of a head, until the connection's deadline. @returns false when none came.
class server_connection::head_fill final : public eddy::detail::receive_operation {
 public:
  explicit head_fill(server_connection& c) noexcept
      : receive_operation(c.stream_.reader(), c.stream_.reader().buffered().size() + 1), connection_(c) {
    connection_.reading_ = this;
  }
  head_fill(const head_fill&) = delete;
  ~head_fill() { connection_.reading_ = nullptr; }

  bool await_resume() const { return enough(); }
  /// The deadline was reached. Bytes that came before, be it in this turn, go first.
  void expire() noexcept {
    if ((context_->about_to_try() && try_in_step()) || take_back()) context_->completed();
  }

 private:
  server_connection& connection_;
};

server_connection::server_connection(std::shared_ptr<server_state> server, eddy::stream connection)
    : server_(std::move(server)),
      stream_(std::move(connection)),
      parser_(server_->settings.limits),
      request_(*this),
      loop_(&event_loop::current().scheduler()) {
  server_->connections.push_back(*this);
}

server_connection::~server_connection() {
  list_hook::unlink();
  if (armed()) loop_->timers.cancel(*this);
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
  response made;
  do {
    start_head();
    while (!take_head()) {
      if (!out_.empty() && fits(out_.size())) {
        co_await stream_.writer().write(out_);
        sent_out();
      } else if (!out_.empty()) {
        co_await flush();
      }
      if (!begin_wait()) break;
      const bool more = co_await head_fill(*this);
      end_wait(more);
    }
    if (state_ != head_state::complete) break;
    coro<response> making = begin_answer(made);
    if (making) co_await finish_answer(std::move(making), made);
    if (no_answer_) break;
    if (!put(made)) co_await send(made);
    response_access::clear(made);
    if (keep_alive_ && !rest_is_read()) co_await drop_rest_of_body();
    co_await checkpoint();  // an answer that waited for nothing counts all the same: others have their turn (L7)
  } while (keep_alive_);
  if (state_ == head_state::refused) co_await refuse();
  if (!out_.empty()) co_await flush();
  if (stream_.closed()) co_return;
  const bool unread = lent_ != 0 || !stream_.reader().buffered().empty() || !(parser_.idle() || parser_.complete());
  if (unread || body_failed_) co_await linger();
}

// Reading
// ------------------------------------------------------------------------------------------------------------------

/// Receives more of a body within `limit`. @returns false at the end of the stream.
coro<bool> server_connection::fill(std::chrono::nanoseconds limit) {
  stream_.reader().consume(std::exchange(lent_, 0));
  if (!out_.empty()) co_await flush();
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

void server_connection::start_head() noexcept {
  if (served_) parser_.start_next();
  state_ = head_state::incomplete;
  deadline_ = no_deadline;
  received_ = 0;
  continued_ = begun_ = false;
}

/// Looks at what has come. @returns whether nothing more is needed: state_ says how it ended.
bool server_connection::take_head() {
  try {
    if (state_ == head_state::incomplete && parse_head()) state_ = head_state::complete;
  } catch (const parse_error& error) {
    refuse_later(error.status(), to_string(error.kind()));
  }
  return state_ != head_state::incomplete;
}

/// Sets the deadline for what comes next. @returns false when nothing shall be waited for: the server stops.
bool server_connection::begin_wait() {
  const server_settings& settings = server_->settings;
  const bool nothing_yet = parser_.idle();
  if (nothing_yet && server_->stopping()) return false;
  if (!begun_) {
    // A client that has just connected has something to say; between requests it may take its time. Bytes that make no
    // beginning do not move the deadline.
    if (!nothing_yet || deadline_ == no_deadline)
      deadline_ = loop_->deadline_in(nothing_yet && served_ ? settings.idle_timeout : settings.head_timeout);
    begun_ = !nothing_yet;
  }
  idle_ = nothing_yet;
  if (armed() && armed_for_ > deadline_) loop_->timers.cancel(*this);
  if (!armed() && deadline_ != no_deadline) {
    armed_for_ = deadline_;
    loop_->timers.arm(*this, armed_for_);
  }
  return true;
}

void server_connection::end_wait(bool more) {
  idle_ = false;
  const bool late = std::exchange(expired_, false) && !more;
  if (more) return;
  if (late && begun_) {
    refuse_later(408, "the head of the request did not come in time");
    return;
  }
  state_ = head_state::over;
  try {
    if (!late) parser_.finish();  // throws when a head has begun
  } catch (const parse_error& error) {
    refuse_later(error.status(), to_string(error.kind()));
  }
}

void server_connection::refuse_later(int status, std::string_view why) {
  state_ = head_state::refused;
  refusal_status_ = status;
  refusal_ = why;
}

void server_connection::due() noexcept {
  if (reading_ == nullptr) return;  // a request is being answered: the next wait arms it anew
  if (deadline_ > loop_->now()) {
    armed_for_ = deadline_;
    loop_->timers.arm(*this, armed_for_);
    return;
  }
  expired_ = true;
  reading_->expire();
}

coro<> server_connection::send_continue() {
  continued_ = true;
  if (!parser_.expects_continue() || !stream_.reader().buffered().empty()) co_return;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  co_await flush();
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
  const time_point deadline = loop_->now() + linger_time;
  std::size_t dropped = 0;
  lent_ = 0;
  while (dropped < linger_bytes) {
    dropped += reader.buffered().size();
    reader.consume(reader.buffered().size());
    const bool more = co_await fill(deadline - loop_->now());
    if (!more) co_return;
  }
}

}  // namespace eddy::http::detail
