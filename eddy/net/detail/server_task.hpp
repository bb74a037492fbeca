// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/coro/task_state.hpp"
#include "eddy/net/connection.hpp"

namespace eddy::detail {

class server_core;

/// A task that counts as one of a server's connections: a task that also knows its server.
class server_task : public typed_task<void> {
 public:
  /// Before it has ended.
  virtual server_core& server() const noexcept = 0;
  /// What the server finishes when the task has returned; empty when the task sees to everything itself.
  virtual connection_ref take_connection() noexcept { return {}; }

 protected:
  using typed_task::typed_task;

 private:
  std::coroutine_handle<> tell_ended() noexcept override;
};

/// A connection's handler, which keeps the connection until the handler's end is known, and finds its server there. A
/// coroutine around the handler would do the same for three times the memory of an idle connection.
class handler_task final : public server_task {
 public:
  /// @param kept  Its server is set.
  handler_task(detail::scheduler& s, connection_ref kept, coro<>&& work) noexcept
      : server_task(s, nullptr, std::move(work)), kept_(std::move(kept)) {}

  server_core& server() const noexcept override { return *kept_->server(); }
  connection_ref take_connection() noexcept override { return std::move(kept_); }

 private:
  connection_ref kept_;
};

/// What a server does itself: a handshake and the handler after it, an orderly end.
class errand_task final : public server_task {
 public:
  errand_task(detail::scheduler& s, server_core& server, coro<>&& work) noexcept
      : server_task(s, nullptr, std::move(work)), server_(&server) {}

  server_core& server() const noexcept override { return *server_; }

 private:
  server_core* server_;
};

}  // namespace eddy::detail
