// SPDX-License-Identifier: BSL-1.0
// The ruler's rows between threads.
#include <memory>
#include <thread>

#include "limit_rows.hpp"
#include "limit_threads.hpp"

namespace {

using namespace limit;
using heart::report_ns;
using heart::units;

struct count_job : job {
  long* seen = nullptr;
  long last = 0;
  bool* finished = nullptr;
};

/// Another thread posts to the loop, both on one core.
void post(long) {
  heart::pin(1);
  const long n = units(200'000);
  std::vector<count_job> jobs(static_cast<std::size_t>(n));
  report_ns(n, [&] {
    long seen = 0;
    bool finished = false;
    std::thread poster([&] {
      for (count_job& one : jobs) {
        one.seen = &seen;
        one.last = n;
        one.finished = &finished;
        one.run = [](job& self) {
          auto& mine = static_cast<count_job&>(self);
          if (++*mine.seen == mine.last) *mine.finished = true;
        };
        door.post(one);
      }
    });
    run(finished);
    poster.join();
  });
}

struct call : job {
  heart::gate answered;
  bool last = false;
  bool* finished = nullptr;
};

/// A thread posts to the loop and sleeps until the loop has answered.
void round_trip(int loop_core, int caller_core, std::chrono::nanoseconds spin) {
  const long n = units(20'000);
  heart::pin(loop_core);
  door.spin = spin;
  bool finished = false;
  call there_and_back;
  there_and_back.finished = &finished;
  there_and_back.run = [](job& self) {
    auto& mine = static_cast<call&>(self);
    *mine.finished = mine.last;
    mine.answered.open();
  };
  std::thread caller([&] {
    heart::pin(caller_core);
    const auto round = [&] {
      for (long i = 0; i < n; ++i) {
        door.post(there_and_back);
        there_and_back.answered.wait(spin);
      }
    };
    heart::report_us(n, round);
    there_and_back.last = true;
    door.post(there_and_back);
  });
  run(finished);
  caller.join();
}

void round_trip_one_core(long) { round_trip(1, 1, {}); }
void round_trip_two_cores(long) { round_trip(0, 1, std::chrono::microseconds(50)); }

/// A thread that runs jobs, and sleeps on a futex.
struct worker {
  worker() {
    thread = std::thread([this] {
      while (!stop.load(std::memory_order_relaxed)) {
        posted.drain();
        if (posted.fall_asleep()) woken.wait();
      }
    });
  }
  ~worker() {
    stop.store(true, std::memory_order_relaxed);
    woken.open();
    thread.join();
  }
  void post(job& one) {
    if (posted.push(one)) woken.open();
  }
  inbox posted;
  heart::gate woken;
  std::atomic<bool> stop{false};
  std::thread thread;
};

/// co_await on(worker): an empty job there, and back.
struct on : job {
  explicit on(worker& where) : where_(where) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    back_.waiter = self;
    back_.run = [](job& one) { static_cast<way_back&>(one).waiter.resume(); };
    run = [](job& one) { door.post(static_cast<on&>(one).back_); };
    where_.post(*this);
  }
  void await_resume() const noexcept {}

 private:
  struct way_back : job {
    std::coroutine_handle<> waiter;
  };
  worker& where_;
  way_back back_;
};

/// COUNT threads in turn, all on the loop's core.
void to_thread(long count) {
  heart::pin(1);
  const long n = units(20'000);
  std::vector<std::unique_ptr<worker>> pool;
  for (long i = 0; i < count; ++i) pool.push_back(std::make_unique<worker>());
  heart::report(
      "us", n, 1000,
      [&] {
        const auto start = heart::clock::now();
        run_main([&]() -> coro<> {
          for (long i = 0; i < n; ++i) co_await on(*pool[static_cast<std::size_t>(i % count)]);
        });
        return heart::since(start);
      },
      5);
}

constexpr heart::row rows[] = {
    {"post", 0, post},
    {"round_trip_one_core", 0, round_trip_one_core},
    {"round_trip_two_cores", 0, round_trip_two_cores},
    {"to_thread", 1, to_thread},
};

}  // namespace

const std::span<const heart::row> limit_thread_rows = rows;
