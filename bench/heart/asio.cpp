// SPDX-License-Identifier: BSL-1.0
// The rows of the heart on Asio: calls, tasks, switching.
#include "asio_rows.hpp"

namespace {

using asio::awaitable;
using asio::use_awaitable;
using heart::check;
using heart::report_ns;
using heart::units;

// ---- calls ----

[[gnu::noinline]] awaitable<long> child(long i) { co_return i; }

void await_ready(long) {
  const long n = units(2'000'000);
  report_ns(n, [n] {
    run_main([n](asio::io_context&) -> awaitable<void> {
      long sum = 0;
      for (long i = 0; i < n; ++i) sum += co_await child(1);
      check(sum == n, "await_ready");
    });
  });
}

awaitable<long> chain(int depth) {
  if (depth == 1) {
    co_await asio_yield();
    co_return 1;
  }
  const long below = co_await chain(depth - 1);
  co_return below + 1;
}

void chain_yield(long) {
  const long n = units(200'000);
  report_ns(n, [n] {
    run_main([n](asio::io_context&) -> awaitable<void> {
      long sum = 0;
      for (long i = 0; i < n; ++i) sum += co_await chain(10);
      check(sum == 10 * n, "chain_yield");
    });
  });
}

// ---- tasks ----

void spawn_join(long) {
  const long n = units(300'000);
  report_ns(n, [n] {
    run_main([n](asio::io_context& loop) -> awaitable<void> {
      long sum = 0;
      for (long i = 0; i < n; ++i) sum += co_await asio::co_spawn(loop, child(1), use_awaitable);
      check(sum == n, "spawn_join");
    });
  });
}

/// Asio 1.22 has no gather for a number known at run time: co_spawn for each, and a counter that sets an event.
awaitable<long> gather(asio::io_context& loop, long count) {
  long sum = 0;
  long left = count;
  asio_event finished(loop);
  for (long i = 0; i < count; ++i) {
    asio::co_spawn(loop, child(i), [&](std::exception_ptr error, long value) {
      rethrow(error);
      sum += value;
      if (--left == 0) finished.set();
    });
  }
  error_code cancelled;
  co_await finished.wait(cancelled);
  co_return sum;
}

/// COUNT tasks that return their number at once, and somebody who waits for all.
void gather_tasks(long count) {
  const long times = std::max(1L, units(200'000) / count);
  report_ns(
      times * count,
      [=] {
        run_main([=](asio::io_context& loop) -> awaitable<void> {
          for (long i = 0; i < times; ++i) {
            const long sum = co_await gather(loop, count);
            check(sum == count * (count - 1) / 2, "gather");
          }
        });
      },
      count > 200'000 ? 3 : 5);
}

awaitable<void> parked(asio_event& go, long& left) {
  error_code cancelled;
  co_await go.wait(cancelled);
  --left;
}

/// Growth of resident memory by COUNT tasks that wait for one event.
void task_bytes(long count) {
  long left = count;
  run_main([&](asio::io_context& loop) -> awaitable<void> {
    const double before = heart::resident_bytes();
    asio_event go(loop);
    for (long i = 0; i < count; ++i) asio::co_spawn(loop, parked(go, left), rethrow);
    co_await asio_yield();
    heart::figure("bytes", (heart::resident_bytes() - before) / static_cast<double>(count));
    go.set();
  });
  check(left == 0, "task_bytes");
}

// ---- switching ----

awaitable<void> yielder(long times, long& steps) {
  for (long i = 0; i < times; ++i) {
    co_await asio_yield();
    ++steps;
  }
}

void yield_tasks(long count) {
  const long each = std::max(1L, units(1'000'000) / count);
  report_ns(each * count, [=] {
    asio::io_context loop(1);
    long steps = 0;
    for (long i = 0; i < count; ++i) asio::co_spawn(loop, yielder(each, steps), rethrow);
    loop.run();
    check(steps == each * count, "yield");
  });
}

using channel = asio::experimental::channel<void(error_code, long)>;

awaitable<void> producer(channel& to, long n) {
  for (long i = 0; i < n; ++i) co_await to.async_send(error_code(), i, use_awaitable);
}

awaitable<void> consumer(channel& from, long n) {
  long sum = 0;
  for (long i = 0; i < n; ++i) sum += co_await from.async_receive(use_awaitable);
  check(sum == n * (n - 1) / 2, "queue_handoff");
}

void queue_handoff(long) {
  const long n = units(200'000);
  report_ns(n, [n] {
    asio::io_context loop(1);
    channel items(loop, 1);
    asio::co_spawn(loop, producer(items, n), rethrow);
    asio::co_spawn(loop, consumer(items, n), rethrow);
    loop.run();
  });
}

/// A lock, as Asio's users have it: who can send into a channel of capacity 1 is inside.
class mutex {
 public:
  explicit mutex(asio::io_context& loop) : inside_(loop, 1) {}
  auto lock() { return inside_.async_send(error_code(), 0, use_awaitable); }
  void unlock() {
    inside_.try_receive([](error_code, long) {});
  }

 private:
  channel inside_;
};

void mutex_free(long) {
  const long n = units(400'000);
  report_ns(n, [n] {
    run_main([n](asio::io_context& loop) -> awaitable<void> {
      mutex door(loop);
      long inside = 0;
      for (long i = 0; i < n; ++i) {
        co_await door.lock();
        ++inside;
        door.unlock();
      }
      check(inside == n, "mutex_free");
    });
  });
}

awaitable<void> locker(mutex& what, long times, long& inside) {
  for (long i = 0; i < times; ++i) {
    co_await what.lock();
    const long before = inside;
    co_await asio_yield();
    inside = before + 1;  // wrong when somebody else was inside
    what.unlock();
  }
}

void mutex_contended(long count) {
  const long each = std::max(1L, units(100'000) / count);
  report_ns(each * count, [=] {
    asio::io_context loop(1);
    mutex door(loop);
    long inside = 0;
    for (long i = 0; i < count; ++i) asio::co_spawn(loop, locker(door, each, inside), rethrow);
    loop.run();
    check(inside == each * count, "mutex_contended");
  });
}

constexpr heart::row rows[] = {
    {"await_ready", 0, await_ready},     {"chain_yield", 0, chain_yield},     {"spawn_join", 0, spawn_join},
    {"gather", 10'000, gather_tasks},    {"task_bytes", 100'000, task_bytes}, {"yield", 2, yield_tasks},
    {"queue_handoff", 0, queue_handoff}, {"mutex_free", 0, mutex_free},       {"mutex_contended", 100, mutex_contended},
};

}  // namespace

int main(int argc, char** argv) { return heart::run_row(argc, argv, {rows, asio_time_rows, asio_thread_rows}); }
