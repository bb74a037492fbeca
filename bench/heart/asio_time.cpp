// SPDX-License-Identifier: BSL-1.0
// The rows of the heart on Asio: timers, timeouts, cancellation.
#include <memory>

#include "asio_rows.hpp"

namespace {

using asio::awaitable;
using asio::use_awaitable;
using heart::check;
using heart::report_ns;
using heart::units;

awaitable<void> sleeper(asio::io_context& loop, std::chrono::milliseconds how_long, long& woken) {
  asio::steady_timer timer(loop, how_long);
  co_await timer.async_wait(use_awaitable);
  ++woken;
}

/// COUNT tasks that sleep for 1 to 1,000 ms: the process's processor time for one, from spawning to the last wake-up.
void sleeps(long count) {
  const double before = heart::cpu_time();
  asio::io_context loop(1);
  long woken = 0;
  for (long i = 0; i < count; ++i) asio::co_spawn(loop, sleeper(loop, heart::sleep_of(i), woken), rethrow);
  loop.run();
  check(woken == count, "sleeps");
  heart::figure("cpu_ns", (heart::cpu_time() - before) / static_cast<double>(count));
}

/// Arms and cancels one timer among COUNT others; the handlers that were told so run every 1,000 times.
void arm_cancel(long count) {
  asio::io_context loop(1);
  std::vector<std::unique_ptr<asio::steady_timer>> others;
  for (long i = 0; i < count; ++i) {
    others.push_back(std::make_unique<asio::steady_timer>(loop, std::chrono::seconds(60) + heart::sleep_of(i)));
    others.back()->async_wait([](error_code) {});
  }
  const long n = units(1'000'000);
  asio::steady_timer one(loop);
  report_ns(n, [&] {
    long told = 0;
    for (long i = 0; i < n; ++i) {
      one.expires_after(std::chrono::seconds(60) + heart::sleep_of(i));
      one.async_wait([&told](error_code error) { told += error == asio::error::operation_aborted; });
      one.cancel();
      if (i % 1000 == 999) loop.poll();
    }
    loop.poll();
    check(told == n, "arm_cancel");
  });
}

awaitable<long> one_yield() {
  co_await asio_yield();
  co_return 1;
}

void timeout_idle(long) {
  using namespace asio::experimental::awaitable_operators;
  const long n = units(20'000);
  report_ns(n, [n] {
    run_main([n](asio::io_context& loop) -> awaitable<void> {
      long sum = 0;
      for (long i = 0; i < n; ++i) {
        asio::steady_timer timer(loop, std::chrono::seconds(1));
        const auto got = co_await (one_yield() || timer.async_wait(use_awaitable));
        if (got.index() == 0) sum += std::get<0>(got);
      }
      check(sum == n, "timeout_idle");
    });
  });
}

awaitable<void> sleep_deep(asio::io_context& loop, long depth) {
  if (depth <= 1) {
    asio::steady_timer timer(loop, std::chrono::hours(1));
    co_await timer.async_wait(use_awaitable);
  } else {
    co_await sleep_deep(loop, depth - 1);
  }
}

/// Sleepers, COUNT frames deep: cancel each, and its completion handler is told. Spawning is not counted.
void cancel(long depth) {
  const long n = units(depth > 1 ? 10'000 : 50'000);
  heart::report(
      "ns", n, 1,
      [=] {
        asio::io_context loop(1);
        std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
        long told = 0;
        for (long i = 0; i < n; ++i) {
          signals.push_back(std::make_unique<asio::cancellation_signal>());
          const auto finished = [&told](std::exception_ptr error) { told += error != nullptr; };
          asio::co_spawn(loop, sleep_deep(loop, depth), asio::bind_cancellation_slot(signals.back()->slot(), finished));
        }
        loop.poll();
        const auto start = heart::clock::now();
        for (const auto& one : signals) one->emit(asio::cancellation_type::terminal);
        loop.run();
        const double spent = heart::since(start);
        check(told == n, "cancel");
        return spent;
      },
      3);
}

constexpr heart::row rows[] = {
    {"sleeps", 1'000'000, sleeps},
    {"arm_cancel", 100'000, arm_cancel},
    {"timeout_idle", 0, timeout_idle},
    {"cancel", 1, cancel},
};

}  // namespace

const std::span<const heart::row> asio_time_rows = rows;
