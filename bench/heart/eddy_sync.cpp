// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <vector>

#include "bench/heart/eddy.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"

using namespace std::chrono_literals;

namespace bench {

namespace {

coro<> put_all(eddy::queue<std::size_t>& items, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) co_await items.put(std::size_t{i});
}

coro<> lock_often(eddy::mutex& m, std::size_t times, std::size_t& inside) {
  for (std::size_t i = 0; i < times; ++i) {
    const auto guard = co_await m.lock();
    ++inside;
    co_await eddy::sleep(0s);  // so that the others queue up
  }
}

}  // namespace

coro<double> queue_handoff(std::size_t items, std::size_t) {
  const stopwatch watch;
  eddy::queue<std::size_t> between(1);
  auto producer = eddy::create_task(put_all, std::ref(between), items);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < items; ++i) sum += co_await between.get();
  co_await producer;
  const double seconds = watch.seconds();
  heart::check(sum == items * (items - 1) / 2, "handing over");
  co_return seconds;
}

coro<double> mutex_free(std::size_t locks, std::size_t) {
  const stopwatch watch;
  eddy::mutex m;
  std::size_t inside = 0;
  for (std::size_t i = 0; i < locks; ++i) {
    const auto guard = co_await m.lock();
    ++inside;
  }
  const double seconds = watch.seconds();
  heart::check(inside == locks, "locking");
  co_return seconds;
}

coro<double> mutex_contended(std::size_t locks, std::size_t tasks) {
  const stopwatch watch;
  eddy::mutex m;
  std::size_t inside = 0;
  std::vector<eddy::task<>> all;
  const std::size_t each_locks = locks / std::max<std::size_t>(tasks, 1);
  for (std::size_t i = 0; i < tasks; ++i)
    all.push_back(eddy::create_task(lock_often, std::ref(m), each_locks, std::ref(inside)));
  for (const auto& each : all) co_await each;
  const double seconds = watch.seconds();
  heart::check(inside == each_locks * tasks, "locking with waiters");
  co_return seconds;
}

}  // namespace bench
