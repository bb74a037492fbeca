// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/loop_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eddy/base/frame_pool.hpp"
#include "eddy/base/reports.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

eddy::coro<int> twice(int x) {
  co_await eddy::sleep(10us);
  co_return 2 * x;
}

template <class F>
std::string misuse(F f) {
  try {
    f();
  } catch (const eddy::misuse_error& e) {
    return e.what();
  }
  return "no misuse_error";
}

class loop_thread : public testing::Test {
 protected:
  void TearDown() override {
    (void)eddy::set_report_handler(std::move(before_));
    EXPECT_EQ(reports_, "");
    EXPECT_LE(eddy::detail::frame_pool::live_blocks(), blocks_) << "frames are left";
  }

 private:
  std::int64_t blocks_ = eddy::detail::frame_pool::live_blocks();
  std::string reports_;
  eddy::report_handler before_ = eddy::set_report_handler([this](const std::string& text) { reports_ += text + "\n"; });
};

TEST_F(loop_thread, S72_call_waits_and_gives_the_value) {
  eddy::loop_thread io;
  EXPECT_EQ(io.call(twice, 4), 8);
  std::string text = io.call([](std::string s) -> eddy::coro<std::string> { co_return s + "!"; }, "hello");
  EXPECT_EQ(text, "hello!");
  io.call([]() -> eddy::coro<> { co_return; });
}

TEST_F(loop_thread, S72_call_throws_what_the_coroutine_throws) {
  eddy::loop_thread io;
  EXPECT_THROW(io.call([]() -> eddy::coro<int> {
    co_await eddy::sleep(10us);
    throw std::out_of_range("x");
  }),
               std::out_of_range);
  EXPECT_EQ(io.call(twice, 1), 2) << "it goes on";
}

TEST_F(loop_thread, S72_submit_gives_futures_that_run_at_the_same_time) {
  eddy::loop_thread io;
  std::vector<std::future<int>> all;
  for (int i = 0; i < 50; ++i) all.push_back(io.submit(twice, i));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].get(), 2 * i);
}

TEST_F(loop_thread, S72_objects_stay_on_the_loop_between_calls) {
  eddy::loop_thread io;
  auto task = io.call([]() -> eddy::coro<std::shared_ptr<eddy::task<int>>> {
    co_return std::make_shared<eddy::task<int>>(eddy::create_task(twice, 21));
  });
  EXPECT_EQ(io.call(
                [](std::shared_ptr<eddy::task<int>>& t) -> eddy::coro<int> {
                  const int value = co_await *t;
                  t.reset();  // handles belong to the loop's thread too
                  co_return value;
                },
                std::ref(task)),
            42);
}

TEST_F(loop_thread, S72_its_end_cancels_and_joins_what_is_left) {
  std::atomic<bool> started{false};
  std::atomic<bool> cleaned{false};
  std::future<void> left;
  {
    eddy::loop_thread io;
    left = io.submit([&]() -> eddy::coro<> {
      co_await eddy::finally(
          [&]() -> eddy::coro<> {
            started = true;
            co_await eddy::sleep(1h);
          },
          [&]() -> eddy::coro<> {
            co_await eddy::sleep(100us);
            cleaned = true;
          });
    });
    while (!started) std::this_thread::yield();
  }
  EXPECT_TRUE(cleaned.load());
  EXPECT_THROW(left.get(), eddy::cancelled_error);
}

TEST_F(loop_thread, S72_stop_may_come_while_others_call) {
  for (int round = 0; round < 20; ++round) {
    eddy::loop_thread io;
    std::atomic<int> calls{0};
    std::vector<std::thread> callers;
    for (int t = 0; t < 3; ++t)
      callers.emplace_back([&] {
        try {
          while (true) {
            EXPECT_EQ(io.call(twice, 3), 6);
            ++calls;
          }
        } catch (const eddy::cancelled_error&) {
        } catch (const eddy::misuse_error& e) {
          EXPECT_NE(std::string(e.what()).find("was stopped"), std::string::npos) << e.what();
        }
      });
    while (calls < 3) std::this_thread::yield();
    io.stop();
    io.stop();
    for (auto& c : callers) c.join();
  }
}

TEST_F(loop_thread, S72_L9_on_its_own_thread_it_says_that_it_would_wait_for_itself) {
  eddy::loop_thread io;
  std::vector<std::string> told;
  io.call([&]() -> eddy::coro<> {
    told.push_back(misuse([&] { io.call(twice, 1); }));
    told.push_back(misuse([&] { (void)io.submit(twice, 1); }));
    told.push_back(misuse([&] { io.stop(); }));
    co_return;
  });
  ASSERT_EQ(told.size(), 3U);
  for (const auto& text : told) {
    EXPECT_NE(text.find("its own thread") == std::string::npos ? text.find("own thread") : 0, std::string::npos)
        << text;
    EXPECT_NE(text.find("co_await or create_task"), std::string::npos) << text;
  }
}

TEST_F(loop_thread, S72_one_that_waits_for_work_is_no_deadlock_and_has_a_name_and_no_signals) {
  eddy::loop_thread io(eddy::run_options(), "a_name_that_is_too_long");
  std::this_thread::sleep_for(2ms);
  io.call([]() -> eddy::coro<> {
    std::array<char, 32> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    EXPECT_STREQ(name.data(), "a_name_that_is_");
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGINT), 1);
    co_return;
  });
}

TEST_F(loop_thread, S72_a_loop_that_cannot_start_is_told_to_its_maker) {
  EXPECT_THROW(eddy::loop_thread(eddy::run_options().backend("kqueue")), eddy::misuse_error);
}

TEST_F(loop_thread, S72_from_a_coroutine_of_another_loop_one_awaits_it_on_a_thread) {
  eddy::run([]() -> eddy::coro<> {
    eddy::loop_thread io;
    const int got = co_await eddy::to_thread([&] { return io.call(twice, 5); });
    EXPECT_EQ(got, 10);
  });
}

}  // namespace
