// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "eddy/loop/event_loop.hpp"
#include "eddy/net/address.hpp"

namespace eddy::detail {

/// The addresses of some hosts, each for some time. The oldest answers go when there is no room.
class name_cache {
 public:
  /// Forgets everything.
  void configure(std::chrono::nanoseconds keep, std::size_t hosts);
  void clear() noexcept;
  /// @returns null when it is not known (any more).
  const std::vector<ip_address>* find(const std::string& host, time_point at);
  void store(const std::string& host, const std::vector<ip_address>& addresses, time_point at);
  std::size_t size() const noexcept { return by_host_.size(); }

 private:
  struct answer {
    answer(std::string h, std::vector<ip_address> a, time_point u)
        : host(std::move(h)), addresses(std::move(a)), until(u) {}
    std::string host;
    std::vector<ip_address> addresses;
    time_point until;
  };
  void forget_oldest() noexcept;

  std::chrono::nanoseconds keep_ = std::chrono::seconds(5);
  std::size_t most_ = 1024;
  std::list<answer> answers_;  // the one that ends first in front
  std::map<std::string, std::list<answer>::iterator> by_host_;
};

}  // namespace eddy::detail
