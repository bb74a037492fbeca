// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/tls/detail/session_cache.hpp"

#include <algorithm>
#include <utility>

namespace eddy::tls::detail {

namespace {

constexpr long most_of_a_key = 4;

}  // namespace

void session_cache::put(const std::string& key, session_ptr session) {
  const std::lock_guard lock(guard_);
  all_.push_front({key, std::move(session)});
  const auto same = [&](const kept& each) { return each.key == key; };
  if (std::count_if(all_.begin(), all_.end(), same) > most_of_a_key)
    all_.erase(std::prev(std::find_if(all_.rbegin(), all_.rend(), same).base()));
  if (all_.size() > most) all_.pop_back();
}

session_ptr session_cache::take(const std::string& key) {
  const std::lock_guard lock(guard_);
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const kept& each) { return each.key == key; });
  if (found == all_.end()) return nullptr;
  const bool good = SSL_SESSION_is_resumable(found->session.get()) == 1;
  if (good && SSL_SESSION_get_protocol_version(found->session.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(found->session.get());
    return session_ptr(found->session.get());
  }
  session_ptr taken = std::move(found->session);
  all_.erase(found);
  return good ? std::move(taken) : nullptr;
}

}  // namespace eddy::tls::detail
