// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "bench/heart/eddy.hpp"
#include "eddy/coro/run.hpp"

// bench_heart ROW [COUNT]: what eddy takes for a unit of a row of the heart.
// bench_heart ROW COUNT UNITS: does these units once, for who counts its instructions.

namespace {

using bench::coro;

struct row {
  std::string_view name;
  coro<double> (*measure)(std::size_t units, std::size_t count);
  std::size_t count;  // tasks, timers or frames that take part, unless the command line says it
  std::size_t units;  // what a repetition does; 0 for as many as take part
  const char* figure = "ns";
  double scale = 1e9;
  int repetitions = 5;
  std::chrono::nanoseconds spin{0};
};

constexpr std::array rows{
    row{"await_ready", bench::await_ready, 1, 4'000'000},
    row{"chain_yield", bench::chain_yield, 10, 300'000},
    row{"spawn_join", bench::spawn_join, 1, 2'000'000},
    row{"gather", bench::gather_all, 10'000, 0, "ns", 1e9, 9},
    row{"task_bytes", bench::task_bytes, 100'000, 0, nullptr, 0, 0},
    row{"yield", bench::yield_all, 2, 4'000'000},
    row{"queue_handoff", bench::queue_handoff, 1, 2'000'000},
    row{"mutex_free", bench::mutex_free, 1, 10'000'000},
    row{"mutex_contended", bench::mutex_contended, 100, 2'000'000},
    row{"sleeps", bench::sleep_all, 1'000'000, 0, "cpu_ns", 1e9, 1},
    row{"arm_cancel", bench::arm_cancel, 100'000, 2'000'000},
    row{"timeout_idle", bench::timeout_idle, 1, 2'000'000},
    row{"cancel", bench::cancel_sleepers, 1, 100'000},
    row{"post", bench::post, 1, 500'000},
    row{"round_trip_one_core", bench::round_trip_one_core, 1, 50'000, "us", 1e6},
    row{"round_trip_two_cores", bench::round_trip_two_cores, 1, 50'000, "us", 1e6, 5, bench::spinning},
    row{"to_thread", bench::to_thread_empty, 1, 50'000, "us", 1e6},
};

double run_once(const row& r, std::size_t count, std::size_t units) {
  return eddy::run(eddy::run_options().spin(r.spin),
                   [&]() -> coro<double> { co_return co_await r.measure(units, count); });
}

void measure(const row& r, std::size_t count) {
  const std::size_t units = r.units != 0 ? r.units : count;
  run_once(r, count, units);
  if (r.figure == nullptr) return;  // it printed what it has to say
  std::vector<double> values;
  for (int i = 0; i < r.repetitions; ++i)
    values.push_back(run_once(r, count, units) * r.scale / static_cast<double>(units));
  heart::figure(r.figure, heart::median(values));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const row& r : rows) {
    if (r.name != wanted) continue;
    const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : r.count;
    if (argc > 3)
      run_once(r, count, std::strtoull(argv[3], nullptr, 10));
    else
      measure(r, count);
    return 0;
  }
  std::cerr << "bench_heart ROW [COUNT [UNITS]], where ROW is one of";
  for (const row& r : rows) std::cerr << ' ' << r.name;
  std::cerr << '\n';
  return 2;
}
