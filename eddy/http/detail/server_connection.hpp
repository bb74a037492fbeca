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
/// a handler runs, and a client that goes away is noticed by the first write that fails.
///
/// Invariants: (1) `keep_alive_` only ever goes from true to false within a request; (2) what read_piece() gave is
/// still in the reader's buffer, `lent_` bytes of it, until the next read; (3) after the parser has failed no further
/// request is read.
class server_connection : public eddy::detail::list_hook {
 public:
  server_connection(std::shared_ptr<server_state> server, eddy::stream connection);
  server_connection(const server_connection&) = delete;
  ~server_connection() { list_hook::unlink(); }

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

  // reading
  coro<> serve_all();
  coro<bool> read_head();
  coro<bool> fill(std::chrono::nanoseconds limit);
  bool parse_head();
  std::span<const std::byte> parse_body();
  void check_size(std::size_t more);
  coro<> send_continue();
  bool rest_is_small() const noexcept;
  coro<> drop_rest_of_body();
  coro<> linger();

  // answering
  coro<> answer();
  coro<> refuse(int status, std::string_view why);
  response answer_to(const std::exception_ptr& error);
  coro<> send(response& made);
  coro<> send_bytes(std::string_view body);
  coro<> send_stream(response& made, body_framing framing);
  coro<> send_raw(response& made);
  body_framing framing_for(const response& made) const;
  void write_head(response& made, body_framing framing);
  void end_keep_alive(const response& made) noexcept;
  void report(const std::exception_ptr& error);

  // writing, with the limit on waiting
  bool fits(std::size_t size) const noexcept;
  coro<> write_slowly(std::string_view head, std::span<const std::byte> body);
  coro<> write_chunk(std::span<const std::byte> bytes);
  coro<> write_all(std::string_view head, std::span<const std::byte> body);

  std::shared_ptr<server_state> server_;
  eddy::stream stream_;
  request_parser parser_;
  server_request request_;
  std::string out_;  // the head that is being sent; its memory stays
  std::exception_ptr
      transport_error_;         // the connection's own failure, which concerns nobody but the handler that saw it
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
