// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "eddy/http/client_options.hpp"
#include "eddy/loop/timer_queue.hpp"

namespace eddy::http::detail {

/// What a request is doing.
enum class request_phase : std::uint8_t { wait, connect, send, head, body };

/// When an exchange has to be over, and when the part of it that runs now has to be.
class deadlines {
 public:
  static constexpr time_point never = time_point::max();

  /// The exchange begins.
  void start(time_point now, std::chrono::nanoseconds total) noexcept {
    total_ = after(now, total);
    phase_ = never;
  }
  /// Another part begins, or the same made progress.
  void enter(request_phase what, time_point now, std::chrono::nanoseconds limit) noexcept {
    what_ = what;
    phase_ = after(now, limit);
  }
  /// Another part begins, under the limit of the one before, and at the same moment.
  void go_on_with(request_phase what) noexcept { what_ = what; }
  void lift_total() noexcept { total_ = never; }

  time_point next() const noexcept { return total_ < phase_ ? total_ : phase_; }
  request_phase phase() const noexcept { return what_; }

  /// One of them has been reached: remembers which.
  void expire(time_point now) noexcept { total_expired_ = total_ <= now; }
  bool total_expired() const noexcept { return total_expired_; }

 private:
  static time_point after(time_point now, std::chrono::nanoseconds limit) noexcept {
    return limit >= never - now ? never : now + limit;
  }

  time_point total_ = never;
  time_point phase_ = never;
  request_phase what_ = request_phase::wait;
  bool total_expired_ = false;
};

/// Whoever has a timer for the deadlines: told when they may have come nearer.
class deadline_keeper {
 public:
  virtual void deadline_changed() noexcept = 0;

 protected:
  ~deadline_keeper() = default;
};

/// "no byte for 30 s while waiting for the answer ...": what a timeout says.
std::string describe_timeout(const deadlines& reached, const request_limits& limits);

}  // namespace eddy::http::detail
