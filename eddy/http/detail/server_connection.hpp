// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/detail/server_state.hpp"
#include "eddy/http/parser.hpp"
#include "eddy/http/response.hpp"
#include "eddy/http/response_writer.hpp"
#include "eddy/http/serializer.hpp"
#include "eddy/http/server_request.hpp"
#include "eddy/loop/timer_queue.hpp"
#include "eddy/net/stream.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace eddy::http::detail {

/// A connection of a server: reads a request, has it answered, sends the answer, and starts over.
///
/// Requests that are pipelined wait in the reader until the one before them has been answered. So nothing is read while
/// a handler runs, and a client that goes away is noticed by the first write that fails. Answers that are there at once
/// gather in `out_` while further requests are in the reader, and go out together.
///
/// What a usual request does (its head has come, its handler answers at once, the answer is small) runs in the frame of
/// serve_all() alone. Waiting for a head costs no timer: there is one for the connection, which looks when it fires
/// whether the deadline of the present wait has been reached.
///
/// Invariants: (1) `keep_alive_` only ever goes from true to false within a request; (2) what read_piece() gave is
/// still in the reader's buffer, `lent_` bytes of it, until the next read; (3) after the parser has failed no further
/// request is read; (4) `out_` is empty while the connection waits for anything.
class server_connection : public eddy::detail::list_hook, private eddy::detail::timer {
 public:
  server_connection(std::shared_ptr<server_state> server, eddy::stream connection);
  server_connection(const server_connection&) = delete;
  ~server_connection();

  /// Serves requests until the connection ends.
  coro<> run();

  /// The server stops: closes the connection if it only waits for a request.
  void close_if_idle() noexcept {
    if (idle_) stream_.abort();
  }

  const request_head& head() const noexcept { return parser_.head(); }
  std::optional<endpoint> remote_endpoint() const { return stream_.remote_endpoint(); }

  /// A piece of the body, in the reader's buffer until the next read; empty at the end. @throws as
  /// request_body::next().
  coro<std::span<const std::byte>> read_piece();

 private:
  friend class http::response_writer;

  class head_fill;
  /// How far the head of the next request is.
  enum class head_state : std::uint8_t { incomplete, complete, refused, over };

  // reading
  coro<> serve_all();
  void start_head() noexcept;
  bool take_head();
  bool begin_wait();
  void end_wait(bool more);
  void refuse_later(int status, std::string_view why);
  void due() noexcept override;
  coro<bool> fill(std::chrono::nanoseconds limit);
  bool parse_head();
  std::span<const std::byte> parse_body();
  void check_size(std::size_t more);
  coro<> send_continue();
  bool rest_is_small() const noexcept;
  bool rest_is_read() const noexcept { return lent_ == 0 && parser_.complete(); }
  coro<> drop_rest_of_body();
  coro<> linger();

  // answering
  coro<response> begin_answer(response& made);
  coro<> finish_answer(coro<response> making, response& made);
  coro<> refuse();
  response answer_to(const std::exception_ptr& error);
  bool put(response& made);
  coro<> send(response& made);
  coro<> send_stream(response& made, body_framing framing);
  coro<> send_raw(response& made);
  body_framing framing_for(const response& made) const;
  bool sends_body(body_framing framing) const noexcept;
  body_framing put_head(response& made);
  void append_head(const response& made, body_framing framing);
  std::string_view connection_line(const fields& headers, body_framing framing) const;
  void end_keep_alive(const response& made) noexcept;
  void report(const std::exception_ptr& error);

  // writing, with the limit on waiting
  bool fits(std::size_t size) const noexcept;
  void sent_out() noexcept;
  coro<> flush();
  coro<> write_slowly(std::string_view head, std::span<const std::byte> body);
  coro<> write_chunk(std::span<const std::byte> bytes);
  coro<> write_all(std::string_view head, std::span<const std::byte> body);

  std::shared_ptr<server_state> server_;
  eddy::stream stream_;
  request_parser parser_;
  server_request request_;
  std::string
      out_;  // what is to be sent next: a head, or answers that go out together; its memory stays if it is small
  std::exception_ptr
      transport_error_;  // the connection's own failure, which concerns nobody but the handler that saw it
  eddy::detail::scheduler* loop_;
  head_fill* reading_ = nullptr;  // the wait for a head, while there is one
  time_point deadline_{};         // of that wait
  time_point armed_for_{};        // when the timer fires, while it is armed
  std::string refusal_;           // why the request is refused
  int refusal_status_ = 0;
  head_state state_ = head_state::incomplete;
  bool served_ = false;         // a request has come before
  bool begun_ = false;          // a part of the head has come
  bool expired_ = false;        // the wait for a head is over because its deadline was reached
  bool no_answer_ = false;      // the connection failed under the handler, which has said so
  std::size_t lent_ = 0;        // bytes of the reader's buffer that read_piece() has parsed and handed out
  std::uint64_t received_ = 0;  // bytes of the body
  bool idle_ = false;           // waits for the first byte of a request
  bool keep_alive_ = true;      // another request may follow
  bool continued_ = false;      // `100 Continue` was sent, or is not needed
  bool body_failed_ = false;    // reading the body failed: what follows cannot be understood
};

/// Serves one connection: what a server does with each that it accepts.
coro<> serve_connection(std::shared_ptr<server_state> server, eddy::stream connection);

}  // namespace eddy::http::detail
