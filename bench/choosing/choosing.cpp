// SPDX-License-Identifier: BSL-1.0
// The same job as a plain loop, with threads and with coroutines: the figures of docs/guide/choosing.md.
//
//   bench_choosing [requests, default 200]
//
// The best of five runs each. Processor time is that of all threads together; for the requests the server's, which is
// the same in each row, is in it.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "bench/choosing/files.hpp"
#include "bench/choosing/hashing.hpp"
#include "bench/choosing/requests.hpp"
#include "bench/choosing/slow_server.hpp"

namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;

milliseconds processor_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) { return milliseconds(1000.0 * double(t.tv_sec) + double(t.tv_usec) / 1000.0); };
  return of(used.ru_utime) + of(used.ru_stime);
}

void measure(const char* job, const char* way, const std::function<void()>& run) {
  milliseconds elapsed(1e12);
  milliseconds processor(1e12);
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto used = processor_time();
    run();
    elapsed = std::min<milliseconds>(elapsed, std::chrono::steady_clock::now() - start);
    processor = std::min(processor, processor_time() - used);
  }
  std::printf("| %s | %s | %.1f ms | %.1f ms |\n", job, way, elapsed.count(), processor.count());
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
  const std::string asking = std::to_string(count) + " requests of 10 ms";
  std::printf("| job | way | time | processor time |\n|---|---|---|---|\n");

  const choosing::slow_server server(10ms);
  measure(asking.c_str(), "loop", [&] { choosing::requests_in_a_loop(server.port(), count); });
  measure(asking.c_str(), "threads", [&] { choosing::requests_in_threads(server.port(), count); });
  measure(asking.c_str(), "coroutines", [&] { choosing::requests_in_coroutines(server.port(), count); });

  constexpr int jobs = 64;
  constexpr long rounds = 2'000'000;
  measure("64 digests", "loop", [] { choosing::hashing_in_a_loop(jobs, rounds); });
  measure("64 digests", "threads", [] { choosing::hashing_in_threads(jobs, rounds); });
  measure("64 digests", "coroutines", [] { choosing::hashing_in_coroutines(jobs, rounds); });
  measure("64 digests", "coroutines and to_thread", [] { choosing::hashing_in_coroutines_and_threads(jobs, rounds); });

  const choosing::small_files files(1000);
  measure("1000 files of 4 KiB", "loop", [&] { choosing::files_in_a_loop(files); });
  measure("1000 files of 4 KiB", "threads", [&] { choosing::files_in_threads(files); });
  measure("1000 files of 4 KiB", "coroutines and to_thread", [&] { choosing::files_in_coroutines(files); });
}
