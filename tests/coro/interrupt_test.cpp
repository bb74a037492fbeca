// SPDX-License-Identifier: BSL-1.0
// Program 23: Ctrl-C.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "eddy/base/reports.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"

using namespace std::chrono_literals;

namespace {

TEST(interrupt, S02_cancels_main_cleans_up_and_throws_interrupted) {
  bool cleaned = false;
  EXPECT_THROW(eddy::run([&]() -> eddy::coro<> {
                 co_await eddy::finally(
                     []() -> eddy::coro<> {
                       raise(SIGINT);
                       co_await eddy::sleep(1h);
                     },
                     [&]() -> eddy::coro<> {
                       co_await eddy::sleep(1us);
                       cleaned = true;
                     });
               }),
               eddy::interrupted);
  EXPECT_TRUE(cleaned);
}

TEST(interrupt, S02_a_value_that_came_all_the_same_is_returned) {
  const int got = eddy::run([]() -> eddy::coro<int> {
    raise(SIGINT);
    co_return 3;
  });
  EXPECT_EQ(got, 3);
}

TEST(interrupt, S02_the_second_lifts_shields) {
  bool went_on = false;
  const auto start = eddy::clock::now();
  EXPECT_THROW(eddy::run(eddy::run_options().grace(1h),
                         [&]() -> eddy::coro<> {
                           eddy::event_loop::current().call_later(1ms, [] { raise(SIGINT); });
                           eddy::event_loop::current().call_later(3ms, [] { raise(SIGINT); });
                           co_await eddy::shield(eddy::sleep(1h));
                           went_on = true;
                         }),
               eddy::interrupted);
  EXPECT_FALSE(went_on);
  EXPECT_LT(eddy::clock::now() - start, 30s);
}

TEST(interrupt, S02_during_the_shutdown_it_lifts_shields_too) {
  const auto start = eddy::clock::now();
  const int got = eddy::run(eddy::run_options().grace(1h), []() -> eddy::coro<int> {
    eddy::create_task([]() -> eddy::coro<> {
      co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                             []() -> eddy::coro<> {
                               raise(SIGINT);
                               raise(SIGINT);
                               co_await eddy::sleep(1h);
                             });
    });
    co_await eddy::sleep(1us);
    co_return 1;
  });
  EXPECT_EQ(got, 1) << "main had ended by then";
  EXPECT_LT(eddy::clock::now() - start, 30s);
}

TEST(interrupt, S02_the_handler_is_put_back_and_the_next_run_has_its_own) {
  EXPECT_THROW(eddy::run([]() -> eddy::coro<> {
                 raise(SIGINT);
                 co_await eddy::sleep(1h);
               }),
               eddy::interrupted);
  struct sigaction now{};
  sigaction(SIGINT, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
  EXPECT_NO_THROW(eddy::run([]() -> eddy::coro<> { co_await eddy::sleep(1us); }));
}

TEST(interrupt, S02_a_handler_of_ones_own_is_left_alone) {
  static volatile sig_atomic_t ours = 0;
  ours = 0;
  struct sigaction mine{};
  mine.sa_handler = [](int) { ours = 1; };
  struct sigaction before{};
  sigaction(SIGINT, &mine, &before);
  eddy::run([]() -> eddy::coro<> {
    raise(SIGINT);
    co_await eddy::sleep(1us);
  });
  sigaction(SIGINT, &before, nullptr);
  EXPECT_EQ(ours, 1);
}

TEST(interrupt, S02_it_may_be_switched_off) {
  eddy::run(eddy::run_options().handle_interrupt(false), []() -> eddy::coro<> {
    struct sigaction now{};
    sigaction(SIGINT, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
    co_return;
  });
}

// A process of its own, interrupted from outside while its loop sleeps, the way a terminal does it.
TEST(interrupt, S02_a_real_one_from_outside_ends_a_process_cleanly) {
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      eddy::run([&]() -> eddy::coro<> {
        co_await eddy::finally(
            [&]() -> eddy::coro<> {
              if (::write(ready[1], "x", 1) != 1) std::_Exit(3);
              co_await eddy::sleep(1h);
            },
            [&]() -> eddy::coro<> {
              co_await eddy::sleep(1ms);
              code = 2;
            });
      });
    } catch (const eddy::interrupted&) {
      std::_Exit(code == 2 ? 42 : 4);
    } catch (...) {
    }
    std::_Exit(5);
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  std::this_thread::sleep_for(2ms);  // it falls asleep; it must work as well when it has not
  kill(child, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  ::close(ready[0]);
  ::close(ready[1]);
}

// Handlers that run on another thread while the run which they are for comes to its end. The process dies of the first
// signal that finds no handler, as it should; never of anything else.
TEST(interrupt, S02_one_on_another_thread_may_come_at_any_moment_of_the_end) {
  for (int round = 0; round < 10; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      std::atomic<bool> go{false};
      std::thread storm([&] {
        while (!go) std::this_thread::yield();
        while (true) pthread_kill(pthread_self(), SIGINT);
      });
      for (int i = 0; i < 200; ++i) {
        try {
          eddy::run([&]() -> eddy::coro<> {
            go = true;
            co_await eddy::sleep(20us);
          });
        } catch (const eddy::interrupted&) {
        }
      }
      std::_Exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGINT) << status;
  }
}

}  // namespace
