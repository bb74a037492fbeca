// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include "bench/heart/eddy.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/wait.hpp"

using namespace std::chrono_literals;

namespace bench {

namespace {

coro<> sleep_once(std::chrono::nanoseconds duration, std::size_t& ended) {
  co_await eddy::sleep(duration);
  ++ended;
}

coro<int> yield_once() {
  co_await eddy::sleep(0s);
  co_return 1;
}

[[gnu::noinline]] coro<> sleep_deep(std::size_t depth) {
  if (depth <= 1)
    co_await eddy::sleep(1h);
  else
    co_await sleep_deep(depth - 1);
}

void nothing() {}

}  // namespace

coro<double> sleep_all(std::size_t, std::size_t sleepers) {
  const double before = heart::cpu_time();
  std::size_t ended = 0;
  {
    std::vector<eddy::task<>> all;
    all.reserve(sleepers);
    for (std::size_t i = 0; i < sleepers; ++i)
      all.push_back(eddy::create_task(sleep_once, heart::sleep_of(static_cast<long>(i)), std::ref(ended)));
    for (const auto& each : all) co_await each;
  }
  heart::check(ended == sleepers, "sleeping");
  co_return (heart::cpu_time() - before) * 1e-9;
}

// A limit that is set and taken away again, over and over. Deadlines are counted from a time that was read once, as
// libuv does it.
coro<double> arm_cancel(std::size_t pairs, std::size_t others) {
  eddy::event_loop& loop = eddy::get_running_loop();
  const eddy::time_point start = loop.now() + 1h;
  std::vector<eddy::callback_handle> armed;
  armed.reserve(others);
  for (std::size_t i = 0; i < others; ++i)
    armed.push_back(loop.call_at(start + heart::sleep_of(static_cast<long>(i)), nothing));
  const auto set_and_take_away = [&](eddy::timeout_scope& limit) -> coro<double> {
    const stopwatch watch;
    for (std::size_t i = 0; i < pairs; ++i) {
      limit.reschedule(start + heart::sleep_of(static_cast<long>(i)));
      limit.reschedule(std::nullopt);
    }
    co_return watch.seconds();
  };
  const double seconds = co_await eddy::timeout_at(std::nullopt, set_and_take_away);
  for (auto& each : armed) each.cancel();
  co_return seconds;
}

coro<double> timeout_idle(std::size_t limits, std::size_t) {
  const stopwatch watch;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < limits; ++i) sum += static_cast<std::size_t>(co_await eddy::wait_for(yield_once(), 1h));
  const double seconds = watch.seconds();
  heart::check(sum == limits, "limits that are not reached");
  co_return seconds;
}

// Starting the sleepers is not measured; cancelling them, unwinding them and telling who joins is.
coro<double> cancel_sleepers(std::size_t sleepers, std::size_t depth) {
  std::vector<eddy::task<>> all;
  all.reserve(sleepers);
  for (std::size_t i = 0; i < sleepers; ++i) all.push_back(eddy::create_task(sleep_deep, depth));
  co_await eddy::sleep(1ms);
  const stopwatch watch;
  for (auto& each : all) each.cancel();
  const auto ends = co_await eddy::wait(all);
  const double seconds = watch.seconds();
  for (const auto& each : ends.done) heart::check(each.cancelled(), "cancelling");
  heart::check(ends.done.size() == sleepers, "cancelling all");
  co_return seconds;
}

}  // namespace bench
