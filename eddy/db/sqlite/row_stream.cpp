// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/row_stream.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/db/sqlite/detail/stream_state.hpp"
#include "eddy/db/sqlite/error.hpp"

namespace eddy::sqlite {

row_stream::row_stream(std::shared_ptr<detail::access> through, std::string sql, parameters values) {
  if (!through) throw usage_error("this connection was moved from", sql);
  state_ = std::make_shared<detail::stream_state>(std::move(through), std::move(sql), std::move(values));
}

row_stream::row_stream(row_stream&&) noexcept = default;

row_stream& row_stream::operator=(row_stream&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

row_stream::~row_stream() {
  if (state_) state_->drop();
}

row_stream::next_operation row_stream::next() const {
  if (!state_) throw misuse_error("row_stream::next: this stream was moved from");
  return next_operation(state_);
}

row_stream::next_operation::next_operation(std::shared_ptr<detail::stream_state> stream) noexcept
    : stream_(std::move(stream)) {}

bool row_stream::next_operation::try_complete() { return stream_->answer(*this); }

void row_stream::next_operation::begin() { stream_->wait(*this, *context_); }

bool row_stream::next_operation::take_back() noexcept {
  unlink();
  return true;
}

std::string row_stream::next_operation::describe() const { return stream_->describe(); }

}  // namespace eddy::sqlite
