// SPDX-License-Identifier: BSL-1.0
#include "bench/choosing/hashing.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/gather.hpp"

namespace choosing {

namespace {

// FNV-1a over a counter: each step needs the one before, so nothing can be left out or done at once.
std::uint64_t digest(int job, long rounds) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (long i = 0; i < rounds; ++i) hash = (hash ^ static_cast<std::uint64_t>(i + job)) * 0x100000001b3U;
  return hash;
}

eddy::coro<std::uint64_t> digest_here(int job, long rounds) { co_return digest(job, rounds); }

eddy::coro<std::uint64_t> digest_on_a_thread(int job, long rounds) {
  co_return co_await eddy::to_thread(digest, job, rounds);
}

std::uint64_t add(const std::vector<std::uint64_t>& digests) {
  return std::accumulate(digests.begin(), digests.end(), std::uint64_t{0});
}

using one_job = eddy::coro<std::uint64_t> (*)(int, long);

std::uint64_t gather_all(one_job job, int jobs, long rounds) {
  return eddy::run([=]() -> eddy::coro<std::uint64_t> {
    std::vector<eddy::coro<std::uint64_t>> working;
    for (int i = 0; i < jobs; ++i) working.push_back(job(i, rounds));
    auto digests = co_await eddy::gather(std::move(working));
    co_return add(digests);
  });
}

}  // namespace

std::uint64_t hashing_in_a_loop(int jobs, long rounds) {
  std::uint64_t sum = 0;
  for (int i = 0; i < jobs; ++i) sum += digest(i, rounds);
  return sum;
}

std::uint64_t hashing_in_threads(int jobs, long rounds) {
  std::vector<std::uint64_t> digests(static_cast<std::size_t>(jobs));
  std::atomic<int> next{0};
  auto work = [&] {
    for (int i = next++; i < jobs; i = next++) digests[static_cast<std::size_t>(i)] = digest(i, rounds);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  for (std::thread& each : threads) each.join();
  return add(digests);
}

std::uint64_t hashing_in_coroutines(int jobs, long rounds) { return gather_all(digest_here, jobs, rounds); }

std::uint64_t hashing_in_coroutines_and_threads(int jobs, long rounds) {
  return gather_all(digest_on_a_thread, jobs, rounds);
}

}  // namespace choosing
