// SPDX-License-Identifier: BSL-1.0
// What a second core gains: the same work on one and on two, with bare threads and with run_on_cores.
//
//   bench_cores threads       hashing on bare threads
//   bench_cores loops         the same in coroutines on run_on_cores, which yield after each block
//   bench_cores echo          for information: a small echo over loopback, server and client on each loop
//
// Prints `gain`: how many times as fast two are as one, the median of five rounds in turn; `rate_1` and `rate_2`,
// blocks (echo: messages) a second. Threads are tied to a core each.
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "eddy/exec/run_on_cores.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"

namespace {

using namespace std::chrono_literals;
using eddy::coro;
using clock = std::chrono::steady_clock;

constexpr int blocks = 40'000;    // in all, about a quarter of a second on one core
constexpr int messages = 10'000;  // of each loop

/// One block of work: some microseconds in registers, so that cores share nothing but the clock.
std::uint64_t hash_block(std::uint64_t seed) {
  for (int i = 0; i < 4000; ++i) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
  }
  return seed;
}

/// A core's share, and where it leaves its result, on a cache line of its own.
struct alignas(64) share {
  std::uint64_t sum = 0;
};

void check(bool right) {
  if (!right) throw std::runtime_error("wrong result");
}

void pin(std::size_t core) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  ::sched_setaffinity(0, sizeof one, &one);
}

std::uint64_t expected_of(std::size_t cores) {
  static std::array<std::uint64_t, 3> known{};
  if (known[cores] == 0)
    for (int i = 0; i < blocks; ++i) known[cores] += hash_block(static_cast<std::uint64_t>(i) + 1);
  return known[cores];
}

/// Runs `work(core)` for each of so many cores and checks what they add up to. @returns seconds
double hash_on(std::size_t cores, const std::function<void(std::vector<share>&)>& run) {
  std::vector<share> shares(cores);
  const std::uint64_t expected = expected_of(cores);
  const auto begin = clock::now();
  run(shares);
  const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
  std::uint64_t sum = 0;
  for (const share& each : shares) sum += each.sum;
  check(sum == expected);
  return seconds;
}

double on_threads(std::size_t cores) {
  return hash_on(cores, [&](std::vector<share>& shares) {
    std::vector<std::thread> threads;
    for (std::size_t core = 0; core < cores; ++core) {
      threads.emplace_back([&, core] {
        pin(core);
        std::uint64_t sum = 0;
        for (std::size_t i = core; i < blocks; i += cores) sum += hash_block(i + 1);
        shares[core].sum = sum;
      });
    }
    for (std::thread& each : threads) each.join();
  });
}

double on_loops(std::size_t cores) {
  return hash_on(cores, [&](std::vector<share>& shares) {
    eddy::run_on_cores(eddy::cores(cores).pin(), [&](std::size_t core) -> coro<> {
      std::uint64_t sum = 0;
      for (std::size_t i = core; i < blocks; i += cores) {
        sum += hash_block(i + 1);
        co_await eddy::sleep(0s);
      }
      shares[core].sum = sum;
    });
  });
}

coro<> echo_some() {
  auto answer = [](eddy::stream connection) -> coro<> {
    while (true) {
      auto line = co_await connection.reader().readline();
      if (!line) break;
      co_await connection.writer().write(*line + "\n");
    }
  };
  auto ask = [](eddy::server& running) -> coro<> {
    auto connection = co_await eddy::open_connection("127.0.0.1", running.port());
    for (int i = 0; i < messages; ++i) {
      co_await connection.writer().write("hello, and some more so that it is 64 bytes long with newline!!\n");
      const auto line = co_await connection.reader().readline();
      check(line.has_value() && line->size() == 63);
    }
    co_await connection.close();
  };
  co_await eddy::with(eddy::start_server(answer, "127.0.0.1", 0), ask);
}

double echo_on(std::size_t cores) {
  const auto begin = clock::now();
  eddy::run_on_cores(eddy::cores(cores).pin(), [](std::size_t) -> coro<> { co_await echo_some(); });
  return std::chrono::duration<double>(clock::now() - begin).count();
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

/// @param amount  What `run(cores)` does.
void measure(double (*run)(std::size_t cores), double (*amount)(double cores)) {
  std::vector<double> one;
  std::vector<double> two;
  std::vector<double> gain;
  run(2);
  for (int round = 0; round < 5; ++round) {
    one.push_back(amount(1) / run(1));
    two.push_back(amount(2) / run(2));
    gain.push_back(two.back() / one.back());
  }
  std::printf("gain %.4g\nrate_1 %.6g\nrate_2 %.6g\n", median(gain), median(one), median(two));
}

double all_blocks(double) { return blocks; }
double all_messages(double cores) { return cores * messages; }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (std::thread::hardware_concurrency() < 2) {
    std::fputs("there is but one core\n", stderr);
    return 77;
  }
  try {
    if (what == "threads")
      measure(on_threads, all_blocks);
    else if (what == "loops")
      measure(on_loops, all_blocks);
    else if (what == "echo")
      measure(echo_on, all_messages);
    else
      throw std::runtime_error("usage: see the top of bench/exec/cores.cpp");
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_cores: %s\n", e.what());
    return 1;
  }
}
