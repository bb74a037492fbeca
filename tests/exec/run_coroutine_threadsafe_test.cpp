// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/run_coroutine_threadsafe.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/runner.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

eddy::coro<int> add(int a, int b) {
  co_await eddy::sleep(10us);
  co_return a + b;
}

eddy::coro<> fail() {
  co_await eddy::sleep(10us);
  throw std::out_of_range("there");
}

// Runs `f(loop)` on a plain thread and waits for it without stopping the loop.
template <class F>
eddy::coro<> on_a_thread(F f) {
  co_await eddy::to_thread(std::move(f), std::ref(eddy::event_loop::current()));
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_gives_the_value_to_another_thread) {
  co_await on_a_thread([](eddy::event_loop& loop) {
    std::future<int> sum = eddy::run_coroutine_threadsafe(loop, add, 2, 3);
    EXPECT_EQ(sum.get(), 5);
    auto nothing = eddy::run_coroutine_threadsafe(loop, []() -> eddy::coro<> { co_return; });
    nothing.get();
  });
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_it_runs_on_the_loops_thread_as_a_task_of_its_own) {
  const auto here = std::this_thread::get_id();
  co_await on_a_thread([here](eddy::event_loop& loop) {
    auto there = eddy::run_coroutine_threadsafe(loop, []() -> eddy::coro<std::thread::id> {
      co_await eddy::sleep(0s);
      co_return std::this_thread::get_id();
    });
    EXPECT_EQ(there.get(), here);
  });
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_exceptions_come_out_of_get) {
  co_await on_a_thread([](eddy::event_loop& loop) {
    auto failed = eddy::run_coroutine_threadsafe(loop, fail);
    EXPECT_THROW(failed.get(), std::out_of_range);
    auto no_coroutine = eddy::run_coroutine_threadsafe(
        loop, [](int x) -> eddy::coro<int> { return x == 0 ? throw std::logic_error("no coroutine") : add(x, x); }, 0);
    EXPECT_THROW(no_coroutine.get(), std::logic_error);
  });
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_arguments_live_there_until_the_end_and_references_are_asked_for) {
  std::string text = "here";
  co_await on_a_thread([&text](eddy::event_loop& loop) {
    auto owned = eddy::run_coroutine_threadsafe(
        loop,
        [](std::unique_ptr<int> p, std::string& changed) -> eddy::coro<std::unique_ptr<int>> {
          co_await eddy::sleep(10us);
          changed += " and there";
          co_return p;
        },
        std::make_unique<int>(4), std::ref(text));
    EXPECT_EQ(*owned.get(), 4);
  });
  EXPECT_EQ(text, "here and there");
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_cancel_unwinds_it_and_the_future_says_so) {
  std::atomic<bool> cleaned{false};
  co_await on_a_thread([&cleaned](eddy::event_loop& loop) {
    std::atomic<bool> started{false};
    auto endless = eddy::run_coroutine_threadsafe(loop, [&]() -> eddy::coro<> {
      co_await eddy::finally(
          [&]() -> eddy::coro<> {
            started = true;
            co_await eddy::sleep(1h);
          },
          [&]() -> eddy::coro<> {
            co_await eddy::sleep(10us);
            cleaned = true;
          });
    });
    while (!started) std::this_thread::yield();
    EXPECT_TRUE(endless.cancel("no longer needed"));
    try {
      endless.get();
      ADD_FAILURE();
    } catch (const eddy::cancelled_error& e) {
      EXPECT_NE(std::string(e.what()).find("no longer needed"), std::string::npos) << e.what();
    }
    EXPECT_FALSE(endless.cancel()) << "it has ended";
  });
  EXPECT_TRUE(cleaned.load());
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_cancelled_before_it_starts_it_never_runs) {
  std::atomic<bool> ran{false};
  std::atomic<bool> posted{false};
  std::atomic<bool> ended{false};
  eddy::event_loop& loop = eddy::event_loop::current();
  std::thread other([&] {
    auto never = eddy::run_coroutine_threadsafe(loop, [&]() -> eddy::coro<> {
      ran = true;
      co_return;
    });
    EXPECT_TRUE(never.cancel("too late"));
    EXPECT_TRUE(never.cancel("twice"));
    posted = true;
    EXPECT_THROW(never.get(), eddy::cancelled_error);
    ended = true;
  });
  while (!posted) std::this_thread::yield();  // the loop is held up, so that it cannot start it
  while (!ended) co_await eddy::sleep(20us);
  other.join();
  EXPECT_FALSE(ran.load());
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_a_dropped_future_leaves_the_coroutine_alone) {
  std::atomic<int> done{0};
  co_await on_a_thread([&done](eddy::event_loop& loop) {
    const auto dropped = [&] {
      (void)eddy::run_coroutine_threadsafe(
          loop,
          [](std::atomic<int>& d) -> eddy::coro<> {
            co_await eddy::sleep(100us);
            ++d;
          },
          std::ref(done));
    };
    dropped();
  });
  while (done == 0) co_await eddy::sleep(50us);
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_many_threads_many_calls) {
  std::atomic<int> sum{0};
  eddy::event_loop& loop = eddy::event_loop::current();
  std::atomic<int> running{4};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) sum += eddy::run_coroutine_threadsafe(loop, add, i, 0).get();
      --running;
    });
  while (running != 0) co_await eddy::sleep(100us);
  for (auto& t : threads) t.join();
  EXPECT_EQ(sum.load(), 4 * 199 * 100);
}

EDDY_IO_TEST(run_coroutine_threadsafe, S15_L9_on_the_loops_own_thread_is_misuse) {
  std::string text;
  try {
    (void)eddy::run_coroutine_threadsafe(eddy::event_loop::current(), add, 1, 1);
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("create_task"), std::string::npos) << text;
  co_return;
}

// The loop ends while the coroutine runs: it is cancelled, and the future does not hang.
TEST(run_coroutine_threadsafe_end, S15_the_loop_ends_first) {
  std::promise<eddy::event_loop*> up;
  std::atomic<bool> go{false};
  std::thread server([&] {
    eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> eddy::coro<> {
      up.set_value(&eddy::event_loop::current());
      while (!go) co_await eddy::sleep(50us);
    });
  });
  eddy::event_loop& loop = *up.get_future().get();
  std::atomic<bool> started{false};
  auto endless = eddy::run_coroutine_threadsafe(loop, [&]() -> eddy::coro<> {
    started = true;
    co_await eddy::sleep(1h);
  });
  while (!started) std::this_thread::yield();
  go = true;
  try {
    endless.get();
    ADD_FAILURE();
  } catch (const eddy::cancelled_error& e) {
    EXPECT_NE(std::string(e.what()).find("shutting down"), std::string::npos) << e.what();
  }
  server.join();
  EXPECT_FALSE(endless.cancel()) << "also when the loop is long gone";
}

// Posts that a loop which ends never takes: between its last turn and its destruction.
TEST(run_coroutine_threadsafe_end, S15_it_never_hangs_whenever_the_loop_ends) {
  for (int round = 0; round < 50; ++round) {
    auto loop = std::make_unique<eddy::event_loop>();
    std::atomic<bool> go{false};
    std::atomic<int> ended{0};
    std::thread other([&, &l = *loop] {
      while (!go) std::this_thread::yield();
      for (int i = 0; i < 20; ++i) {
        auto sum = eddy::run_coroutine_threadsafe(l, add, i, 1);
        try {
          EXPECT_EQ(sum.get(), i + 1);
        } catch (const eddy::cancelled_error&) {
        }
        ++ended;
      }
    });
    loop->run_until_complete([&]() -> eddy::coro<> {
      go = true;
      for (int i = 0; i < round % 7; ++i) co_await eddy::sleep(20us);
    });
    loop->close();
    other.join();
    EXPECT_EQ(ended.load(), 20);
  }
}

TEST(run_coroutine_threadsafe_end, S15_a_loop_that_goes_without_ever_running_fails_the_future) {
  auto loop = std::make_unique<eddy::event_loop>();
  std::future<int> never;
  std::thread([&] { never = eddy::run_coroutine_threadsafe(*loop, add, 1, 1); }).join();
  loop.reset();
  EXPECT_THROW(never.get(), eddy::cancelled_error);
}

// The posted coroutine ends the loop that it runs on, while the poster still is on its way out.
TEST(run_coroutine_threadsafe_end, S15_what_is_posted_may_end_the_loop) {
  for (int round = 0; round < 50; ++round) {
    std::promise<eddy::event_loop*> up;
    std::thread server([&] {
      EXPECT_THROW(eddy::run(eddy::run_options().handle_interrupt(false),
                             [&]() -> eddy::coro<> {
                               up.set_value(&eddy::event_loop::current());
                               co_await eddy::sleep(1h);
                             }),
                   eddy::cancelled_error);
    });
    eddy::event_loop& loop = *up.get_future().get();
    auto last = eddy::run_coroutine_threadsafe(loop, []() -> eddy::coro<> {
      eddy::detail::current_registry().cancel_all("the end");
      co_return;
    });
    last.get();
    server.join();
  }
}

}  // namespace
