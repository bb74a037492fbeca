// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/connection_pool.hpp"

#include <algorithm>

#include "eddy/base/owned.hpp"
#include "eddy/http/client_error.hpp"
#include "eddy/loop/scheduler.hpp"
#include "eddy/net/connection.hpp"

namespace eddy::http::detail {

namespace {

/// One byte, without waiting: an idle connection has nothing to say but its end.
class probe final : public eddy::detail::io_request {
 public:
  probe() noexcept {
    kind = eddy::detail::io_kind::receive;
    data = &byte_;
    size = 1;
  }
  void completed() noexcept override {}  // it is never started

 private:
  std::byte byte_{};
};

}  // namespace

bool http_connection::usable() noexcept {
  if (io.closed() || !io.reader().buffered().empty() || io.reader().at_end()) return false;
  try {
    probe anything;
    return !io.shared()->carrier().try_now(anything);
  } catch (const std::exception&) {
    return false;
  }
}

// -- lease
// --------------------------------------------------------------------------------------------------------------

void connection_lease::give_back() noexcept {
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->put_back(*host_, std::move(connection_));
}

void connection_lease::drop() noexcept {
  if (pool_ == nullptr) return;
  connection_.reset();
  std::exchange(pool_, nullptr)->free_place(*host_);
}

// -- acquire
// ------------------------------------------------------------------------------------------------------------

bool acquire_operation::try_complete() {
  pool_->join(context_->scheduler());
  pool_host& host = pool_->host_of(*to_);
  lease_ = pool_->try_take(host);
  if (lease_) return true;
  host_ = &host;
  return false;
}

void acquire_operation::begin() { pool_->enqueue(*this); }

bool acquire_operation::take_back() noexcept {
  pool_->leave_queue(*this);
  return true;
}

std::string acquire_operation::describe() const { return "a connection to " + to_->origin(); }

// -- pool
// ---------------------------------------------------------------------------------------------------------------

/// A loop's pools: closed with it, also when the clients outlive it.
class connection_pool::loop_pools final : public eddy::detail::loop_service {
 public:
  explicit loop_pools(event_loop&) {}
  void shut_down() noexcept override {
    while (!pools_.empty()) pools_.front().leave_loop();
  }
  void add(connection_pool& pool) noexcept { pools_.push_back(pool); }

 private:
  eddy::detail::intrusive_list<connection_pool> pools_;
};

connection_pool::~connection_pool() { leave_loop(); }

void connection_pool::close() noexcept {
  closed_ = true;
  evict_all();
}

void connection_pool::leave_loop() noexcept {
  evict_all();
  if (armed()) loop_->timers.cancel(*this);
  if (linked()) unlink();
  loop_ = nullptr;
}

void connection_pool::join(eddy::detail::scheduler& loop) {
  if (loop_ == &loop) [[likely]]
    return;
  if (loop_ != nullptr) throw misuse_error("an http::client was used on two loops at a time; make a client for each");
  loop.service<loop_pools>().add(*this);
  loop_ = &loop;
}

pool_host& connection_pool::host_of(const http::url& to) {
  key_.assign(to.scheme()).append("://").append(to.host_and_port());
  const auto found = hosts_.find(key_);
  if (found != hosts_.end()) return *found->second;
  auto made = std::make_unique<pool_host>();
  made->key = key_;
  return *hosts_.emplace(key_, std::move(made)).first->second;
}

connection_lease connection_pool::try_take(pool_host& host) {
  while (!host.idle.empty()) {
    eddy::detail::owned<http_connection> connection = std::move(host.idle.back());
    host.idle.pop_back();
    connection->unlink();
    if (connection->usable()) return {*this, host, std::move(connection)};
    --host.open;
    --total_;
  }
  if (host.open >= limits_.per_host) return {};
  if (total_ >= limits_.total) {
    if (idle_.empty()) return {};
    evict(idle_.front());
  }
  ++host.open;
  ++total_;
  return {*this, host, nullptr};
}

void connection_pool::enqueue(acquire_operation& op) {
  pool_host& host = *op.host_;
  if (waiting_ >= limits_.max_waiting) {
    forget_if_unused(host);
    throw client_error(client_errc::busy, "connect", op.to_->origin(),
                       std::to_string(waiting_) +
                           " requests wait for a connection, which is the limit; see "
                           "client_options::max_waiting, per_host and total");
  }
  op.number_ = next_number_++;
  if (host.waiters.empty()) waiting_hosts_.push_back(host);
  host.waiters.push_back(op);
  ++waiting_;
}

void connection_pool::leave_queue(acquire_operation& op) noexcept {
  pool_host& host = *op.host_;
  static_cast<eddy::detail::list_hook&>(op).unlink();
  --waiting_;
  if (!host.waiters.empty()) return;
  static_cast<eddy::detail::list_hook&>(host).unlink();
  forget_if_unused(host);
}

void connection_pool::put_back(pool_host& host, eddy::detail::owned<http_connection> connection) noexcept {
  const bool worn_out = limits_.requests_per_connection != 0 && connection->requests >= limits_.requests_per_connection;
  if (!worn_out) {
    // Whoever waits longest, among those of this host and those that only the limit in all keeps.
    pool_host* first = host.waiters.empty() ? nullptr : &host;
    if (total_ >= limits_.total) {
      if (pool_host* other = next_host(); other != nullptr && other != &host)
        if (first == nullptr || other->waiters.front().number_ < first->waiters.front().number_) first = other;
    }
    if (first == &host) {
      grant(host, std::move(connection));
      return;
    }
    if (first == nullptr && keep(host, connection)) return;
  }
  connection.reset();
  free_place(host);
}

void connection_pool::free_place(pool_host& host) noexcept {
  --host.open;
  --total_;
  serve();
  forget_if_unused(host);
}

void connection_pool::grant(pool_host& host, eddy::detail::owned<http_connection> connection) noexcept {
  acquire_operation& op = host.waiters.pop_front();
  --waiting_;
  if (host.waiters.empty()) static_cast<eddy::detail::list_hook&>(host).unlink();
  op.lease_ = connection_lease(*this, host, std::move(connection));
  op.grant();
}

void connection_pool::serve() noexcept {
  while (total_ < limits_.total) {
    pool_host* host = next_host();
    if (host == nullptr) return;
    ++host->open;
    ++total_;
    grant(*host, nullptr);
  }
}

/// The host, below its own limit, with the one who waits longest; null when there is none.
pool_host* connection_pool::next_host() noexcept {
  pool_host* best = nullptr;
  for (pool_host* at = waiting_hosts_.first(); at != nullptr; at = waiting_hosts_.after(*at)) {
    if (at->open >= limits_.per_host) continue;
    if (best == nullptr || at->waiters.front().number_ < best->waiters.front().number_) best = at;
  }
  return best;
}

bool connection_pool::keep(pool_host& host, eddy::detail::owned<http_connection>& connection) noexcept {
  if (closed_ || loop_ == nullptr || limits_.idle <= std::chrono::nanoseconds::zero()) return false;
  try {
    connection->idle_since = loop_->now();
    if (!armed() && limits_.idle != no_limit) loop_->timers.arm(*this, connection->idle_since + limits_.idle);
    host.idle.push_back(std::move(connection));
  } catch (const std::bad_alloc&) {
    return false;
  }
  http_connection& kept = *host.idle.back();
  kept.host = &host;
  idle_.push_back(kept);
  return true;
}

void connection_pool::evict(http_connection& connection) noexcept {
  pool_host& host = *connection.host;
  connection.unlink();
  const auto at =
      std::find_if(host.idle.begin(), host.idle.end(), [&](const auto& each) { return each.get() == &connection; });
  host.idle.erase(at);
  --host.open;
  --total_;
  forget_if_unused(host);
}

void connection_pool::evict_all() noexcept {
  while (!idle_.empty()) evict(idle_.front());
}

void connection_pool::forget_if_unused(pool_host& host) noexcept {
  if (host.open == 0 && host.waiters.empty()) hosts_.erase(hosts_.find(host.key));
}

void connection_pool::due() noexcept {
  const time_point old = loop_->now() - limits_.idle;
  while (!idle_.empty() && idle_.front().idle_since <= old) evict(idle_.front());
  if (!idle_.empty()) loop_->timers.arm(*this, idle_.front().idle_since + limits_.idle);
}

}  // namespace eddy::http::detail
