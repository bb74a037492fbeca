// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/connection.hpp"

#include "eddy/base/owned.hpp"

namespace eddy::detail {

static_assert(sizeof(void*) != 8 || sizeof(connection) <= 64, "what an idle connection costs; see performance.md");

void connection::abort() noexcept {
  if (closed_) return;
  closed_ = true;
  reset_ = has_unsent() || writer().failure_ == stream_broken;
  owed_ = (reader().close() ? 0U : 1U) + (writer().close() ? 0U : 1U);
  if (owed_ == 0)
    close_transport();
  else
    retain();  // until the last has reported back
}

int connection::release_descriptor() {
  if (closed_) throw closed_error("cannot hand over the descriptor: this side has closed the stream");
  if (waiting_ != nullptr || !buffer_.empty() || unsent() || queued())
    throw misuse_error(
        "stream::release: somebody waits on this stream, or bytes are buffered that would be lost; drain() the writer "
        "and read what buffered() shows first");
  const int fd = transport_->release();
  closed_ = true;
  reader().close();
  writer().close();
  return fd;
}

void connection::reported_back() noexcept {
  if (--owed_ != 0) return;
  close_transport();
  release();
}

owned<transport> connection::hand_over() noexcept {
  closed_ = true;
  reader().close();
  writer().close();
  return std::move(transport_);
}

void connection::continue_in(connection& next) noexcept {
  if (server_ == nullptr) return;
  next.retain();
  next.server_ = server_;
  successor_ = &next;
  continued_ = true;
}

void connection::close_transport() noexcept { transport_->close(reset_); }

}  // namespace eddy::detail
