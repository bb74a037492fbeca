// SPDX-License-Identifier: BSL-1.0
// Handing work to a thread and getting its result back into the coroutine.
//
//   bench_handover to_thread       an empty job on a thread of the default pool; prints `us`, the time of one
//   bench_handover sqlite          "select 1" on a connection's thread, compiled once; the same
//   bench_handover sqlite_bare     the same statement with SQLite's own functions, without a thread: the limit
//
// With a second argument `two` the threads may use all cores, otherwise all run on core 1, so that the figure is the
// cost of two switches and not that of waking a halted core. Each figure is the median of seven rounds.
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/exec/to_thread.hpp"

#if EDDY_BENCH_SQLITE
#include <sqlite3.h>

#include "eddy/db/sqlite/connection.hpp"
#endif

namespace {

using eddy::coro;
using clock = std::chrono::steady_clock;

constexpr int round_trips = 10'000;
constexpr int rounds = 7;

void pin(unsigned core) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  ::sched_setaffinity(0, sizeof one, &one);
}

void check(bool right) {
  if (!right) throw std::runtime_error("wrong result");
}

double microseconds_since(clock::time_point begin, int count) {
  return std::chrono::duration<double, std::micro>(clock::now() - begin).count() / count;
}

void print_median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  std::printf("us %.4g\n", all[all.size() / 2]);
}

coro<> to_thread() {
  std::vector<double> all;
  for (int round = 0; round <= rounds; ++round) {
    long sum = 0;
    const auto begin = clock::now();
    for (int i = 0; i < round_trips; ++i) sum += co_await eddy::to_thread([] { return 1L; });
    if (round != 0) all.push_back(microseconds_since(begin, round_trips));  // the first warms up
    check(sum == round_trips);
  }
  print_median(all);
}

#if EDDY_BENCH_SQLITE

coro<> sqlite() {
  std::vector<double> all;
  auto db = co_await eddy::sqlite::open(":memory:");
  for (int round = 0; round <= rounds; ++round) {
    std::int64_t sum = 0;
    const auto begin = clock::now();
    for (int i = 0; i < round_trips; ++i) {
      const auto one = co_await db.fetch_one_as<std::int64_t>("select 1");
      sum += one.value();
    }
    if (round != 0) all.push_back(microseconds_since(begin, round_trips));
    check(sum == round_trips);
  }
  print_median(all);
  co_await db.close();
}

void sqlite_bare() {
  std::vector<double> all;
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_open(":memory:", &db) == SQLITE_OK);
  check(sqlite3_prepare_v2(db, "select 1", -1, &statement, nullptr) == SQLITE_OK);
  for (int round = 0; round <= rounds; ++round) {
    std::int64_t sum = 0;
    const auto begin = clock::now();
    for (int i = 0; i < round_trips; ++i) {
      check(sqlite3_step(statement) == SQLITE_ROW);
      sum += sqlite3_column_int64(statement, 0);
      sqlite3_reset(statement);
    }
    if (round != 0) all.push_back(microseconds_since(begin, round_trips));
    check(sum == round_trips);
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  print_median(all);
}

#endif

int measure(std::string_view what) {
  if (what == "to_thread") {
    eddy::run(to_thread);
    return 0;
  }
#if EDDY_BENCH_SQLITE
  if (what == "sqlite") {
    eddy::run(sqlite);
    return 0;
  }
  if (what == "sqlite_bare") {
    sqlite_bare();
    return 0;
  }
#else
  if (what.starts_with("sqlite")) {
    std::fputs("this build has no SQLite\n", stderr);
    return 77;
  }
#endif
  std::fputs("usage: see the top of bench/exec/handover.cpp\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 3 || std::string_view(argv[2]) != "two") pin(1);
    return measure(argc > 1 ? argv[1] : "");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_handover: %s\n", e.what());
    return 1;
  }
}
