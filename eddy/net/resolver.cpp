// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "eddy/exec/thread_pool.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/sync/waiter_list.hpp"

namespace eddy {

namespace {

constexpr std::size_t most_threads = 4;  // of one loop; a slow name server blocks so many look-ups at most

std::vector<ip_address> system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) throw resolve_error(host, code, errno);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::vector<ip_address> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(at->ai_addr), at->ai_addrlen, reinterpret_cast<char*>(&address));
    const ip_address ip = endpoint::from_system(address).address();
    if (std::find(addresses.begin(), addresses.end(), ip) == addresses.end()) addresses.push_back(ip);
  }
  return addresses;
}

class lookup_wait;

/// One look-up on its way, and who waits for it. Owns what its thread touches.
class lookup_call final : public detail::pool_job {
 public:
  lookup_call(std::string host, host_lookup lookup) : host_(std::move(host)), lookup_(std::move(lookup)) {}

  const std::string& host() const noexcept { return host_; }

  void work() noexcept override {
    try {
      result.emplace(lookup_(host_));
      if (result->empty()) throw resolve_error(host_, EAI_NONAME);
    } catch (...) {
      result = outcome<std::vector<ip_address>>::from_exception(std::current_exception());
    }
  }
  void back() noexcept override;
  void orphaned() noexcept override { delete this; }

  outcome<std::vector<ip_address>> result;
  detail::intrusive_list<lookup_wait> waiters;
  class resolver_service* owner = nullptr;  // null once it has been given up or has come back
  event_loop* loop = nullptr;

 private:
  const std::string host_;
  const host_lookup lookup_;
};

/// The look-ups of a loop.
class resolver_service final : public detail::loop_service {
 public:
  explicit resolver_service(event_loop& loop) : loop_(loop) {}
  void shut_down() noexcept override { threads_.reset(); }

  void wait_for(lookup_wait& waiter, const std::string& host);
  /// A waiter has left; when it was the last the call is given up.
  void leave(lookup_call& call) noexcept;
  std::unique_ptr<lookup_call> finished(lookup_call& call);
  void set_lookup(host_lookup lookup) { lookup_ = lookup ? std::move(lookup) : host_lookup(system_lookup); }

 private:
  event_loop& loop_;
  host_lookup lookup_ = system_lookup;
  std::map<std::string, std::unique_ptr<lookup_call>> calls_;
  std::optional<thread_pool> threads_;
};

/// Waits for a look-up. Atomic: it has no effect that could be lost.
class lookup_wait final : public detail::waiter<lookup_wait> {
 public:
  explicit lookup_wait(const std::string& host) noexcept : host_(&host) {}
  lookup_wait(lookup_wait&&) = default;

  bool try_complete() const noexcept { return false; }
  void begin() { context_->scheduler().service<resolver_service>().wait_for(*this, *host_); }
  bool take_back() noexcept {
    unlink();
    if (call->owner != nullptr) call->owner->leave(*call);
    return true;
  }
  std::vector<ip_address> await_resume() { return std::move(result).value(); }
  std::string describe() const override { return "the addresses of " + *host_; }

  lookup_call* call = nullptr;
  outcome<std::vector<ip_address>> result;

 private:
  const std::string* host_;
};

void lookup_call::back() noexcept {
  if (owner == nullptr) {
    ++loop->scheduler().external;  // counted down when it was abandoned
    delete this;
    return;
  }
  // From here on a waiter that leaves while another is told has nothing to give up.
  const std::unique_ptr<lookup_call> self = std::exchange(owner, nullptr)->finished(*this);
  while (!waiters.empty()) {
    lookup_wait& waiter = waiters.pop_front();
    waiter.result = result;
    waiter.grant();
  }
}

void resolver_service::wait_for(lookup_wait& waiter, const std::string& host) {
  std::unique_ptr<lookup_call>& call = calls_[host];
  if (!call) {
    try {
      if (!threads_) threads_.emplace(most_threads, "eddy-names");
      call = std::make_unique<lookup_call>(host, lookup_);
      call->owner = this;
      threads_->submit(*call, loop_.scheduler());
    } catch (...) {
      calls_.erase(host);
      throw;
    }
  }
  waiter.call = call.get();
  call->waiters.push_back(waiter);
}

void resolver_service::leave(lookup_call& call) noexcept {
  if (!call.waiters.empty()) return;
  auto at = calls_.find(call.host());
  if (!threads_->withdraw(call)) {
    call.owner = nullptr;
    call.loop = &loop_;
    threads_->abandon(call);
    --loop_.scheduler().external;  // the loop does not wait for it either
    (void)at->second.release();    // NOLINT(bugprone-unused-return-value): owns itself until it comes back
  }
  calls_.erase(at);
}

std::unique_ptr<lookup_call> resolver_service::finished(lookup_call& call) {
  auto at = calls_.find(call.host());
  std::unique_ptr<lookup_call> taken = std::move(at->second);
  calls_.erase(at);
  return taken;
}

}  // namespace

coro<std::vector<endpoint>> resolve(std::string host, std::uint16_t port) {
  std::vector<endpoint> found;
  if (const auto literal = ip_address::parse(host)) {
    co_await checkpoint();
    found.emplace_back(*literal, port);
    co_return found;
  }
  if (host.empty() || host.find('\0') != std::string::npos) throw resolve_error(host, EAI_NONAME);
  const std::vector<ip_address> addresses = co_await lookup_wait(host);
  for (const ip_address& address : addresses) found.emplace_back(address, port);
  co_return found;
}

void set_host_lookup(host_lookup lookup) {
  event_loop::current().scheduler().service<resolver_service>().set_lookup(std::move(lookup));
}

}  // namespace eddy
