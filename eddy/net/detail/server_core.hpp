// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "eddy/base/owned.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/net/detail/server_task.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/server.hpp"
#include "eddy/sync/event.hpp"

namespace eddy::detail {

/// What a server and its tasks share.
///
/// Invariants: (1) `active_` counts the handler tasks that have not ended, which are found among the loop's tasks; (2)
/// `idle_` is set exactly while there are none; (3) `room_` is set exactly while another connection may be served; (4)
/// while there are any, this object keeps itself.
class server_core : public std::enable_shared_from_this<server_core> {
 public:
  explicit server_core(owned<connection_handler> handler) : handler_(std::move(handler)) {
    idle_.set();
    room_.set();
  }

  /// Listens on all places, and accepts. @throws what keeps it from listening on one of them; then on none.
  coro<> start();
  void close();
  coro<> stop();
  coro<> wait_closed() { co_await closed_.wait(); }
  /// Until it is closed and no handler runs.
  coro<> wait_ended();
  /// Cancels everything that runs, without waiting.
  void abort() noexcept;

  std::size_t active() const noexcept { return active_; }
  bool closing() const noexcept { return closed_.is_set(); }
  server_statistics statistics() const noexcept;
  const std::vector<endpoint>& endpoints() const noexcept { return endpoints_; }
  const std::vector<socket_address>& addresses() const noexcept { return addresses_; }

  /// The task of a handler has ended; nothing of this object may be touched afterwards.
  void task_ended(server_task& task) noexcept;

  // Settings.
  std::vector<listen_place> places;
  listener::settings listening;
  std::size_t max_connections = SIZE_MAX;
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(5);
  server_security_ref security;  // null: connections stay plain

 private:
  void listen(const std::vector<listen_place>& all);
  void start_accepting();
  coro<> pause_accepting(std::chrono::nanoseconds limit);
  static coro<> accept_all(std::shared_ptr<server_core> self, listener& from);
  static coro<> secure_and_serve(std::shared_ptr<server_core> self, stream connection);
  static coro<> serve_secured(std::shared_ptr<server_core> self, stream connection);
  static coro<> finish_left(std::shared_ptr<server_core> self, connection_ref left);
  void start_task(connection_ref kept, coro<> work);
  void settle(connection_ref kept, std::exception_ptr error, bool cancelled) noexcept;
  void failed(std::exception_ptr error) noexcept;
  void cancel_handlers(const char* reason) noexcept;
  coro<> wait_for_handlers();
  void start_handler(stream connection);
  void report(const std::string& what, std::exception_ptr error) noexcept;

  owned<connection_handler> handler_;
  std::list<listener> listeners_;  // stay in place for the tasks that accept
  std::vector<endpoint> endpoints_;
  std::vector<socket_address> addresses_;
  std::vector<task<>> accepting_;
  task_registry* tasks_ = nullptr;  // of the loop that the handlers run on
  std::size_t active_ = 0;
  std::shared_ptr<server_core> self_;
  event idle_;
  event room_;
  event closed_;
  event freed_;  // set when a handler has ended, and so has given back its descriptor
  server_statistics counts_;
};

}  // namespace eddy::detail
