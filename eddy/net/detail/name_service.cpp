// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/detail/name_service.hpp"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "eddy/loop/runnable.hpp"

namespace eddy::detail {

namespace {

constexpr std::size_t most_threads = 4;      // of one loop; a slow name server blocks so many look-ups at most
constexpr std::size_t most_addresses = 256;  // of one host

host_addresses system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) throw resolve_error(host, code, errno);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  host_addresses addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(at->ai_addr), at->ai_addrlen, reinterpret_cast<char*>(&address));
    addresses.push_back(endpoint::from_system(address).address());
  }
  return addresses;
}

/// Whatever a resolver says: each address once, and not more than anybody would try.
host_addresses tidied(const host_addresses& answer, const std::string& host) {
  host_addresses kept;
  std::set<ip_address> seen;
  for (const ip_address& each : answer) {
    if (kept.size() == most_addresses) break;
    if (seen.insert(each).second) kept.push_back(each);
  }
  if (kept.empty()) throw resolve_error(host, EAI_NONAME);
  return kept;
}

/// By a function that blocks, on a thread. Owns what that touches.
class blocking_call final : public lookup_call, private pool_job {
 public:
  blocking_call(std::string host, host_lookup lookup) : lookup_call(std::move(host)), lookup_(std::move(lookup)) {}

  void start(name_service& service) { service.threads().submit(*this, service.loop().scheduler()); }

  void give_up(std::shared_ptr<lookup_call> self) noexcept override {
    name_service& service = *owner;
    owner = nullptr;
    if (service.threads().withdraw(*this)) return;
    kept_ = std::move(self);
    loop_ = &service.loop();
    service.threads().abandon(*this);
    --loop_->scheduler().external;  // the loop does not wait for it either
  }

 private:
  void work() noexcept override {
    try {
      result_.emplace(tidied(lookup_(host()), host()));
    } catch (...) {
      result_ = outcome<host_addresses>::from_exception(std::current_exception());
    }
  }
  void back() noexcept override {
    if (owner == nullptr) {
      ++loop_->scheduler().external;  // counted down when it was abandoned
      const std::shared_ptr<lookup_call> last = std::move(kept_);
      return;
    }
    owner->finish(*this, result_);
  }
  void orphaned() noexcept override { const std::shared_ptr<lookup_call> last = std::move(kept_); }

  const host_lookup lookup_;
  outcome<host_addresses> result_;
  std::shared_ptr<lookup_call> kept_;  // itself, once it has been given up
  event_loop* loop_ = nullptr;
};

/// By a coroutine, in a task.
class awaited_call final : public lookup_call, private runnable, public std::enable_shared_from_this<awaited_call> {
 public:
  awaited_call(std::string host, std::shared_ptr<host_resolver> resolver)
      : lookup_call(std::move(host)), resolver_(std::move(resolver)) {}

  void start() {
    task_ = create_task(run_look_up(answer(shared_from_this()), resolver_));
    task_.name("look-up of " + host());
  }

  // A cancellation is on its way, and may stand in the task already: it is told later.
  void give_up(std::shared_ptr<lookup_call> self) noexcept override {
    name_service& service = *owner;
    owner = nullptr;
    kept_ = std::move(self);
    service.loop().scheduler().make_ready(*this);
  }

 private:
  /// Tells the waiters, also when the coroutine never comes to its end.
  class answer {
   public:
    explicit answer(std::shared_ptr<awaited_call> call) noexcept : call_(std::move(call)) {}
    answer(answer&&) = default;
    answer& operator=(answer&&) = delete;
    ~answer() {
      if (call_ == nullptr || call_->owner == nullptr) return;
      if (!given_)
        result = outcome<host_addresses>::from_exception(
            std::make_exception_ptr(cancelled_error("the look-up of " + call_->host() + " was cancelled")));
      call_->owner->finish(*call_, result);
    }
    const std::string& host() const noexcept { return call_->host(); }
    void give() noexcept { given_ = true; }

    outcome<host_addresses> result;

   private:
    std::shared_ptr<awaited_call> call_;
    bool given_ = false;
  };

  static coro<> run_look_up(answer to, std::shared_ptr<host_resolver> resolver) {
    try {
      const host_addresses found = co_await resolver->look_up(to.host());
      to.result.emplace(tidied(found, to.host()));
    } catch (...) {
      to.result = outcome<host_addresses>::from_exception(std::current_exception());
    }
    to.give();
  }

  void run() noexcept override {
    const std::shared_ptr<lookup_call> last = std::move(kept_);
    task_.cancel("nobody waits for this look-up any more");
    task_ = {};
  }

  const std::shared_ptr<host_resolver> resolver_;
  task<> task_;
  std::shared_ptr<lookup_call> kept_;  // itself, while it stands in the ready queue
};

}  // namespace

name_service::name_service(event_loop& loop) : loop_(loop), lookup_(system_lookup) {}

void name_service::set_lookup(host_lookup lookup) {
  lookup_ = lookup ? std::move(lookup) : host_lookup(system_lookup);
  resolver_ = nullptr;
  resolver_changed();
}

void name_service::set_resolver(std::shared_ptr<host_resolver> resolver) {
  resolver_ = std::move(resolver);
  lookup_ = system_lookup;
  resolver_changed();
}

const host_addresses* name_service::remembered(const std::string& host) { return cache_.find(host, now()); }

std::shared_ptr<lookup_call> name_service::begin(const std::string& host) {
  if (resolver_ != nullptr) {
    auto call = std::make_shared<awaited_call>(host, resolver_);
    call->start();
    return call;
  }
  if (!threads_) threads_.emplace(most_threads, "eddy-names");
  auto call = std::make_shared<blocking_call>(host, lookup_);
  call->start(*this);
  return call;
}

void name_service::resolver_changed() noexcept {
  cache_.clear();
  for (auto& [host, call] : calls_) call->current = false;
}

lookup_call& name_service::call_for(const std::string& host) {
  const auto [first, last] = calls_.equal_range(host);
  const auto shared = std::find_if(first, last, [](const auto& each) { return each.second->current; });
  if (shared != last) return *shared->second;
  const auto made = calls_.emplace(host, nullptr);
  try {
    made->second = begin(host);
  } catch (...) {
    calls_.erase(made);
    throw;
  }
  made->second->owner = this;
  return *made->second;
}

void name_service::wait_for(lookup_wait& waiter, const std::string& host) {
  waiter.call = &call_for(host);
  waiter.call->waiters.push_back(waiter);
}

/// Out of the map.
std::shared_ptr<lookup_call> name_service::take(const lookup_call& call) noexcept {
  const auto [first, last] = calls_.equal_range(call.host());
  const auto at = std::find_if(first, last, [&call](const auto& each) { return each.second.get() == &call; });
  std::shared_ptr<lookup_call> taken = std::move(at->second);
  calls_.erase(at);
  return taken;
}

void name_service::leave(lookup_call& call) noexcept {
  if (call.waiters.empty()) call.give_up(take(call));
}

void name_service::finish(lookup_call& call, const outcome<host_addresses>& result) noexcept {
  // From here on a waiter that leaves while another is told has nothing to give up.
  call.owner = nullptr;
  const std::shared_ptr<lookup_call> self = take(call);
  try {
    if (result.has_value() && call.current) cache_.store(call.host(), *result, now());
  } catch (const std::bad_alloc&) {
    // It is not remembered then.
  }
  while (!call.waiters.empty()) {
    lookup_wait& waiter = call.waiters.pop_front();
    waiter.result = result;
    waiter.grant();
  }
}

}  // namespace eddy::detail
