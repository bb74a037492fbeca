// SPDX-License-Identifier: BSL-1.0
// The rows of the heart on the ruler: what each costs when nothing is done but the work itself.
#include "limit_rows.hpp"

#include "limit_sync.hpp"
#include "limit_threads.hpp"

namespace {

using namespace limit;
using heart::check;
using heart::report_ns;
using heart::units;

// ---- calls ----

[[gnu::noinline]] coro<long> child(long i) { co_return i; }

void await_ready(long) {
  const long n = units(4'000'000);
  report_ns(n, [n] {
    run_main([n]() -> coro<> {
      long sum = 0;
      for (long i = 0; i < n; ++i) sum += co_await child(1);
      check(sum == n, "await_ready");
    });
  });
}

coro<long> chain(int depth) {
  if (depth == 1) {
    co_await yield();
    co_return 1;
  }
  const long below = co_await chain(depth - 1);
  co_return below + 1;
}

void chain_yield(long) {
  const long n = units(300'000);
  report_ns(n, [n] {
    run_main([n]() -> coro<> {
      long sum = 0;
      for (long i = 0; i < n; ++i) sum += co_await chain(10);
      check(sum == 10 * n, "chain_yield");
    });
  });
}

// ---- tasks ----

[[gnu::noinline]] task<long> small_task(long i) { co_return i; }

void spawn_join(long) {
  const long n = units(2'000'000);
  report_ns(n, [n] {
    run_main([n]() -> coro<> {
      long sum = 0;
      for (long i = 0; i < n; ++i) {
        task<long> one = small_task(1);
        sum += co_await join(one);
      }
      check(sum == n, "spawn_join");
    });
  });
}

coro<long> gather(long count) {
  std::vector<task<long>> all;
  all.reserve(static_cast<std::size_t>(count));
  latch finished;
  finished.left = static_cast<std::size_t>(count);
  for (long i = 0; i < count; ++i) all.emplace_back(small_task(i)).tell(finished);
  co_await joined(finished);
  long sum = 0;
  for (task<long>& one : all) sum += one.value();
  co_return sum;
}

/// COUNT tasks that return their number at once; one latch tells when all have finished.
void gather_tasks(long count) {
  const long times = std::max(1L, units(1'000'000) / count);
  report_ns(
      times * count,
      [=] {
        run_main([=]() -> coro<> {
          for (long i = 0; i < times; ++i) {
            const long sum = co_await gather(count);
            check(sum == count * (count - 1) / 2, "gather");
          }
        });
      },
      count > 2'000'000 ? 2 : 5);
}

task<> parked(event& go) { co_await event::wait(go); }

/// Growth of resident memory by COUNT tasks that wait for one event, with the list of those who keep them.
void task_bytes(long count) {
  run_main([count]() -> coro<> {
    const double before = heart::resident_bytes();
    event go;
    latch finished;
    finished.left = static_cast<std::size_t>(count);
    std::vector<task<>> all;
    all.reserve(static_cast<std::size_t>(count));
    for (long i = 0; i < count; ++i) all.emplace_back(parked(go)).tell(finished);
    co_await yield();
    heart::figure("bytes", (heart::resident_bytes() - before) / static_cast<double>(count));
    go.set();
    co_await joined(finished);
  });
}

// ---- switching ----

task<> yielder(long times, long& steps) {
  for (long i = 0; i < times; ++i) {
    co_await yield();
    ++steps;
  }
}

void yield_tasks(long count) {
  const long each = std::max(1L, units(4'000'000) / count);
  report_ns(each * count, [=] {
    run_main([=]() -> coro<> {
      long steps = 0;
      std::vector<task<>> all;
      latch finished;
      finished.left = static_cast<std::size_t>(count);
      for (long i = 0; i < count; ++i) all.emplace_back(yielder(each, steps)).tell(finished);
      co_await joined(finished);
      check(steps == each * count, "yield");
    });
  });
}

task<> producer(slot_queue<long>& to, long n) {
  for (long i = 0; i < n; ++i) co_await slot_queue<long>::put(to, i);
}

task<long> consumer(slot_queue<long>& from, long n) {
  long sum = 0;
  for (long i = 0; i < n; ++i) sum += co_await slot_queue<long>::get(from);
  co_return sum;
}

void queue_handoff(long) {
  const long n = units(2'000'000);
  report_ns(n, [n] {
    run_main([n]() -> coro<> {
      slot_queue<long> items;
      task<> from = producer(items, n);
      task<long> to = consumer(items, n);
      const long sum = co_await join(to);
      co_await join(from);
      check(sum == n * (n - 1) / 2, "queue_handoff");
    });
  });
}

void mutex_free(long) {
  const long n = units(8'000'000);
  report_ns(n, [n] {
    run_main([n]() -> coro<> {
      mutex door;
      long inside = 0;
      for (long i = 0; i < n; ++i) {
        co_await mutex::lock(door);
        asm volatile("" : "+m"(inside));  // or the compiler sees that nobody else locks
        ++inside;
        door.unlock();
      }
      check(inside == n, "mutex_free");
    });
  });
}

task<> locker(mutex& what, long times, long& inside) {
  for (long i = 0; i < times; ++i) {
    co_await mutex::lock(what);
    const long before = inside;
    co_await yield();
    inside = before + 1;  // wrong when somebody else was inside
    what.unlock();
  }
}

void mutex_contended(long count) {
  const long each = std::max(1L, units(2'000'000) / count);
  report_ns(each * count, [=] {
    run_main([=]() -> coro<> {
      mutex door;
      long inside = 0;
      std::vector<task<>> all;
      latch finished;
      finished.left = static_cast<std::size_t>(count);
      for (long i = 0; i < count; ++i) all.emplace_back(locker(door, each, inside)).tell(finished);
      co_await joined(finished);
      check(inside == each * count, "mutex_contended");
    });
  });
}

constexpr heart::row rows[] = {
    {"await_ready", 0, await_ready},     {"chain_yield", 0, chain_yield},     {"spawn_join", 0, spawn_join},
    {"gather", 10'000, gather_tasks},    {"task_bytes", 100'000, task_bytes}, {"yield", 2, yield_tasks},
    {"queue_handoff", 0, queue_handoff}, {"mutex_free", 0, mutex_free},       {"mutex_contended", 100, mutex_contended},
};

}  // namespace

int main(int argc, char** argv) { return heart::run_row(argc, argv, {rows, limit_time_rows, limit_thread_rows}); }
