// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/http/client_options.hpp"
#include "eddy/http/parser.hpp"
#include "eddy/net/stream.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy::http::detail {

class connection_pool;
class pool_host;
class acquire_operation;

/// A connection with the parser that reads its answers. Its list_hook is for the pool's idle ones, the oldest first.
class http_connection : public eddy::detail::list_hook {
 public:
  http_connection(stream made, const parser_limits& limits) : io(std::move(made)), parser("GET", limits) {}

  /// Whether it can still take a request: the server has neither closed it nor said anything unasked. No system call
  /// unless the loop has seen that something came.
  bool usable() noexcept;

  stream io;
  response_parser parser;
  pool_host* host = nullptr;  // while it is idle
  time_point idle_since{};
  std::size_t requests = 0;  // that were begun on it
};

/// The right to have one connection open to a host, and that connection once there is one.
///
/// Whoever lets go of it without give_back() closes the connection: so a request that failed, timed out or was
/// cancelled never leaves one to the next (L1, remote).
class connection_lease {
 public:
  connection_lease() noexcept = default;
  connection_lease(connection_pool& pool, pool_host& host, eddy::detail::owned<http_connection> connection) noexcept
      : pool_(&pool), host_(&host), connection_(std::move(connection)) {}
  connection_lease(connection_lease&& other) noexcept
      : pool_(eddy::detail::exchanged(other.pool_, nullptr)),
        host_(other.host_),
        connection_(std::move(other.connection_)) {}
  connection_lease& operator=(connection_lease&& other) noexcept {
    drop();
    pool_ = eddy::detail::exchanged(other.pool_, nullptr);
    host_ = other.host_;
    connection_ = std::move(other.connection_);
    return *this;
  }
  ~connection_lease() { drop(); }

  explicit operator bool() const noexcept { return pool_ != nullptr; }
  /// Null before there is one.
  http_connection* connection() const noexcept { return connection_.get(); }
  void adopt(eddy::detail::owned<http_connection> made) noexcept { connection_ = std::move(made); }
  /// Closes the connection and keeps the right to another.
  void disconnect() noexcept { connection_.reset(); }

  /// To the pool, for the next request: only when everything of this one has been read.
  void give_back() noexcept;
  /// Closes the connection, if any.
  void drop() noexcept;

 private:
  connection_pool* pool_ = nullptr;
  pool_host* host_ = nullptr;
  eddy::detail::owned<http_connection> connection_;
};

/// What the pool knows of one host. Invariant: it has waiters only while it, or the pool, is at its limit.
class pool_host : public eddy::detail::list_hook {
 public:
  std::vector<eddy::detail::owned<http_connection>> idle;  // the one used last at the end
  eddy::detail::intrusive_list<acquire_operation> waiters;
  std::size_t open = 0;  // connections: idle, leased, being made
  std::string key;
};

/// Waits for a lease; first in, first out a host. Atomic: cancelled means that it has taken none.
class acquire_operation final : public eddy::detail::waiter<acquire_operation> {
 public:
  acquire_operation(connection_pool& pool, const http::url& to) noexcept : pool_(&pool), to_(&to) {}
  acquire_operation(acquire_operation&&) = default;

  bool try_complete();
  void begin();
  bool take_back() noexcept;
  connection_lease await_resume() noexcept { return std::move(lease_); }
  std::string describe() const override;

 private:
  friend class connection_pool;

  connection_pool* pool_;
  const http::url* to_;
  pool_host* host_ = nullptr;  // while it waits
  std::uint64_t number_ = 0;   // its place among all that wait
  connection_lease lease_;
};

/// Keep-alive connections by host, with limits a host and in all.
///
/// A connection that comes back goes straight to the one who waits longest for this host, unless somebody has waited
/// longer for another host and only the limit in all keeps him. At that limit the connection idle longest makes room.
///
/// Invariants: (1) total_ is the sum of all hosts' `open`, and includes the leases; (2) waiting_hosts_ has the hosts
/// with waiters; (3) idle_ has every idle connection, by idle_since.
///
/// **Thread safety.** Only on the thread of the loop that it was first used on, until that loop has ended.
class connection_pool : private eddy::detail::timer, public eddy::detail::list_hook {
 public:
  explicit connection_pool(const pool_limits& limits) : limits_(limits) {}
  ~connection_pool();
  connection_pool(const connection_pool&) = delete;
  connection_pool& operator=(const connection_pool&) = delete;

  /// @param to  Borrowed until the await is over.
  /// @throws busy_error (from the await)  Too many wait.
  [[nodiscard]] acquire_operation acquire(const http::url& to) noexcept { return {*this, to}; }

  const pool_limits& limits() const noexcept { return limits_; }
  /// No connection is kept from now on; the idle ones are closed.
  void close() noexcept;
  /// The loop ends: nothing of it is held any more.
  void leave_loop() noexcept;

  std::size_t open() const noexcept { return total_; }
  std::size_t idle() const noexcept { return idle_.size(); }
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  friend class connection_lease;
  friend class acquire_operation;

  class loop_pools;

  void join(eddy::detail::scheduler& loop);
  pool_host& host_of(const http::url& to);
  connection_lease try_take(pool_host& host);
  void enqueue(acquire_operation& op);
  void leave_queue(acquire_operation& op) noexcept;
  void put_back(pool_host& host, eddy::detail::owned<http_connection> connection) noexcept;
  void free_place(pool_host& host) noexcept;
  void grant(pool_host& host, eddy::detail::owned<http_connection> connection) noexcept;
  void serve() noexcept;
  pool_host* next_host() noexcept;
  bool keep(pool_host& host, eddy::detail::owned<http_connection>& connection) noexcept;
  void evict(http_connection& connection) noexcept;
  void evict_all() noexcept;
  void forget_if_unused(pool_host& host) noexcept;
  void due() noexcept override;

  pool_limits limits_;
  eddy::detail::scheduler* loop_ = nullptr;
  std::unordered_map<std::string, eddy::detail::owned<pool_host>> hosts_;
  eddy::detail::intrusive_list<pool_host> waiting_hosts_;
  eddy::detail::intrusive_list<http_connection> idle_;
  std::size_t total_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t next_number_ = 0;
  std::string key_;  // room to look a host up without an allocation
  bool closed_ = false;
};

}  // namespace eddy::http::detail
