// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/detail/connection_race.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/event.hpp"

namespace eddy::detail {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_pause{50};  // between two tries at a Unix listener whose queue is full

/// Ready to connect. @throws std::system_error
owned<socket> prepared(int family, const attempt_settings& settings) {
  owned<socket> made = socket::make(family, SOCK_STREAM);
  if (settings.nodelay && family != AF_UNIX) made->set_nodelay(true);
  made->set_options(settings.options);
  if (settings.local && family != AF_UNIX) {
    if (socket_address(*settings.local).family() != family)
      throw std::system_error(std::make_error_code(std::errc::address_family_not_supported));
    // Many connections may come from one port, as long as they go to different places.
    if (settings.local->port() != 0) made->set_option(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    made->bind(*settings.local, "connect from");
  }
  return made;
}

/// Whether a port of this machine on which nobody listens was met by the very socket that asks for it: TCP's
/// simultaneous open with itself.
bool met_itself(const socket& made, const endpoint& to, const attempt_settings& settings) {
  return !settings.local && made.local_endpoint() == to;
}

/// What the attempts of one race share.
class connection_race {
 public:
  connection_race(std::vector<endpoint> addresses, const attempt_settings& settings)
      : settings_(settings), addresses_(std::move(addresses)), failed_(addresses_.size()) {}

  /// Tries address number `index`. @returns when that has ended.
  coro<> attempt(std::size_t index) {
    const endpoint& to = addresses_[index];
    const time_point start = now();
    if (index == 0) start_ = start;
    ++running_;
    int error = 0;
    owned<socket> made;
    try {
      made = prepared(socket_address(to).family(), settings_);
    } catch (const std::system_error& e) {  // this machine has no IPv6, say
      error = e.code().value();
    }
    if (error == 0) error = co_await made->connect(to);
    if (error == 0 && met_itself(*made, to, settings_)) error = ECONNREFUSED;
    --running_;
    if (error != 0)
      failed_[index].emplace(to, std::error_code(error, std::generic_category()), start - start_, now() - start);
    else if (winner_ == nullptr)
      winner_ = std::move(made);
    changed_.set();
  }

  coro<> run(task_group& group) {
    for (std::size_t i = 0; i < addresses_.size() && winner_ == nullptr; ++i) {
      changed_.clear();
      group.create_task(eager, [this, i] { return attempt(i); });
      if (i + 1 < addresses_.size()) co_await race(changed_.wait(), sleep(settings_.delay));
    }
    while (winner_ == nullptr && running_ != 0) {
      changed_.clear();
      co_await changed_.wait();
    }
    group.cancel("another address took the connection");
  }

  /// @throws connect_error  Nobody has won.
  owned<socket> result(const std::string& target) {
    if (winner_ != nullptr) return std::move(winner_);
    std::vector<connect_error::attempt> attempts;
    for (std::optional<connect_error::attempt>& each : failed_)
      if (each) attempts.push_back(std::move(*each));
    throw connect_error(target, std::move(attempts));
  }

  std::size_t size() const noexcept { return addresses_.size(); }

 private:
  const attempt_settings& settings_;
  std::vector<endpoint> addresses_;
  std::vector<std::optional<connect_error::attempt>> failed_;
  owned<socket> winner_;
  std::size_t running_ = 0;
  time_point start_{};
  event changed_{"a connection attempt has ended"};
};

}  // namespace

std::vector<endpoint> interleaved(const std::vector<endpoint>& addresses, std::size_t first) {
  if (addresses.empty()) return {};
  const bool v6_first = addresses.front().address().is_v6();
  std::vector<endpoint> preferred;
  std::vector<endpoint> others;
  for (const endpoint& each : addresses) (each.address().is_v6() == v6_first ? preferred : others).push_back(each);
  std::vector<endpoint> ordered;
  std::size_t of_preferred = std::min(first == 0 ? preferred.size() : first, preferred.size());
  ordered.insert(ordered.end(), preferred.begin(), preferred.begin() + static_cast<std::ptrdiff_t>(of_preferred));
  for (std::size_t i = 0; i < others.size() || of_preferred < preferred.size(); ++i) {
    if (i < others.size()) ordered.push_back(others[i]);
    if (of_preferred < preferred.size()) ordered.push_back(preferred[of_preferred++]);
  }
  return ordered;
}

coro<owned<socket>> race_connections(std::vector<endpoint> addresses, const attempt_settings& settings,
                                     std::string target) {
  connection_race attempts(std::move(addresses), settings);
  if (attempts.size() == 1)
    co_await attempts.attempt(0);
  else
    co_await with(task_group(), [&attempts](task_group& group) { return attempts.run(group); });
  co_return attempts.result(target);
}

coro<owned<socket>> connect_unix(unix_address to, const attempt_settings& settings) {
  const time_point start = now();
  int error = 0;
  try {
    owned<socket> made = prepared(AF_UNIX, settings);
    for (milliseconds pause(1);; pause = std::min(2 * pause, longest_pause)) {
      error = co_await made->connect(to);
      if (error == 0) co_return std::move(made);
      if (error != EBUSY) break;
      co_await sleep(pause);
    }
  } catch (const std::system_error& e) {
    error = e.code().value();
  }
  std::vector<connect_error::attempt> attempts;
  attempts.emplace_back(to, std::error_code(error, std::generic_category()), std::chrono::nanoseconds(0),
                        now() - start);
  throw connect_error(to.to_string(), std::move(attempts));
}

}  // namespace eddy::detail
