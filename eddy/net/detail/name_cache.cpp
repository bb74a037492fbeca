// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/detail/name_cache.hpp"

namespace eddy::detail {

void name_cache::configure(std::chrono::nanoseconds keep, std::size_t hosts) {
  clear();
  keep_ = keep;
  most_ = hosts;
}

void name_cache::clear() noexcept {
  by_host_.clear();
  answers_.clear();
}

const std::vector<ip_address>* name_cache::find(const std::string& host, time_point at) {
  while (!answers_.empty() && answers_.front().until <= at) forget_oldest();
  const auto found = by_host_.find(host);
  return found == by_host_.end() ? nullptr : &found->second->addresses;
}

void name_cache::store(const std::string& host, const std::vector<ip_address>& addresses, time_point at) {
  if (keep_.count() <= 0 || most_ == 0) return;
  if (const auto old = by_host_.find(host); old != by_host_.end()) {
    answers_.erase(old->second);
    by_host_.erase(old);
  }
  if (by_host_.size() >= most_) forget_oldest();
  answers_.emplace_back(host, addresses, at + keep_);
  by_host_.emplace(host, std::prev(answers_.end()));
}

void name_cache::forget_oldest() noexcept {
  by_host_.erase(answers_.front().host);
  answers_.pop_front();
}

}  // namespace eddy::detail
