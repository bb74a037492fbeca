// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/fields.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eddy::http {

class raw_connection;
class response_writer;

namespace detail {

/// Writes a body while it is sent: what a response's stream() and raw() keep.
template <class Out>
class body_source {
 public:
  virtual ~body_source() = default;
  virtual coro<> write(Out& out) = 0;
};

template <class Out, class F>
class body_source_of final : public body_source<Out> {
 public:
  template <class G>
  explicit body_source_of(G&& f) : f_(std::forward<G>(f)) {}
  coro<> write(Out& out) override { return eddy::detail::invoke_callable(f_, out); }

 private:
  F f_;
};

struct response_access;

}  // namespace detail

/// What a server answers: a status, header fields and a body. What handlers return.
///
/// The server itself adds Date, the fields that frame the body, and Connection where it is needed. A response to HEAD
/// is made as for GET; its body is not sent. A body given to a status that has none (204, 304) is not sent either.
///
/// | the body | with |
/// |---|---|
/// | a text or bytes of its own | `body(std::string)`, or text() and html() |
/// | bytes that many responses share, without a copy | `body(std::shared_ptr<const std::string>)` |
/// | made while it is sent, with back-pressure | `stream(writer)`, with `length(n)` when its size is known |
/// | anything at all, head included | `raw(writer)` |
///
/// **Lifetime.** Move-only. Callables are kept until the response has been sent.
/// **In asyncio.** `aiohttp.web.Response`, `StreamResponse`; Starlette's `Response`, `StreamingResponse`.
class response {
 public:
  /// 200, with an empty body.
  response() = default;
  /// @param status  200 … 999; a final one.
  explicit response(int status) : status_(status) {}

  int status() const noexcept { return status_; }
  response& status(int status) & {
    status_ = status;
    return *this;
  }
  response&& status(int status) && { return std::move(this->status(status)); }

  const fields& headers() const noexcept { return headers_; }
  fields& headers() noexcept { return headers_; }
  /// Sets a header field. @throws invalid_field
  response& header(std::string_view name, std::string_view value) & {
    headers_.set(name, value);
    return *this;
  }
  response&& header(std::string_view name, std::string_view value) && { return std::move(header(name, value)); }

  response& body(std::string bytes) & {
    take_out_body();
    text_ = std::move(bytes);
    return *this;
  }
  response&& body(std::string bytes) && { return std::move(body(std::move(bytes))); }
  /// Bytes that are not copied and may be sent to many clients at once. @param bytes  Not null.
  response& body(std::shared_ptr<const std::string> bytes) &;
  response&& body(std::shared_ptr<const std::string> bytes) && { return std::move(body(std::move(bytes))); }

  /// A body that `writer(out)` makes while it is sent: `[](http::response_writer& out) -> coro<> { co_await
  /// out.write(...); }`.
  ///
  /// It may go on for ever. Without length() it is chunked (for HTTP/1.0 it ends with the connection). A writer that
  /// throws, or ends before the length that was announced, or calls out.cut(), cuts the connection, so that the client
  /// sees that a part is missing.
  template <class F>
    requires std::is_invocable_r_v<coro<>, std::decay_t<F>&, response_writer&>
  response& stream(F&& writer) & {
    take_out_body();
    streamed_ =
        eddy::detail::make_owned<detail::body_source_of<response_writer, std::decay_t<F>>>(std::forward<F>(writer));
    return *this;
  }
  template <class F>
    requires std::is_invocable_r_v<coro<>, std::decay_t<F>&, response_writer&>
  response&& stream(F&& writer) && {
    return std::move(stream(std::forward<F>(writer)));
  }
  /// Announces how many bytes stream() is going to write.
  response& length(std::uint64_t bytes) & {
    length_ = bytes;
    return *this;
  }
  response&& length(std::uint64_t bytes) && { return std::move(length(bytes)); }

  /// Hands the connection to `writer(connection)`, which sends head and body itself, right or wrong, or another
  /// protocol. Status and header fields of this object are not used; see raw_connection.
  template <class F>
    requires std::is_invocable_r_v<coro<>, std::decay_t<F>&, raw_connection&>
  response& raw(F&& writer) & {
    take_out_body();
    raw_ = eddy::detail::make_owned<detail::body_source_of<raw_connection, std::decay_t<F>>>(std::forward<F>(writer));
    return *this;
  }
  template <class F>
    requires std::is_invocable_r_v<coro<>, std::decay_t<F>&, raw_connection&>
  response&& raw(F&& writer) && {
    return std::move(raw(std::forward<F>(writer)));
  }

  /// The body's bytes, when it has them already; empty for stream() and raw().
  std::string_view body_bytes() const noexcept;
  bool streams() const noexcept { return streamed_ != nullptr; }
  bool is_raw() const noexcept { return raw_ != nullptr; }
  /// What length() announced.
  std::optional<std::uint64_t> announced_length() const noexcept { return length_; }

  /// For who sends it. @pre  streams(), is_raw()
  detail::body_source<response_writer>& source() { return *streamed_; }
  detail::body_source<raw_connection>& raw_source() { return *raw_; }

 private:
  friend struct detail::response_access;

  /// There is none any more.
  void take_out_body() noexcept {
    text_.clear();
    if (shared_ != nullptr || streamed_ != nullptr || raw_ != nullptr) [[unlikely]]
      take_out_kept();
  }
  void take_out_kept() noexcept;

  int status_ = 200;
  fields headers_;
  // The body: one of these at most, the others are empty.
  std::string text_;
  std::shared_ptr<const std::string> shared_;
  eddy::detail::owned<detail::body_source<response_writer>> streamed_;
  eddy::detail::owned<detail::body_source<raw_connection>> raw_;
  std::optional<std::uint64_t> length_;
};

/// A response with text in UTF-8: `text/plain; charset=utf-8`.
response text(std::string content, int status = 200);
/// The same for HTML. The caller has escaped what needs it.
response html(std::string content, int status = 200);
/// Sends the client somewhere else.
/// @param location  A URL or a path, encoded.
/// @param status    302, or 301 (for good), 303 (ask there with GET), 307 and 308 (the same with the method kept).
/// @throws invalid_field  `location` has control characters.
response redirect(std::string_view location, int status = 302);

namespace detail {

/// For servers, which use one response for one request after the other: the memory of its fields stays.
struct response_access {
  /// Makes text() of one that is new or cleared.
  static void make_text(response& out, std::string content);
  /// Makes it a new one again.
  static void clear(response& used) noexcept;
};

}  // namespace detail

/// Ends a handler with an answer instead of the 500 that other exceptions give: `throw http::reply_error(404, "no such
/// user")`.
///
/// Also what reading a request's body throws when it is too large (413), not valid (400), or does not come in time
/// (408).
///
/// **In asyncio.** `aiohttp.web.HTTPException`, FastAPI's `HTTPException`.
class reply_error : public error {
 public:
  /// @param status  400 … 599, usually.  @param text  What the client gets to read; by default the status' name.
  explicit reply_error(int status, const std::string& text = {});
  int status() const noexcept { return status_; }

 private:
  int status_;
};

}  // namespace eddy::http
