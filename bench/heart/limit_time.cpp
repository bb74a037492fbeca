// SPDX-License-Identifier: BSL-1.0
// The ruler's rows of timers, timeouts and cancellation.
#include <memory>

#include "limit_rows.hpp"
#include "limit_threads.hpp"

namespace {

using namespace limit;
using heart::check;
using heart::report_ns;
using heart::units;

task<> sleeper(nanoseconds how_long, long& woken) {
  co_await sleep_for(how_long);
  ++woken;
}

/// COUNT tasks that sleep for 1 to 1,000 ms: the process's processor time for one, from spawning to the last wake-up.
void sleeps(long count) {
  read_clock();
  const double before = heart::cpu_time();
  run_main([count]() -> coro<> {
    long woken = 0;
    std::vector<task<>> all;
    all.reserve(static_cast<std::size_t>(count));
    latch finished;
    finished.left = static_cast<std::size_t>(count);
    for (long i = 0; i < count; ++i) {
      const auto how_long = std::chrono::nanoseconds(heart::sleep_of(i)).count();
      all.emplace_back(sleeper(how_long, woken)).tell(finished);
    }
    co_await joined(finished);
    check(woken == count, "sleeps");
  });
  heart::figure("cpu_ns", (heart::cpu_time() - before) / static_cast<double>(count));
}

void arm_cancel(long count) {
  std::vector<std::unique_ptr<timer>> others;
  read_clock();
  for (long i = 0; i < count; ++i) {
    others.push_back(std::make_unique<timer>());
    others.back()->arm(now + std::chrono::nanoseconds(std::chrono::seconds(60) + heart::sleep_of(i)).count());
  }
  const long n = units(4'000'000);
  timer one;
  report_ns(n, [&] {
    for (long i = 0; i < n; ++i) {
      one.arm(now + std::chrono::nanoseconds(std::chrono::seconds(60) + heart::sleep_of(i)).count());
      one.disarm();
    }
  });
}

coro<long> one_yield() {
  co_await yield();
  co_return 1;
}

void timeout_idle(long) {
  const long n = units(1'000'000);
  read_clock();
  report_ns(n, [n] {
    run_main([n]() -> coro<> {
      long sum = 0;
      for (long i = 0; i < n; ++i) {
        const std::optional<long> got = co_await wait_for(one_yield(), 1'000'000'000);
        sum += got.value_or(0);
      }
      check(sum == n, "timeout_idle");
    });
  });
}

coro<> sleep_deep(long depth) {
  if (depth <= 1) {
    co_await sleep_for(3'600'000'000'000);
  } else {
    co_await sleep_deep(depth - 1);
  }
}

/// The task's own frame is the first of `depth`.
task<> deep_sleeper(long depth) {
  if (depth <= 1) {
    co_await sleep_for(3'600'000'000'000);
  } else {
    co_await sleep_deep(depth - 1);
  }
}

task<> joiner(latch& all) { co_await joined(all); }

/// 100,000 sleepers, COUNT frames deep: cancel each; one joiner waits for all. Spawning is not counted.
void cancel(long depth) {
  const long n = units(100'000);
  read_clock();
  heart::report("ns", n, 1, [=] {
    double spent = 0;
    run_main([&]() -> coro<> {
      std::vector<task<>> all;
      latch finished;
      finished.left = static_cast<std::size_t>(n);
      for (long i = 0; i < n; ++i) all.emplace_back(deep_sleeper(depth)).tell(finished);
      task<> told = joiner(finished);
      co_await yield();
      const auto start = heart::clock::now();
      for (task<>& one : all) one.cancel();
      co_await join(told);
      spent = heart::since(start);
    });
    check(timers.empty(), "cancel leaves timers");
    return spent;
  });
}

constexpr heart::row rows[] = {
    {"sleeps", 1'000'000, sleeps},
    {"arm_cancel", 100'000, arm_cancel},
    {"timeout_idle", 0, timeout_idle},
    {"cancel", 1, cancel},
};

}  // namespace

const std::span<const heart::row> limit_time_rows = rows;
