// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/client_error.hpp"
#include "eddy/http/client_options.hpp"
#include "eddy/http/content_decoder.hpp"
#include "eddy/http/detail/connection_pool.hpp"
#include "eddy/http/detail/deadlines.hpp"
#include "eddy/http/message.hpp"
#include "eddy/http/reply.hpp"

namespace eddy::http::detail {

/// What a client and its requests share.
class client_core {
 public:
  explicit client_core(const client_options& options);

  connection_pool pool;
  request_limits limits;
  connector connect;
  fields headers;        // of every request
  request_head scratch;  // the head of the request that is being written: its memory serves the next

  /// What follows the target in a request without fields of its own and without a body: the same for all of a host.
  class usual_rest {
   public:
    std::string host;  // with the port; empty: none was made yet
    bool decode = false;
    std::string text;
  };
  usual_rest rest;  // of the host that was asked last
};

/// What is asked for, before anything is done about it.
class request_plan {
 public:
  request_plan(std::string_view m, http::url to, const request_limits& l) : method(m), url(std::move(to)), limits(l) {}

  std::string method;
  http::url url;
  fields headers;
  std::string body;
  bool has_body = false;
  request_limits limits;
  eddy::detail::function<bool(const reply_head& answer, const http::url& to)> follow_if;  // empty: always
};

/// One request from its first redirect to its last body byte: the state, and what is done with it.
///
/// Whatever ends it early drops the lease, and so closes the connection.
///
/// **Lifetime.** Stays where it is: whoever awaits one of its parts owns it.
class exchange {
 public:
  exchange(std::shared_ptr<client_core> core, std::string_view method, http::url to);
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  static void* operator new(std::size_t size) { return eddy::detail::frame_pool::allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept {
    eddy::detail::frame_pool::release(block, size);
  }

  request_plan& plan() noexcept { return plan_; }
  const http::reply& reply() const noexcept { return reply_; }
  http::reply take_reply() noexcept { return std::move(reply_); }
  std::string name() const { return name_request(plan_.method, plan_.url.str()); }

  // -- the parts, each within the limits (limited_exchange)
  // --------------------------------------------------------------

  /// Everything, into the reply.
  coro<> fetch();
  /// Up to the head of the answer that is not redirected; the body can be read then.
  coro<> open();
  /// Some more of the body: at least one byte, or its end.
  coro<> read_chunk();

  // -- for streams
  // ---------------------------------------------------------------------------------------------------------

  void stream_body() noexcept { streaming_ = true; }
  /// Takes what has come and is not handed out yet; nothing when there is nothing.
  std::optional<std::string> take_chunk();
  bool body_done() const noexcept { return body_done_; }
  /// Closes the connection when the body has not been read to its end.
  void abandon() noexcept { lease_.drop(); }

  // -- for limited_exchange
  // ------------------------------------------------------------------------------------------------

  void attach(deadline_keeper& keeper, eddy::detail::scheduler& loop) noexcept;
  void detach() noexcept { keeper_ = nullptr; }
  detail::deadlines& deadlines() noexcept { return deadlines_; }
  [[noreturn]] void throw_timeout() const;

 private:
  enum class end_of_try : std::uint8_t { answered, stale };

  http_connection& connection() const noexcept { return *lease_.connection(); }
  void enter(request_phase phase, std::chrono::nanoseconds limit) noexcept;
  void progress(request_phase phase) noexcept { enter(phase, plan_.limits.read.time); }

  void check_scheme() const;
  std::string request_text() const;
  void put_headers(fields& headers) const;
  bool is_usual() const noexcept;
  const std::string& usual_rest() const;
  coro<> round_trip();
  coro<> connect();
  coro<stream> make_connection();
  coro<end_of_try> talk(const std::string& head);
  coro<> send(const std::string& head);
  coro<> send_large(const std::string& head);
  void lose(const std::system_error& e);
  coro<> await_head();
  coro<bool> read_head();
  bool parse_head();
  bool begin_body();
  coro<> read_body();
  coro<> read_body_in_place();
  coro<> receive_body();
  bool pump(std::string& out, std::size_t enough);
  void take_body(std::span<const std::byte> data, std::string& out);
  void prepare_body();
  void finish_body();
  void release_connection() noexcept;

  std::optional<http::url> redirect_target();
  void follow(http::url to);
  void settle_redirected() noexcept;

  [[noreturn]] void fail(client_errc kind, std::string_view about) const;
  [[noreturn]] void fail_lost(std::string_view about) const;
  [[noreturn]] void fail_parse(const parse_error& e) const;
  [[noreturn]] void fail_content(const content_error& e) const;

  std::shared_ptr<client_core> core_;
  request_plan plan_;
  http::reply reply_;
  connection_lease lease_;
  std::optional<content_decoder> decoder_;
  std::string chunk_;  // streaming: decoded, not handed out
  detail::deadlines deadlines_;
  deadline_keeper* keeper_ = nullptr;
  eddy::detail::scheduler* loop_ = nullptr;
  time_point started_{};
  std::uint64_t body_size_ = 0;  // decoded, so far
  std::uint64_t max_body_ = 0;
  std::string lost_;       // how the connection went away; empty while it has not
  bool sent_ = false;      // the whole request has been handed over
  bool answered_ = false;  // a byte of the answer has come
  bool streaming_ = false;
  bool body_done_ = false;
  bool asks_to_close_ = false;
};

}  // namespace eddy::http::detail
