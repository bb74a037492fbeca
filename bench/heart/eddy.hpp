// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include "bench/heart/measure.hpp"
#include "eddy/coro/coro.hpp"

// eddy's rows of the heart, each a coroutine that measures `units` of its work once and gives the seconds.

namespace bench {

using eddy::coro;

/// The seconds of a piece of work.
class stopwatch {
 public:
  double seconds() const { return heart::since(start_) * 1e-9; }

 private:
  heart::clock::time_point start_ = heart::clock::now();
};

// What a row measures. `units` is what the time is divided by; `count` how many tasks, timers or frames take part.

// eddy_tasks.cpp
coro<double> await_ready(std::size_t units, std::size_t count);
coro<double> chain_yield(std::size_t units, std::size_t count);
coro<double> spawn_join(std::size_t units, std::size_t count);
coro<double> gather_all(std::size_t units, std::size_t count);
coro<double> yield_all(std::size_t units, std::size_t count);
coro<double> task_bytes(std::size_t units, std::size_t count);  // prints the bytes itself

// eddy_sync.cpp
coro<double> queue_handoff(std::size_t units, std::size_t count);
coro<double> mutex_free(std::size_t units, std::size_t count);
coro<double> mutex_contended(std::size_t units, std::size_t count);

// eddy_time.cpp
coro<double> sleep_all(std::size_t units, std::size_t count);  // seconds of the processor
coro<double> arm_cancel(std::size_t units, std::size_t count);
coro<double> timeout_idle(std::size_t units, std::size_t count);
coro<double> cancel_sleepers(std::size_t units, std::size_t count);

// eddy_threads.cpp
inline constexpr std::chrono::microseconds spinning{50};  // where a row is about threads that do not sleep at once
coro<double> post(std::size_t units, std::size_t count);
coro<double> round_trip_one_core(std::size_t units, std::size_t count);
coro<double> round_trip_two_cores(std::size_t units, std::size_t count);
coro<double> to_thread_empty(std::size_t units, std::size_t count);

}  // namespace bench
