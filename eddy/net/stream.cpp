// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/stream.hpp"

#include "eddy/flow/timeout.hpp"

namespace eddy {

void stream::throw_empty() {
  throw misuse_error("this stream is empty or was moved from; get one from open_connection or a server");
}

void stream::drop() noexcept {
  if (!connection_) return;
  // A handler that just returns has said everything: its server sends the rest. One that is cancelled has not.
  if (connection_->finished_by_server && !unwinding() && connection_->has_unsent())
    connection_->left_to_server = true;
  else
    connection_->abort();
}

coro<> stream::close(std::chrono::nanoseconds limit) { return detail::finish(connection_, limit); }

namespace detail {

coro<> finish(connection_ref c, std::chrono::nanoseconds limit) {
  if (!c || c->closed()) co_return;
  struct closing {
    explicit closing(connection& at_end) noexcept : connection_(at_end) {}
    closing(const closing&) = delete;
    closing& operator=(const closing&) = delete;
    ~closing() { connection_.abort(); }
    connection& connection_;
  };
  const closing guard(*c);
  if (c->has_unsent()) co_await wait_for(c->writer.drain(), limit);
}

}  // namespace detail
}  // namespace eddy
