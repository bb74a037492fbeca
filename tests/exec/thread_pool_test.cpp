// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/thread_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

// Jobs that wait here until they are let go.
class gate {
 public:
  void wait() const { open_.wait(false); }
  void open() {
    open_ = true;
    open_.notify_all();
  }

 private:
  std::atomic<bool> open_{false};
};

std::string thread_name() {
  std::array<char, 32> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

EDDY_IO_TEST(thread_pool, S37_runs_at_most_so_many_jobs_at_a_time_and_starts_threads_when_needed) {
  eddy::thread_pool pool(2);
  EXPECT_EQ(pool.statistics().threads, 0U);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 20; ++i)
    tasks.push_back(eddy::create_task([&]() -> eddy::coro<> {
      co_await eddy::run_in_executor(pool, [&] {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(200us);
        --running;
      });
    }));
  for (auto& t : tasks) co_await t;
  EXPECT_LE(most.load(), 2);
  EXPECT_EQ(pool.statistics().threads, 2U);
}

EDDY_IO_TEST(thread_pool, S37_one_job_after_the_other_needs_one_thread) {
  eddy::thread_pool pool(4);
  for (int i = 0; i < 10; ++i) {
    co_await eddy::run_in_executor(pool, [] {});
    while (pool.statistics().busy != 0) co_await eddy::sleep(10us);
  }
  EXPECT_EQ(pool.statistics().threads, 1U);
}

EDDY_IO_TEST(thread_pool, threads_carry_its_name_and_block_signals) {
  eddy::thread_pool pool(1, "a_very_long_pool_name");
  const std::string name = co_await eddy::run_in_executor(pool, thread_name);
  EXPECT_EQ(name, "a_very_long_-1");
  const bool blocked = co_await eddy::run_in_executor(pool, [] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
  });
  EXPECT_TRUE(blocked);
  sigset_t mine;
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGINT), 0) << "the loop's own thread keeps its mask";
}

EDDY_IO_TEST(thread_pool, statistics_say_who_works_and_who_waits) {
  eddy::thread_pool pool(1);
  gate go;
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 3; ++i)
    tasks.push_back(
        eddy::create_task([&]() -> eddy::coro<> { co_await eddy::run_in_executor(pool, [&] { go.wait(); }); }));
  while (pool.statistics().busy == 0 || pool.statistics().queued != 2) co_await eddy::sleep(100us);
  EXPECT_EQ(eddy::event_loop::current().statistics().external_jobs, 3U);
  go.open();
  for (auto& t : tasks) co_await t;
  EXPECT_EQ(pool.statistics().queued, 0U);
  EXPECT_EQ(eddy::event_loop::current().statistics().external_jobs, 0U);
}

EDDY_IO_TEST(thread_pool, L7_jobs_start_in_the_order_of_their_coming) {
  eddy::thread_pool pool(1);
  std::vector<int> order;
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 50; ++i)
    tasks.push_back(eddy::create_task(
        [&, i]() -> eddy::coro<> { co_await eddy::run_in_executor(pool, [&order, i] { order.push_back(i); }); }));
  for (auto& t : tasks) co_await t;
  EXPECT_EQ(order.size(), 50U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

EDDY_IO_TEST(thread_pool, L4_a_queued_job_is_withdrawn_and_the_others_keep_their_order) {
  eddy::thread_pool pool(1);
  gate go;
  std::vector<int> order;
  auto first = eddy::create_task([&]() -> eddy::coro<> { co_await eddy::run_in_executor(pool, [&] { go.wait(); }); });
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 5; ++i)
    tasks.push_back(eddy::create_task(
        [&, i]() -> eddy::coro<> { co_await eddy::run_in_executor(pool, [&order, i] { order.push_back(i); }); }));
  while (pool.statistics().busy == 0 || pool.statistics().queued != 5) co_await eddy::sleep(100us);
  tasks[1].cancel();
  co_await eddy::cancel_and_join(tasks[3]);
  EXPECT_EQ(pool.statistics().queued, 3U);
  go.open();
  co_await first;
  co_await tasks[4];
  EXPECT_EQ(order, (std::vector{0, 2, 4}));
}

TEST(thread_pool_end, graceful_jobs_that_have_started_are_waited_for) {
  std::atomic<bool> started{false};
  std::atomic<bool> done{false};
  eddy::run([&]() -> eddy::coro<> {
    eddy::create_task([&]() -> eddy::coro<> {
      co_await eddy::to_thread([&] {
        started = true;
        std::this_thread::sleep_for(3ms);
        done = true;
      });
    });
    while (!started) co_await eddy::sleep(100us);
  });
  EXPECT_TRUE(done.load());
}

TEST(thread_pool_end, one_pool_serves_several_loops) {
  eddy::thread_pool pool(2);
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      eddy::run([&]() -> eddy::coro<> {
        for (int i = 0; i < 200; ++i) {
          const int got = co_await eddy::run_in_executor(pool, [i] { return i; });
          sum += got;
        }
      });
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(sum.load(), 3 * 199 * 100);
}

EDDY_IO_TEST(thread_pool, S36_one_job_more_than_it_keeps_in_line_is_refused) {
  eddy::thread_pool pool(eddy::pool_options().threads(1).name("small").max_queued(2));
  gate go;
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 3; ++i)
    tasks.push_back(
        eddy::create_task([&]() -> eddy::coro<> { co_await eddy::run_in_executor(pool, [&] { go.wait(); }); }));
  co_await eddy::sleep(0s);
  std::string text;
  try {
    co_await eddy::run_in_executor(pool, [] {});
  } catch (const eddy::pool_full_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("\"small\" has"), std::string::npos) << text;
  go.open();
  for (auto& t : tasks) co_await t;
  const int again = co_await eddy::run_in_executor(pool, [] { return 1; });
  EXPECT_EQ(again, 1);
}

EDDY_IO_TEST(thread_pool, S36_a_pool_that_keeps_no_line_still_has_its_threads) {
  eddy::thread_pool pool(eddy::pool_options().threads(2).max_queued(0));
  gate go;
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 2; ++i)
    tasks.push_back(
        eddy::create_task([&]() -> eddy::coro<> { co_await eddy::run_in_executor(pool, [&] { go.wait(); }); }));
  co_await eddy::sleep(0s);
  bool refused = false;
  try {
    co_await eddy::run_in_executor(pool, [] {});
  } catch (const eddy::pool_full_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  go.open();
  for (auto& t : tasks) co_await t;
}

EDDY_IO_TEST(thread_pool, S36_S37_shutdown_ends_what_is_in_line_and_takes_no_more) {
  eddy::thread_pool pool(1);
  gate go;
  std::atomic<int> done{0};
  std::vector<eddy::task<>> tasks;
  for (int i = 0; i < 3; ++i)
    tasks.push_back(eddy::create_task([&]() -> eddy::coro<> {
      co_await eddy::run_in_executor(pool, [&] {
        go.wait();
        ++done;
      });
    }));
  co_await eddy::sleep(0s);
  pool.shutdown(false);
  EXPECT_EQ(done.load(), 0);
  std::string text;
  try {
    co_await eddy::run_in_executor(pool, [] {});
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("was shut down"), std::string::npos) << text;
  go.open();
  co_await eddy::to_thread([&] { pool.shutdown(); });
  EXPECT_EQ(done.load(), 3);
  pool.shutdown();
  for (auto& t : tasks) co_await t;
}

EDDY_IO_TEST(thread_pool, L9_a_job_cannot_wait_for_the_end_of_its_own_pool) {
  eddy::thread_pool pool(1);
  std::string text;
  try {
    co_await eddy::run_in_executor(pool, [&] { pool.shutdown(); });
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("cannot wait for itself"), std::string::npos) << text;
  const int still = co_await eddy::run_in_executor(pool, [] { return 2; });
  EXPECT_EQ(still, 2);
}

}  // namespace
