// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/reply_stream.hpp"

#include "eddy/flow/sleep.hpp"
#include "eddy/http/detail/exchange.hpp"
#include "eddy/http/detail/limited_exchange.hpp"

namespace eddy::http {

reply_stream::reply_stream(eddy::detail::owned<detail::exchange> made) noexcept : exchange_(std::move(made)) {
  exchange_->stream_body();
}
reply_stream::reply_stream(reply_stream&&) noexcept = default;
reply_stream& reply_stream::operator=(reply_stream&&) noexcept = default;
reply_stream::~reply_stream() = default;

void reply_stream::aexit() noexcept { exchange_->abandon(); }

const reply_head& reply_stream::head() const noexcept { return exchange_->reply(); }

void reply_stream::raise_for_status() const { exchange_->reply().raise_for_status(); }

coro<reply_stream&> reply_stream::aenter() {
  detail::limited_exchange opening(*exchange_, &detail::exchange::open);
  co_await opening;
  co_return *this;
}

coro<std::optional<std::string>> reply_stream::next() {
  co_await checkpoint();
  std::optional<std::string> piece = exchange_->take_chunk();
  if (!piece && !exchange_->body_done()) {
    detail::limited_exchange reading(*exchange_, &detail::exchange::read_chunk);
    co_await reading;
    piece = exchange_->take_chunk();
  }
  co_return piece;
}

}  // namespace eddy::http
