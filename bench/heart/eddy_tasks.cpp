// SPDX-License-Identifier: BSL-1.0
#include <numeric>
#include <vector>

#include "bench/heart/eddy.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/event.hpp"

using namespace std::chrono_literals;

namespace bench {

namespace {

[[gnu::noinline]] coro<std::size_t> ready_child(std::size_t value) { co_return value + 1; }

[[gnu::noinline]] coro<std::size_t> chain(std::size_t depth) {
  if (depth == 1) {
    co_await eddy::sleep(0s);
    co_return 1;
  }
  co_return 1 + co_await chain(depth - 1);
}

coro<> yield_often(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) co_await eddy::sleep(0s);
}

coro<> wait_for(eddy::event& end, std::size_t& ended) {
  co_await end.wait();
  ++ended;
}

}  // namespace

coro<double> await_ready(std::size_t awaits, std::size_t) {
  const stopwatch watch;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < awaits; ++i) sum += co_await ready_child(i);
  const double seconds = watch.seconds();
  heart::check(sum == awaits * (awaits + 1) / 2, "awaiting a ready child");
  co_return seconds;
}

coro<double> chain_yield(std::size_t chains, std::size_t depth) {
  const stopwatch watch;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < chains; ++i) sum += co_await chain(depth);
  const double seconds = watch.seconds();
  heart::check(sum == chains * depth, "a chain");
  co_return seconds;
}

coro<double> spawn_join(std::size_t tasks, std::size_t) {
  const stopwatch watch;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < tasks; ++i) sum += co_await eddy::create_task(ready_child, i);
  const double seconds = watch.seconds();
  heart::check(sum == tasks * (tasks + 1) / 2, "spawning and joining");
  co_return seconds;
}

coro<double> gather_all(std::size_t, std::size_t tasks) {
  const stopwatch watch;
  std::vector<coro<std::size_t>> all;
  all.reserve(tasks);
  for (std::size_t i = 0; i < tasks; ++i) all.push_back(ready_child(i));
  std::vector<std::size_t> values = co_await eddy::gather(std::move(all));
  const std::size_t sum = std::accumulate(values.begin(), values.end(), std::size_t{0});
  const double seconds = watch.seconds();
  heart::check(sum == tasks * (tasks + 1) / 2, "gathering");
  co_return seconds;
}

coro<double> yield_all(std::size_t yields, std::size_t tasks) {
  const stopwatch watch;
  std::vector<eddy::task<>> all;
  all.reserve(tasks);
  for (std::size_t i = 0; i < tasks; ++i) all.push_back(eddy::create_task(yield_often, yields / tasks));
  for (const auto& each : all) co_await each;
  co_return watch.seconds();
}

coro<double> task_bytes(std::size_t, std::size_t tasks) {
  eddy::event end;
  std::size_t ended = 0;
  const double before = heart::resident_bytes();
  for (std::size_t i = 0; i < tasks; ++i) eddy::create_task(wait_for(end, ended));
  co_await eddy::sleep(0s);
  heart::figure("bytes", (heart::resident_bytes() - before) / static_cast<double>(tasks));
  end.set();
  while (ended != tasks) co_await eddy::sleep(0s);  // NOLINT(bugprone-infinite-loop): the tasks count
  co_return 0;
}

}  // namespace bench
