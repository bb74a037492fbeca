// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/task_state.hpp"
#include "eddy/net/connection.hpp"

namespace eddy::detail {

class server_core;

/// The task of a connection's handler: a task that also knows its server, and keeps the connection until the handler's
/// end is known. A coroutine around the handler would do the same for three times the memory of an idle connection.
class handler_task final : public typed_task<void> {
 public:
  /// @param kept  What the server finishes when the handler returns; none: `work` sees to everything itself.
  handler_task(detail::scheduler& s, server_core& server, connection_ref kept, coro<>&& work) noexcept
      : typed_task(s, nullptr, std::move(work)), server_(&server), kept_(std::move(kept)) {}

  const server_core* server() const noexcept { return server_; }
  connection_ref take_connection() noexcept { return std::move(kept_); }

 private:
  std::coroutine_handle<> tell_ended() noexcept override;

  server_core* server_;
  connection_ref kept_;
};

}  // namespace eddy::detail
