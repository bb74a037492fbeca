// SPDX-License-Identifier: BSL-1.0
// The rows of the heart on Asio: between threads.
#include <thread>

#include "asio_rows.hpp"

namespace {

using asio::awaitable;
using asio::use_awaitable;
using heart::units;

/// Another thread posts to the loop, both on one core.
void post(long) {
  heart::pin(1);
  const long n = units(200'000);
  asio::io_context loop(1);  // one thread runs it; others may post
  const auto work = asio::make_work_guard(loop);
  heart::report_ns(n, [&] {
    long seen = 0;
    std::thread poster([&] {
      for (long i = 0; i < n; ++i) {
        asio::post(loop, [&] {
          if (++seen == n) loop.stop();
        });
      }
    });
    loop.run();
    loop.restart();
    poster.join();
    heart::check(seen == n, "post");
  });
}

/// A thread posts to the loop and sleeps until the loop has answered.
void round_trip(int loop_core, int caller_core) {
  const long n = units(loop_core == caller_core ? 20'000 : 3'000);
  heart::pin(loop_core);
  asio::io_context loop(1);
  auto work = asio::make_work_guard(loop);
  std::thread caller([&] {
    heart::pin(caller_core);
    heart::gate answered;
    heart::report_us(n, [&] {
      for (long i = 0; i < n; ++i) {
        asio::post(loop, [&answered] { answered.open(); });
        answered.wait();
      }
    });
    work.reset();
  });
  loop.run();
  caller.join();
}

void round_trip_one_core(long) { round_trip(1, 1); }
void round_trip_two_cores(long) { round_trip(0, 1); }

/// co_await on(pool, job): what `job` returns, run by a thread of the pool.
template <class Job>
auto on(asio::thread_pool& pool, Job job) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(long)>(
      [&pool](auto handler, Job what) {
        asio::post(pool, [handler = std::move(handler), what = std::move(what)]() mutable {
          const auto loop = asio::get_associated_executor(handler);
          asio::dispatch(loop, [handler = std::move(handler), value = what()]() mutable { std::move(handler)(value); });
        });
      },
      use_awaitable, std::move(job));
}

/// An empty job on a pool of COUNT threads and back, all on one core.
void to_thread(long count) {
  heart::pin(1);
  const long n = units(20'000);
  asio::thread_pool pool(static_cast<std::size_t>(count));
  heart::report_us(n, [&] {
    run_main([&](asio::io_context&) -> awaitable<void> {
      long sum = 0;
      for (long i = 0; i < n; ++i) sum += co_await on(pool, [] { return 1L; });
      heart::check(sum == n, "to_thread");
    });
  });
  pool.join();
}

constexpr heart::row rows[] = {
    {"post", 0, post},
    {"round_trip_one_core", 0, round_trip_one_core},
    {"round_trip_two_cores", 0, round_trip_two_cores},
    {"to_thread", 1, to_thread},
};

}  // namespace

const std::span<const heart::row> asio_thread_rows = rows;
