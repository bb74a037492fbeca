// SPDX-License-Identifier: BSL-1.0
// The part of an exchange that reads the answer's body.
#include <algorithm>

#include "eddy/http/detail/exchange.hpp"

namespace eddy::http::detail {

void exchange::prepare_body() {
  const response_parser& parser = connection().parser;
  body_size_ = 0;
  max_body_ = streaming_ && !plan_.limits.max_body_is_set ? UINT64_MAX : plan_.limits.max_body;
  if (parser.body() == body_kind::none) return;

  fields& headers = reply_.head_.headers;
  if (plan_.limits.decode && headers.contains("Content-Encoding")) {
    std::string codings;
    for (const std::string_view each : headers.get_all("Content-Encoding"))
      codings.append(codings.empty() ? "" : ", ").append(each);
    content_limits bounds;
    bounds.max_size = max_body_;
    bounds.max_ratio = plan_.limits.max_ratio;
    try {
      decoder_.emplace(codings, bounds);
    } catch (const content_error& e) {
      fail(client_errc::decode, e.what());
    }
    headers.remove("Content-Encoding");
    if (decoder_->is_identity())
      decoder_.reset();
    else
      headers.remove("Content-Length");
  }
  if (parser.body() == body_kind::length && !decoder_ && parser.content_length().value_or(0) > max_body_)
    fail(client_errc::too_large, "the body has " + std::to_string(*parser.content_length()) +
                                     " bytes, more than the limit of " + std::to_string(max_body_) +
                                     "; see max_body()");
}

namespace {
constexpr std::uint64_t trusted = std::uint64_t{1} << 20;  // bytes that a mere announcement gets
}

/// Takes what came with the head, which is often all. @returns whether it is.
bool exchange::begin_body() {
  if (connection().parser.body() == body_kind::length && !decoder_)
    reply_.body_.reserve(static_cast<std::size_t>(std::min(connection().parser.content_length().value_or(0), trusted)));
  return pump(reply_.body_, SIZE_MAX);
}

coro<> exchange::read_body() {
  if (connection().parser.body() == body_kind::length && !decoder_) {
    co_await read_body_in_place();
    co_return;
  }
  while (!pump(reply_.body_, SIZE_MAX)) {
    progress(request_phase::body);
    co_await receive_body();
  }
}

/// A body of known size: straight into its place, as far as it is not here already.
coro<> exchange::read_body_in_place() {
  std::string& body = reply_.body_;
  const std::uint64_t size = connection().parser.content_length().value_or(0);
  while (!pump(body, SIZE_MAX)) {
    const std::size_t have = body.size();
    const auto next =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - have, std::max<std::uint64_t>(trusted, have)));
    body.resize(have + next);
    progress(request_phase::body);
    std::size_t got = 0;
    try {
      got = co_await connection().io.reader().read_some(std::span<char>(body.data() + have, next));
    } catch (const std::system_error& e) {
      fail_lost(std::string("the connection went away (") + e.what() + ")");
    }
    body.resize(have + got);
    if (got == 0)
      fail_lost("the server closed the connection after " + std::to_string(have) + " of " + std::to_string(size) +
                " bytes");
    const body_result piece =
        connection().parser.next_body(std::as_bytes(std::span<const char>(body.data() + have, got)));
    body_size_ += piece.data.size();
    if (piece.done) {
      finish_body();
      co_return;
    }
  }
}

/// Receives more, or learns that there is no more.
coro<> exchange::receive_body() {
  bool more = false;
  try {
    more = co_await connection().io.reader().fill();
  } catch (const std::system_error& e) {
    fail_lost(std::string("the connection went away (") + e.what() + ")");
  }
  progress(request_phase::body);
  if (more) co_return;
  try {
    connection().parser.finish();
  } catch (const parse_error& e) {
    fail_parse(e);
  }
  finish_body();
}

/// Takes what has come until `out` has `enough` bytes. @returns whether the body is complete.
bool exchange::pump(std::string& out, std::size_t enough) {
  constexpr std::size_t decoded_at_a_time = 4096;  // a thousandfold at most
  while (!body_done_ && out.size() < enough) {
    http_connection& from = connection();
    stream_reader& reader = from.io.reader();
    std::span<const std::byte> input = std::as_bytes(std::span(reader.buffered()));
    if (decoder_) input = input.first(std::min(input.size(), decoded_at_a_time));
    bool done = false;
    try {
      const body_result piece = from.parser.next_body(input);
      take_body(piece.data, out);
      reader.consume(piece.consumed);
      done = piece.done;
    } catch (const parse_error& e) {
      fail_parse(e);
    }
    if (done)
      finish_body();
    else if (reader.buffered().empty())
      break;
  }
  return body_done_;
}

void exchange::take_body(std::span<const std::byte> data, std::string& out) {
  if (data.empty()) return;
  const auto append = [&](std::span<const std::byte> bytes) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  if (!decoder_) {
    body_size_ += data.size();
    if (body_size_ > max_body_)
      fail(client_errc::too_large,
           "the body has more than the limit of " + std::to_string(max_body_) + " bytes; see max_body()");
    append(data);
    return;
  }
  try {
    decoder_->decode(data, append);
  } catch (const content_error& e) {
    fail_content(e);
  }
}

void exchange::fail_content(const content_error& e) const {
  switch (e.kind()) {
    case content_errc::too_large:
      fail(client_errc::too_large, std::string(e.what()) + "; see max_body()");
    case content_errc::expansion:
      fail(client_errc::expansion, std::string(e.what()) + "; see max_ratio()");
    case content_errc::truncated:
      fail(client_errc::truncated, e.what());
    default:
      fail(client_errc::decode, e.what());
  }
}

/// The last byte has come: the connection goes to the next request if it can serve one.
void exchange::finish_body() {
  body_done_ = true;
  http_connection& from = connection();
  reply_.trailers_ = from.parser.take_trailers();
  if (decoder_) {
    try {
      decoder_->finish();
    } catch (const content_error& e) {
      fail_content(e);
    }
  }
  release_connection();
}

void exchange::release_connection() noexcept {
  http_connection& from = connection();
  const bool clean = sent_ && !asks_to_close_ && from.parser.complete() && from.parser.keep_alive() &&
                     from.io.reader().buffered().empty() && from.io.writer().buffered() == 0;
  if (clean)
    lease_.give_back();
  else
    lease_.drop();
}

}  // namespace eddy::http::detail
