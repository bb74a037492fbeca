// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/server.hpp"
#include "eddy/sync/event.hpp"

namespace eddy::detail {

/// What a server and its tasks share.
///
/// Invariants: (1) `handlers_` has an element for each handler task that has not ended, which takes itself out; (2)
/// `idle_` is set exactly while it is empty; (3) `room_` is set exactly while another connection may be served.
class server_core : public std::enable_shared_from_this<server_core> {
 public:
  explicit server_core(std::unique_ptr<connection_handler> handler) : handler_(std::move(handler)) {
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

  std::size_t active() const noexcept { return handlers_.size(); }
  bool closing() const noexcept { return closed_.is_set(); }
  server_statistics statistics() const noexcept;
  const std::vector<endpoint>& endpoints() const noexcept { return endpoints_; }
  const std::vector<socket_address>& addresses() const noexcept { return addresses_; }

  // Settings.
  std::vector<listen_place> places;
  listener::settings listening;
  std::size_t max_connections = SIZE_MAX;
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(5);
  server_security_ref security;  // null: connections stay plain

 private:
  class registration;

  void listen(const std::vector<listen_place>& all);
  void start_accepting();
  coro<> pause_accepting(std::chrono::nanoseconds limit);
  static coro<> accept_all(std::shared_ptr<server_core> self, listener& from);
  static coro<> secure_and_serve(registration place, stream connection);
  static coro<> serve(registration place, stream connection);
  coro<> wait_for_handlers();
  void start_handler(stream connection);
  void report(const std::string& what, std::exception_ptr error) noexcept;

  std::unique_ptr<connection_handler> handler_;
  std::list<listener> listeners_;  // stay in place for the tasks that accept
  std::vector<endpoint> endpoints_;
  std::vector<socket_address> addresses_;
  std::vector<task<>> accepting_;
  std::list<task<>> handlers_;
  event idle_;
  event room_;
  event closed_;
  event freed_;  // set when a handler has ended, and so has given back its descriptor
  server_statistics counts_;
};

}  // namespace eddy::detail
