// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/detail/server_core.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/resolver.hpp"

namespace eddy::detail {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{1000};
constexpr int most_tries_for_a_port = 16;

/// Names may share an address, and a host may be listed beside its name.
void add_once(std::vector<listen_place>& all, const listen_place& place) {
  const bool known = place.address() && std::any_of(all.begin(), all.end(), [&place](const listen_place& each) {
                       return each.address() == place.address();
                     });
  if (!known) all.push_back(place);
}

/// Whether this machine has the address: a name may stand for ::1 where there is no IPv6.
bool is_here(const endpoint& at) noexcept {
  sockaddr_storage address{};
  const socklen_t size = endpoint(at.address(), 0).to_system(address);
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno != EAFNOSUPPORT;
  const bool missing = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 && errno == EADDRNOTAVAIL;
  ::close(fd);
  return !missing;
}

/// Of a name's addresses those that are here. When none is, all of them, so that the error tells of it.
void add_host(std::vector<listen_place>& all, const std::vector<endpoint>& addresses) {
  const bool any = std::any_of(addresses.begin(), addresses.end(), is_here);
  for (const endpoint& each : addresses)
    if (!any || is_here(each)) add_once(all, each);
}

/// Whether the choice of a port is ours, so that another may do.
bool asks_for_any_port(const std::vector<listen_place>& all) {
  const auto any_port = [](const listen_place& each) {
    const endpoint* const at = each.address().as_endpoint();
    return at != nullptr && at->port() == 0;
  };
  const bool owned = std::none_of(all.begin(), all.end(), [](const auto& each) { return each.inherited() != nullptr; });
  return owned && std::count_if(all.begin(), all.end(), any_port) > 1;
}

connection_ref share(connection& c) noexcept {
  c.retain();
  return connection_ref(&c);
}

}  // namespace

std::coroutine_handle<> server_task::tell_ended() noexcept {
  set_looked_at();  // the server reports it
  server().task_ended(*this);
  return typed_task::tell_ended();
}

coro<> server_core::start() {
  std::vector<listen_place> all;
  for (const listen_place& each : places) {
    if (!each.is_host()) {
      add_once(all, each);
    } else if (each.host().empty()) {
      const std::vector<endpoint> everywhere{endpoint(ip_address(), each.port()),
                                             endpoint(ip_address::v6({}), each.port())};
      add_host(all, everywhere);
    } else {
      const std::vector<endpoint> found = co_await resolve(each.host(), each.port());
      add_host(all, found);
    }
  }
  // The port that the system gives the first socket may be taken on the address of another.
  for (int tries = 1;; ++tries) {
    try {
      listen(all);
      break;
    } catch (const std::system_error& e) {
      const bool other_port = e.code() == std::errc::address_in_use && asks_for_any_port(all);
      if (!other_port || tries == most_tries_for_a_port) throw;
    }
  }
  start_accepting();
}

void server_core::listen(const std::vector<listen_place>& all) {
  std::list<listener> made;
  std::vector<endpoint> endpoints;
  std::vector<socket_address> addresses;
  std::uint16_t shared_port = 0;
  for (const listen_place& place : all) {
    if (inherited_socket* const from = place.inherited()) {
      made.emplace_back(std::move(*from));
    } else if (const endpoint* const at = place.address().as_endpoint()) {
      const bool shares = at->port() == 0;
      made.emplace_back(endpoint(at->address(), shares ? shared_port : at->port()), listening);
      if (shares) shared_port = made.back().port();
    } else {
      made.emplace_back(place.address(), listening);
    }
    addresses.push_back(made.back().local_address());
    if (const endpoint* const at = addresses.back().as_endpoint()) endpoints.push_back(*at);
  }
  listeners_ = std::move(made);
  endpoints_ = std::move(endpoints);
  addresses_ = std::move(addresses);
}

void server_core::start_accepting() {
  for (listener& each : listeners_) {
    accepting_.push_back(create_task(accept_all(shared_from_this(), each)));
    accepting_.back().name("accept on " + each.local_address().to_string());
  }
}

coro<> server_core::accept_all(std::shared_ptr<server_core> self, listener& from) {
  milliseconds pause = first_pause;
  while (true) {
    co_await self->room_.wait();
    std::exception_ptr error;
    try {
      stream accepted = co_await from.accept();
      ++self->counts_.accepted;
      self->start_handler(std::move(accepted));
      pause = first_pause;
      continue;
    } catch (const closed_error&) {
      co_return;
    } catch (...) {
      error = std::current_exception();
    }
    // Out of descriptors or memory: the connection stays in the kernel, and asking again at once would only burn the
    // processor.
    ++self->counts_.accept_errors;
    if (pause == first_pause) self->report("a server cannot accept connections and tries again", error);
    co_await self->pause_accepting(pause);
    pause = std::min(2 * pause, longest_pause);
  }
}

/// Until something of ours may have become free, or the time is up.
coro<> server_core::pause_accepting(std::chrono::nanoseconds limit) {
  freed_.clear();
  co_await race(freed_.wait(), sleep(limit));
}

server_statistics server_core::statistics() const noexcept {
  server_statistics all = counts_;
  all.active = active_;
  return all;
}

void server_core::start_handler(stream connection) {
  if (security != nullptr) {
    start_task({}, secure_and_serve(shared_from_this(), std::move(connection)));
    return;
  }
  connection_ref kept = connection.shared();
  kept->set_server(this);
  coro<> work;
  try {
    work = handler_->handle(std::move(connection), shared_from_this());
    if (!work) throw misuse_error("the handler of a connection returned no coroutine");
  } catch (...) {  // one that is no coroutine itself
    settle(std::move(kept), std::current_exception(), false);
    return;
  }
  start_task(std::move(kept), std::move(work));
}

void server_core::start_task(connection_ref kept, coro<> work) {
  tasks_ = &current_registry();
  scheduler& s = tasks_->loop().scheduler();
  server_task* const task = kept ? static_cast<server_task*>(new handler_task(s, std::move(kept), std::move(work)))
                                 : new errand_task(s, *this, std::move(work));
  if (++active_ == 1) self_ = shared_from_this();
  idle_.clear();
  if (active_ >= max_connections) room_.clear();
  task->start(*tasks_, __builtin_return_address(0));
}

void server_core::task_ended(server_task& task) noexcept {
  using end = task_state::end;
  settle(task.take_connection(), task.how() == end::exception ? task.exception() : nullptr,
         task.how() == end::cancelled || task.cancel_requested());
  --active_;
  room_.set();
  freed_.set();
  if (active_ != 0) return;
  idle_.set();
  const std::shared_ptr<server_core> last = std::move(self_);
}

/// What is left to do for a connection whose handler has ended.
void server_core::settle(connection_ref kept, std::exception_ptr error, bool cancelled) noexcept {
  if (error != nullptr) {
    if (kept && kept->server() != nullptr) kept->last().abort();
    failed(std::move(error));
  } else if (kept && !cancelled) {
    kept = share(kept->last());  // it may have become a secure one
    kept->set_server(nullptr);
    if (!kept->left_to_server) return;
    try {
      start_task({}, finish_left(shared_from_this(), std::move(kept)));
    } catch (...) {
      failed(std::current_exception());
    }
  }
}

coro<> server_core::finish_left(std::shared_ptr<server_core> self, connection_ref left) {
  co_await finish(left, self->close_timeout);
}

coro<> server_core::secure_and_serve(std::shared_ptr<server_core> self, stream connection) {
  const server_security_ref security = self->security;
  std::exception_ptr error;
  try {
    connection = co_await start_tls(std::move(connection), security);
  } catch (...) {
    error = std::current_exception();
  }
  if (error == nullptr)
    co_await serve_secured(self, std::move(connection));
  else
    security->report_failure(error);
}

coro<> server_core::serve_secured(std::shared_ptr<server_core> self, stream connection) {
  connection_ref kept = connection.shared();
  kept->set_server(self.get());
  std::exception_ptr error;
  try {
    co_await self->handler_->handle(std::move(connection), self);
    kept = share(kept->last());
    kept->set_server(nullptr);
    if (kept->left_to_server) co_await finish(kept, self->close_timeout);
  } catch (...) {
    error = std::current_exception();
  }
  if (error != nullptr) self->settle(kept, error, false);
}

void server_core::failed(std::exception_ptr error) noexcept {
  ++counts_.failed;
  report("the handler of a connection failed", std::move(error));
}

void server_core::cancel_handlers(const char* reason) noexcept {
  if (active_ == 0) return;
  intrusive_list<task_state>& all = tasks_->roots();
  for (task_state* each = all.first(); each != nullptr; each = all.after(*each)) {
    // The one whose end is being told, by which somebody destroys the server, has given up its connection.
    const auto* const ours = each->done() ? nullptr : dynamic_cast<server_task*>(each);
    if (ours != nullptr && &ours->server() == this) each->cancel(reason);
  }
}

void server_core::report(const std::string& what, std::exception_ptr error) noexcept {
  event_loop::current().handle_exception({what, std::move(error)});
}

void server_core::close() {
  if (closed_.is_set()) return;
  closed_.set();
  for (listener& each : listeners_) each.close();
}

coro<> server_core::wait_for_handlers() { co_await idle_.wait(); }

coro<> server_core::wait_ended() {
  co_await closed_.wait();
  co_await idle_.wait();
}

coro<> server_core::stop() {
  close();
  for (task<>& each : accepting_) {
    const auto end = co_await as_outcome(cancel_and_join(each));
    if (end.has_exception()) report("accepting connections failed", end.exception());
  }
  accepting_.clear();
  if (!idle_.is_set()) {
    try {
      co_await wait_for(wait_for_handlers(), close_timeout);
    } catch (const timeout_error&) {
      cancel_handlers("the server closes");
    }
    co_await wait_for_handlers();
  }
}

void server_core::abort() noexcept {
  close();
  for (task<>& each : accepting_) each.cancel("the server was destroyed");
  cancel_handlers("the server was destroyed");
}

}  // namespace eddy::detail
