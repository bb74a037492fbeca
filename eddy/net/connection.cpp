// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/connection.hpp"
#include "eddy/base/owned.hpp"

namespace eddy::detail {

void connection::abort() noexcept {
  if (std::exchange(closed_, true)) return;
  reset_ = has_unsent() || writer.failure_ == stream_broken;
  owed_ = (reader.close() ? 0U : 1U) + (writer.close() ? 0U : 1U);
  if (owed_ == 0)
    close_transport();
  else
    retain();  // until the last has reported back
}

int connection::release_descriptor() {
  if (closed_) throw closed_error("cannot hand over the descriptor: this side has closed the stream");
  if (reader.waiting_ != nullptr || !reader.buffer_.empty() || writer.unsent() || writer.queued())
    throw misuse_error(
        "stream::release: somebody waits on this stream, or bytes are buffered that would be lost; drain() the writer "
        "and read what buffered() shows first");
  const int fd = transport_->release();
  closed_ = true;
  reader.close();
  writer.close();
  return fd;
}

void connection::reported_back() noexcept {
  if (--owed_ != 0) return;
  close_transport();
  release();
}

owned<transport> connection::hand_over() noexcept {
  closed_ = true;
  reader.close();
  writer.close();
  return std::move(transport_);
}

void connection::continue_in(connection& next) noexcept {
  if (!finished_by_server) return;
  next.retain();
  next.finished_by_server = true;
  successor_ = &next;
}

void connection::close_transport() noexcept { transport_->close(reset_); }

}  // namespace eddy::detail
