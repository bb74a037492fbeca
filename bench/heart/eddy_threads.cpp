// SPDX-License-Identifier: BSL-1.0
#include <thread>

#include "bench/heart/eddy.hpp"
#include "eddy/coro/future.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/sync/event.hpp"

namespace bench {

namespace {

/// While it lives, a loop that waits for posts alone is not taken for one that can never go on.
class awaited_by_another_thread {
 public:
  awaited_by_another_thread() { future_ = promise_.get_future(); }

 private:
  eddy::promise<> promise_;
  eddy::future<> future_;
};

// A thread asks the loop and waits for its answer.
coro<double> round_trip(std::size_t trips, int loop_core, int caller_core, std::chrono::nanoseconds spin) {
  heart::pin(loop_core);
  eddy::event_loop& loop = eddy::get_running_loop();
  const awaited_by_another_thread open;
  eddy::event all_asked;
  double seconds = 0;
  std::jthread caller([&] {
    heart::pin(caller_core);
    heart::gate answered;
    const stopwatch watch;
    for (std::size_t i = 0; i < trips; ++i) {
      loop.call_soon_threadsafe([&answered] { answered.open(); });
      answered.wait(spin);
    }
    seconds = watch.seconds();
    loop.call_soon_threadsafe([&] { all_asked.set(); });
  });
  co_await all_asked.wait();
  co_return seconds;
}

}  // namespace

// Both threads on one core: what posting and running cost together, without the wake-up of a core that sleeps.
coro<double> post(std::size_t posts, std::size_t) {
  heart::pin(1);
  eddy::event_loop& loop = eddy::get_running_loop();
  const awaited_by_another_thread open;
  eddy::event all_ran;
  std::size_t ran = 0;
  const stopwatch watch;
  std::jthread poster([&] {
    for (std::size_t i = 0; i < posts; ++i)
      loop.call_soon_threadsafe([&] {
        if (++ran == posts) all_ran.set();
      });
  });
  co_await all_ran.wait();
  co_return watch.seconds();
}

coro<double> round_trip_one_core(std::size_t trips, std::size_t) { return round_trip(trips, 1, 1, {}); }
coro<double> round_trip_two_cores(std::size_t trips, std::size_t) { return round_trip(trips, 1, 0, spinning); }

// An empty job on a pool of that many threads, on the loop's own core.
coro<double> to_thread_empty(std::size_t jobs, std::size_t threads) {
  heart::pin(1);
  eddy::thread_pool pool(threads);
  const stopwatch watch;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < jobs; ++i) sum += co_await eddy::run_in_executor(pool, [i] { return i; });
  const double seconds = watch.seconds();
  heart::check(sum == jobs * (jobs - 1) / 2, "jobs on a thread");
  co_return seconds;
}

}  // namespace bench
