// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/connection.hpp"

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

void connection::reported_back() noexcept {
  if (--owed_ != 0) return;
  close_transport();
  release();
}

std::unique_ptr<transport> connection::hand_over() noexcept {
  closed_ = true;
  reader.close();
  writer.close();
  return std::move(transport_);
}

void connection::close_transport() noexcept { transport_->close(reset_); }

}  // namespace eddy::detail
