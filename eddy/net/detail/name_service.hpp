// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/exec/thread_pool.hpp"
#include "eddy/net/detail/name_cache.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy::detail {

class lookup_wait;
class name_service;

using host_addresses = std::vector<ip_address>;

/// One look-up on its way, and who waits for it.
///
/// Invariants: (1) `owner` is set exactly while the service's map has it; (2) only then it has waiters, at least one.
class lookup_call {
 public:
  explicit lookup_call(std::string host) : host_(std::move(host)) {}
  lookup_call(const lookup_call&) = delete;
  lookup_call& operator=(const lookup_call&) = delete;
  virtual ~lookup_call() = default;

  const std::string& host() const noexcept { return host_; }
  /// Nobody waits any more, and the map has forgotten it. It keeps itself until it has really ended.
  virtual void give_up(std::shared_ptr<lookup_call> self) noexcept = 0;

  intrusive_list<lookup_wait> waiters;
  name_service* owner = nullptr;
  bool current = true;  // false once the resolver was changed: nobody joins it, and its answer is not remembered

 private:
  const std::string host_;
};

/// The look-ups of a loop.
class name_service final : public loop_service {
 public:
  explicit name_service(event_loop& loop);
  void shut_down() noexcept override { threads_.reset(); }

  void wait_for(lookup_wait& waiter, const std::string& host);
  /// A waiter has left; when it was the last the call is given up.
  void leave(lookup_call& call) noexcept;
  /// The answer is there: remembers it, and tells all who wait.
  void finish(lookup_call& call, const outcome<host_addresses>& result) noexcept;

  const host_addresses* remembered(const std::string& host);
  void set_lookup(host_lookup lookup);
  void set_resolver(std::shared_ptr<host_resolver> resolver);
  name_cache& cache() noexcept { return cache_; }
  event_loop& loop() noexcept { return loop_; }
  thread_pool& threads() { return *threads_; }

 private:
  using calls = std::multimap<std::string, std::shared_ptr<lookup_call>>;

  std::shared_ptr<lookup_call> begin(const std::string& host);
  lookup_call& call_for(const std::string& host);
  std::shared_ptr<lookup_call> take(const lookup_call& call) noexcept;
  void resolver_changed() noexcept;

  event_loop& loop_;
  host_lookup lookup_;
  std::shared_ptr<host_resolver> resolver_;  // null: lookup_ on threads
  calls calls_;                              // at most one of a host is current
  std::optional<thread_pool> threads_;
  name_cache cache_;
};

/// Waits for a look-up. Atomic: it has no effect that could be lost.
class lookup_wait final : public waiter<lookup_wait> {
 public:
  explicit lookup_wait(const std::string& host) noexcept : host_(&host) {}
  lookup_wait(lookup_wait&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() { context_->scheduler().service<name_service>().wait_for(*this, *host_); }
  bool take_back() noexcept {
    unlink();
    if (call->owner != nullptr) call->owner->leave(*call);
    return true;
  }
  host_addresses await_resume() { return std::move(result).value(); }
  std::string describe() const override { return "the addresses of " + *host_; }

  lookup_call* call = nullptr;
  outcome<host_addresses> result;

 private:
  const std::string* host_;
};

}  // namespace eddy::detail
