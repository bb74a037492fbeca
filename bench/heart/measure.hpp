// SPDX-License-Identifier: BSL-1.0
// What the programs of the heart share, whatever library they measure: repeating, checking, pinning, printing.
//
// Two settings of the environment are for counting instructions, where the clock means nothing: BENCH_ROUNDS repeats
// that often, and then `units` is printed, how many units a round had; BENCH_SHRINK divides the units of a round.
// The instructions of a unit are the difference of two counts of rounds, divided by the units between them.
#pragma once

#include <linux/futex.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace heart {

using clock = std::chrono::steady_clock;

/// One line of the output.
inline void figure(const char* name, double value) { std::printf("%s %.6g\n", name, value); }

/// A wrong result is no result.
inline void check(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::exit(1);
}

inline long setting(const char* name, long otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::atol(text) : otherwise;
}

/// How many units a round has: `n`, fewer where instructions are counted; at least one.
inline long units(long n) { return std::max(1L, n / setting("BENCH_SHRINK", 1)); }

inline double since(clock::time_point start) {
  return std::chrono::duration<double, std::nano>(clock::now() - start).count();
}

inline double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

/// Runs `round` once to warm up and then several times; prints the median of what it returns for one of `units`.
/// `round` returns nanoseconds, so that it can leave its preparations out.
template <class Round>
void report(const char* name, long units, double scale, Round round, long rounds = 7) {
  round();
  std::vector<double> all(static_cast<std::size_t>(std::max(1L, setting("BENCH_ROUNDS", rounds))));
  for (double& one : all) one = round();
  figure(name, median(all) / static_cast<double>(units) / scale);
  if (std::getenv("BENCH_ROUNDS") != nullptr) figure("units", static_cast<double>(units));
}

template <class Round>
auto timed(Round& round) {
  return [&round] {
    const auto start = clock::now();
    round();
    return since(start);
  };
}

/// Prints `ns`, the time of one unit: `round()` does `units` of them.
template <class Round>
void report_ns(long units, Round round, long rounds = 7) {
  report("ns", units, 1, timed(round), rounds);
}

/// Prints `us`, the time of one unit in microseconds.
template <class Round>
void report_us(long units, Round round, long rounds = 5) {
  report("us", units, 1000, timed(round), rounds);
}

/// User and system time of this process so far, in nanoseconds.
inline double cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto nanoseconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_usec) * 1e3;
  };
  return nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
}

/// Resident memory of this process: what a task costs is what it grows by, with all that the allocator adds.
inline double resident_bytes() {
  long pages = 0;
  long resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  check(file != nullptr && std::fscanf(file, "%ld %ld", &pages, &resident) == 2, "cannot read /proc/self/statm");
  std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// How long the i-th sleeper sleeps: 1 to 1,000 whole milliseconds, mixed, the same for all who are measured.
inline std::chrono::milliseconds sleep_of(long i) {
  return std::chrono::milliseconds(1 + static_cast<long>(static_cast<unsigned long>(i) * 2654435761UL % 1000));
}

/// Pins the calling thread, and those that it starts from now on. Ends the program where there is no such core.
inline void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) == 0) return;
  std::fprintf(stderr, "cannot run on core %d\n", core);
  std::exit(77);
}

/// Where a thread waits for another: a futex without anything around it.
class gate {
 public:
  /// Lets one wait() through.
  void open() {
    if (state_.exchange(1, std::memory_order_acq_rel) == waiting) futex(FUTEX_WAKE_PRIVATE, 1);
  }
  /// Waits for open(), turning first for `spin`, and closes again.
  void wait(std::chrono::nanoseconds spin = {}) {
    if (spin.count() > 0) {
      const auto until = clock::now() + spin;
      while (state_.load(std::memory_order_acquire) != 1 && clock::now() < until) __builtin_ia32_pause();
    }
    int closed = 0;
    state_.compare_exchange_strong(closed, waiting);
    while (state_.load(std::memory_order_acquire) == waiting) futex(FUTEX_WAIT_PRIVATE, waiting);
    state_.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr int waiting = 2;
  void futex(int operation, int value) {
    ::syscall(SYS_futex, reinterpret_cast<int*>(&state_), operation, value, nullptr, nullptr, 0);
  }
  std::atomic<int> state_{0};  // 0 closed, 1 open, 2 closed and somebody sleeps
};

/// A row that a program knows: what it is called, and what COUNT is when none is given.
struct row {
  const char* name;
  long count;
  void (*run)(long count);
};

/// main() of every program here: ROW [COUNT].
inline int run_row(int argc, char** argv, std::initializer_list<std::span<const row>> groups) {
  const char* const wanted = argc > 1 ? argv[1] : "";
  for (const std::span<const row> rows : groups) {
    for (const row& one : rows) {
      if (std::string_view(one.name) != wanted) continue;
      one.run(argc > 2 ? std::atol(argv[2]) : one.count);
      return 0;
    }
  }
  std::fprintf(stderr, "%s has no row '%s'; it has", argv[0], wanted);
  for (const std::span<const row> rows : groups)
    for (const row& one : rows) std::fprintf(stderr, " %s", one.name);
  std::fprintf(stderr, "\n");
  return 77;
}

}  // namespace heart
