// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "eddy/loop/event_loop.hpp"
#include "eddy/sync/event.hpp"

namespace choosing {

/// A server on loopback, on a thread of its own: it answers each line, a number, with twice that number, after a while.
class slow_server {
 public:
  /// @param wait  How long each answer takes.
  explicit slow_server(std::chrono::milliseconds wait);
  ~slow_server();
  slow_server(const slow_server&) = delete;
  slow_server& operator=(const slow_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }

 private:
  std::uint16_t port_ = 0;
  eddy::event_loop* loop_ = nullptr;  // of the thread
  eddy::event stop_;                  // used on the thread alone
  std::thread thread_;
};

}  // namespace choosing
