// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/signals.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "eddy/coro/task.hpp"
#include "eddy/exec/loop_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::explore;
using eddy::testing::explore_options;
using eddy::testing::test_clock;

namespace {

void (*handler_of(int number))(int) {
  struct sigaction now{};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler;
}

EDDY_IO_TEST(signals, S48_signals_come_in_order_with_their_sender) {
  auto all = signals(SIGUSR1, SIGUSR2, SIGHUP);
  ::kill(::getpid(), SIGHUP);
  ::kill(::getpid(), SIGUSR1);
  const auto first = co_await all.next();
  const auto second = co_await all.next();
  EDDY_ASSERT_TRUE(first && second);
  EXPECT_EQ(first->number, SIGHUP);
  EXPECT_EQ(first->name(), "SIGHUP");
  EXPECT_EQ(first->sender, ::getpid());
  EXPECT_EQ(first->user, ::getuid());
  EXPECT_EQ(second->number, SIGUSR1);
}

EDDY_IO_TEST(signals, S48_what_nobody_takes_is_counted) {
  auto all = signals(SIGUSR1, SIGUSR2);
  for (int i = 0; i < 5; ++i) ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  co_await sleep(0s);
  for (int i = 0; i < 3; ++i) ::raise(SIGUSR1);
  co_await sleep(0s);
  const auto first = co_await all.next();
  EXPECT_EQ(first->number, SIGUSR1);
  EXPECT_EQ(first->count, 8U) << "each was handled at once, so none is lost";
  const auto second = co_await all.next();
  EXPECT_EQ(second->number, SIGUSR2);
  EXPECT_EQ(second->count, 1U);
}

coro<int> next_number(signal_stream& from) {
  const auto got = co_await from.next();
  co_return got->number;
}

EDDY_IO_TEST(signals, S48_every_stream_gets_it_and_only_what_it_wants) {
  auto one = signals(SIGUSR1);
  auto both = signals(SIGUSR1, SIGUSR2);
  auto waiting = create_task(next_number, std::ref(one));
  co_await sleep(0s);
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);
  const int a = co_await next_number(both);
  const int b = co_await next_number(both);
  const int c = co_await waiting;
  EXPECT_EQ(a, SIGUSR2);
  EXPECT_EQ(b, SIGUSR1);
  EXPECT_EQ(c, SIGUSR1);
}

TEST(signals, S48_every_loop_gets_it) {
  std::atomic<int> listening{0};
  std::atomic<int> got{0};
  const auto listen = [&]() -> coro<> {
    auto all = signals(SIGUSR1);
    ++listening;
    const auto info = co_await all.next();
    got += info->number == SIGUSR1 ? 1 : 0;
  };
  std::vector<std::thread> loops;
  for (int i = 0; i < 3; ++i) loops.emplace_back([&] { run(run_options().handle_interrupt(false), std::ref(listen)); });
  while (listening != 3) std::this_thread::yield();
  ::kill(::getpid(), SIGUSR1);
  for (std::thread& each : loops) each.join();
  EXPECT_EQ(got, 3);
}

TEST(signals, S48_what_was_before_is_put_back_with_the_last) {
  const auto before = [](int) {};
  ::signal(SIGUSR2, before);
  run(run_options().handle_interrupt(false), []() -> coro<> {
    auto one = std::make_unique<signal_stream>(signals(SIGUSR2));
    auto two = std::make_unique<signal_stream>(signals(SIGUSR2));
    one.reset();
    ::raise(SIGUSR2);
    const auto got = co_await two->next();
    EXPECT_EQ(got->number, SIGUSR2);
    two.reset();
  });
  EXPECT_EQ(handler_of(SIGUSR2), static_cast<void (*)(int)>(before));
  run(run_options().handle_interrupt(false), [&]() -> coro<> {
    auto one = signals(SIGUSR2);
    ::signal(SIGUSR2, SIG_IGN);  // somebody else takes it over
    co_return;
  });
  EXPECT_EQ(handler_of(SIGUSR2), SIG_IGN) << "theirs stays";
  ::signal(SIGUSR2, SIG_DFL);
}

EDDY_IO_TEST(signals, S48_misuse_speaks) {
  EXPECT_THROW([[maybe_unused]] auto none = signals(SIGSEGV), misuse_error);
  EXPECT_THROW([[maybe_unused]] auto none = signals(0), misuse_error);
  EXPECT_THROW([[maybe_unused]] auto none = signals(1000), misuse_error);
  EXPECT_THROW([[maybe_unused]] auto none = signals(SIGUSR1, SIGKILL), std::system_error);
  EXPECT_EQ(handler_of(SIGUSR1), SIG_DFL) << "half a stream is none";
  auto all = signals(SIGUSR1);
  auto waiting = create_task(next_number, std::ref(all));
  co_await sleep(0s);
  bool refused = false;
  try {
    [[maybe_unused]] const auto unused = co_await all.next();
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  ::raise(SIGUSR1);
  const int number = co_await waiting;
  EXPECT_EQ(number, SIGUSR1);
}

// Ctrl-C cancels main when nobody listens; with a stream it comes there.
TEST(signals, S48_ctrl_c_goes_to_the_stream_while_it_lives_and_to_run_afterwards) {
  bool to_stream = false;
  bool to_run = false;
  try {
    run([&]() -> coro<> {
      {
        auto ends = signals(SIGINT);
        ::raise(SIGINT);
        const auto got = co_await ends.next();
        to_stream = got->number == SIGINT;
      }
      ::raise(SIGINT);
      co_await sleep(1h);
    });
  } catch (const interrupted&) {
    to_run = true;
  }
  EXPECT_TRUE(to_stream);
  EXPECT_TRUE(to_run);
  EXPECT_EQ(handler_of(SIGINT), SIG_DFL);
}

TEST(signals, S48_a_stream_of_another_loop_keeps_ctrl_c_when_run_ends) {
  std::atomic<bool> listening{false};
  std::atomic<bool> got{false};
  std::thread other;
  run([&]() -> coro<> {
    other = std::thread([&] {
      run(run_options().handle_interrupt(false), [&]() -> coro<> {
        auto ends = signals(SIGINT);
        listening = true;
        const auto info = co_await ends.next();
        got = info->number == SIGINT;
      });
    });
    while (!listening) co_await sleep(1ms);
  });
  ::kill(::getpid(), SIGINT);
  other.join();
  EXPECT_TRUE(got);
  ::signal(SIGINT, SIG_DFL);
}

TEST(signals, S48_children_inherit_no_mask) {
  run(run_options().handle_interrupt(false), []() -> coro<> {
    auto ends = signals(SIGUSR1, SIGTERM);
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGUSR1), 0);
    EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
    co_return;
  });
}

EDDY_TEST(signals, S48_a_limit_on_the_virtual_clock_runs_out) {
  auto ends = signals(SIGUSR1);
  bool over = false;
  try {
    [[maybe_unused]] const auto unused = co_await wait_for(ends.next(), 1h);
  } catch (const timeout_error&) {
    over = true;
  }
  EXPECT_TRUE(over);
}

TEST(signals, L1_L12_every_signal_comes_once_however_often_it_is_cancelled) {
  const auto result = explore(
      []() -> coro<> {
        auto all = signals(SIGUSR1, SIGUSR2);
        std::vector<int> got;
        const auto listen = [&]() -> coro<> {
          while (got.size() < 2) {
            const auto info = co_await all.next();
            got.push_back(info->number);
          }
        };
        co_await with(task_group(), [&](task_group& group) -> coro<> {
          group.create_task(std::ref(listen));
          co_await checkpoint();
          ::raise(SIGUSR2);
          co_await checkpoint();
          group.cancel();
          ::raise(SIGUSR1);
        });
        co_await listen();
        EXPECT_EQ(got, (std::vector<int>{SIGUSR2, SIGUSR1}));
      },
      explore_options().clock(test_clock::real_time).timeouts().closing().second_cancel());
  EXPECT_GT(result.cancel_points, 5U);
}

}  // namespace
