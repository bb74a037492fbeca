// SPDX-License-Identifier: BSL-1.0
// The rows of the heart on libuv that callbacks can do: it has no tasks, so nothing is awaited, spawned or locked.
#include <uv.h>

#include <cstdint>
#include <string>
#include <thread>

#include "measure.hpp"

namespace {

using heart::check;
using heart::units;

/// A loop that is closed at the end, when all handles have been.
struct loop {
  loop() { uv_loop_init(&is); }
  ~loop() {
    uv_walk(
        &is,
        [](uv_handle_t* one, void*) {
          if (!uv_is_closing(one)) uv_close(one, nullptr);
        },
        nullptr);
    uv_run(&is, UV_RUN_DEFAULT);
    check(uv_loop_close(&is) == 0, "a handle stays open");
  }
  uv_loop_t is;
};

/// COUNT idle handles: each is called once a turn of the loop.
void yield(long count) {
  const long each = std::max(1L, units(count < 100 ? 500'000 : 2'000'000) / count);  // few pay for epoll_wait
  heart::report_ns(each * count, [=] {
    struct yielder : uv_idle_t {
      long left = 0;
      long* steps = nullptr;
    };
    std::vector<yielder> all(static_cast<std::size_t>(count));
    long steps = 0;
    loop here;
    for (yielder& one : all) {
      uv_idle_init(&here.is, &one);
      one.left = each;
      one.steps = &steps;
      uv_idle_start(&one, [](uv_idle_t* handle) {
        auto& self = *static_cast<yielder*>(handle);
        ++*self.steps;
        if (--self.left == 0) uv_idle_stop(handle);
      });
    }
    uv_run(&here.is, UV_RUN_DEFAULT);
    check(steps == each * count, "yield");
  });
}

struct sleeper : uv_timer_t {
  long* woken = nullptr;
};

/// COUNT timers of 1 to 1,000 ms, each allocated when it is armed and freed when it has been closed.
void sleeps(long count) {
  const double before = heart::cpu_time();
  {
    loop here;
    long woken = 0;
    for (long i = 0; i < count; ++i) {
      auto* const one = new sleeper();
      one->woken = &woken;
      uv_timer_init(&here.is, one);
      const auto fired = [](uv_timer_t* handle) {
        ++*static_cast<sleeper*>(handle)->woken;
        uv_close(reinterpret_cast<uv_handle_t*>(handle),
                 [](uv_handle_t* closed) { delete static_cast<sleeper*>(reinterpret_cast<uv_timer_t*>(closed)); });
      };
      uv_timer_start(one, fired, static_cast<std::uint64_t>(heart::sleep_of(i).count()), 0);
    }
    uv_run(&here.is, UV_RUN_DEFAULT);
    check(woken == count, "sleeps");
  }
  heart::figure("cpu_ns", (heart::cpu_time() - before) / static_cast<double>(count));
}

std::uint64_t a_minute_and(long i) { return 60'000 + static_cast<std::uint64_t>(heart::sleep_of(i).count()); }

/// Arms and stops a timer among COUNT others.
void arm_cancel(long count) {
  std::vector<uv_timer_t> all(static_cast<std::size_t>(count) + 1);
  loop here;
  const auto nothing = [](uv_timer_t*) {};
  for (std::size_t i = 0; i < all.size(); ++i) {
    uv_timer_init(&here.is, &all[i]);
    if (i > 0) uv_timer_start(&all[i], nothing, a_minute_and(static_cast<long>(i)), 0);
  }
  const long n = units(1'000'000);
  heart::report_ns(n, [&] {
    for (long i = 0; i < n; ++i) {
      uv_timer_start(&all[0], nothing, a_minute_and(i), 0);
      uv_timer_stop(&all[0]);
    }
  });
}

/// 100,000 timers: stop and close each, and its closing callback is the news. Arming is not counted.
void cancel(long depth) {
  if (depth != 1) {
    std::fprintf(stderr, "callbacks have no depth\n");
    std::exit(77);
  }
  const long n = units(100'000);
  heart::report("ns", n, 1, [=] {
    loop here;
    long closed = 0;
    std::vector<sleeper*> all;
    for (long i = 0; i < n; ++i) {
      all.push_back(new sleeper());
      all.back()->woken = &closed;
      uv_timer_init(&here.is, all.back());
      uv_timer_start(all.back(), [](uv_timer_t*) {}, 3'600'000, 0);
    }
    const auto start = heart::clock::now();
    for (sleeper* one : all) {
      uv_timer_stop(one);
      uv_close(reinterpret_cast<uv_handle_t*>(one), [](uv_handle_t* handle) {
        auto* const self = static_cast<sleeper*>(reinterpret_cast<uv_timer_t*>(handle));
        ++*self->woken;
        delete self;
      });
    }
    uv_run(&here.is, UV_RUN_DEFAULT);
    const double spent = heart::since(start);
    check(closed == n, "cancel");
    return spent;
  });
}

struct bell : uv_async_t {
  heart::gate answered;
  bool last = false;
};

/// A thread rings an async handle and sleeps until the loop has answered.
void round_trip(int loop_core, int caller_core) {
  const long n = units(loop_core == caller_core ? 20'000 : 3'000);
  heart::pin(loop_core);
  bell rung;
  loop here;
  uv_async_init(&here.is, &rung, [](uv_async_t* handle) {
    auto& self = *static_cast<bell*>(handle);
    if (self.last) uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
    self.answered.open();
  });
  std::thread caller([&] {
    heart::pin(caller_core);
    heart::report_us(n, [&] {
      for (long i = 0; i < n; ++i) {
        uv_async_send(&rung);
        rung.answered.wait();
      }
    });
    rung.last = true;
    uv_async_send(&rung);
  });
  uv_run(&here.is, UV_RUN_DEFAULT);
  caller.join();
}

void round_trip_one_core(long) { round_trip(1, 1); }
void round_trip_two_cores(long) { round_trip(0, 1); }

struct job : uv_work_t {
  long left = 0;
};

void again(uv_loop_t* where, job& one) {
  uv_queue_work(
      where, &one, [](uv_work_t*) {},
      [](uv_work_t* done, int) {
        auto& self = *static_cast<job*>(done);
        if (--self.left > 0) again(self.loop, self);
      });
}

/// An empty job on libuv's pool of COUNT threads and back, all on one core.
void to_thread(long count) {
  heart::pin(1);
  ::setenv("UV_THREADPOOL_SIZE", std::to_string(count).c_str(), 1);
  const long n = units(20'000);
  heart::report_us(n, [=] {
    loop here;
    job one;
    one.left = n;
    again(&here.is, one);
    uv_run(&here.is, UV_RUN_DEFAULT);
    check(one.left == 0, "to_thread");
  });
}

constexpr heart::row rows[] = {
    {"yield", 2, yield},
    {"sleeps", 1'000'000, sleeps},
    {"arm_cancel", 100'000, arm_cancel},
    {"cancel", 1, cancel},
    {"round_trip_one_core", 0, round_trip_one_core},
    {"round_trip_two_cores", 0, round_trip_two_cores},
    {"to_thread", 1, to_thread},
};

}  // namespace

int main(int argc, char** argv) { return heart::run_row(argc, argv, {rows}); }
