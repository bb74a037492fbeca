// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/run_on_cores.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "eddy/base/frame_pool.hpp"
#include "eddy/base/reports.hpp"
#include "eddy/exec/channel.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

class run_on_cores : public testing::Test {
 protected:
  void TearDown() override {
    (void)eddy::set_report_handler(std::move(before_));
    EXPECT_EQ(reports_, "");
    EXPECT_LE(eddy::detail::frame_pool::live_blocks(), blocks_) << "frames are left";
  }
  std::string take_reports() { return std::exchange(reports_, {}); }

 private:
  std::int64_t blocks_ = eddy::detail::frame_pool::live_blocks();
  std::mutex lock_;
  std::string reports_;
  eddy::report_handler before_ = eddy::set_report_handler([this](const std::string& text) {
    const std::scoped_lock guard(lock_);
    reports_ += text + "\n";
  });
};

TEST_F(run_on_cores, S16_a_loop_and_a_thread_for_each) {
  std::mutex lock;
  std::set<std::size_t> indices;
  std::set<std::thread::id> threads;
  std::set<eddy::event_loop*> loops;
  std::atomic<int> arrived{0};
  eddy::run_on_cores(4, [&](std::size_t index) -> coro<> {
    {
      const std::scoped_lock guard(lock);
      indices.insert(index);
      threads.insert(std::this_thread::get_id());
      loops.insert(&eddy::event_loop::current());
    }
    for (++arrived; arrived < 4;) co_await eddy::sleep(50us);  // all at the same time
  });
  EXPECT_EQ(indices, (std::set<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(threads.size(), 4U);
  EXPECT_EQ(loops.size(), 4U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST_F(run_on_cores, S16_as_many_as_there_are_cores_named_and_pinned) {
  std::atomic<std::size_t> count{0};
  std::mutex lock;
  std::set<std::string> names;
  eddy::run_on_cores(eddy::cores().pin().name("worker"), [&](std::size_t) -> coro<> {
    ++count;
    std::array<char, 32> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    cpu_set_t set;
    CPU_ZERO(&set);
    EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    const std::scoped_lock guard(lock);
    names.insert(name.data());
    co_return;
  });
  cpu_set_t mine;
  CPU_ZERO(&mine);
  ASSERT_EQ(sched_getaffinity(0, sizeof mine, &mine), 0);
  EXPECT_EQ(count.load(), static_cast<std::size_t>(CPU_COUNT(&mine)));
  EXPECT_TRUE(names.contains("worker-0"));
  EXPECT_EQ(names.size(), count.load());
}

TEST_F(run_on_cores, S16_returns_when_all_have_ended_clean_up_included) {
  std::atomic<int> cleaned{0};
  eddy::run_on_cores(3, [&](std::size_t index) -> coro<> {
    eddy::create_task([&]() -> coro<> {
      co_await eddy::finally([]() -> coro<> { co_await eddy::sleep(1h); },
                             [&]() -> coro<> {
                               co_await eddy::sleep(1ms);
                               ++cleaned;
                             });
    });
    co_await eddy::sleep(index * 500us);
  });
  EXPECT_EQ(cleaned.load(), 3);
}

TEST_F(run_on_cores, S16_the_first_failure_cancels_the_others_and_is_thrown) {
  std::atomic<int> cleaned{0};
  EXPECT_THROW(eddy::run_on_cores(3,
                                  [&](std::size_t index) -> coro<> {
                                    if (index == 1) {
                                      co_await eddy::sleep(1ms);
                                      throw std::out_of_range("one");
                                    }
                                    co_await eddy::finally([]() -> coro<> { co_await eddy::sleep(1h); },
                                                           [&]() -> coro<> {
                                                             co_await eddy::sleep(100us);
                                                             ++cleaned;
                                                           });
                                  }),
               std::out_of_range);
  EXPECT_EQ(cleaned.load(), 2);
}

TEST_F(run_on_cores, S16_L6_later_failures_are_not_lost) {
  std::atomic<int> arrived{0};
  EXPECT_THROW(eddy::run_on_cores(2,
                                  [&](std::size_t index) -> coro<> {
                                    for (++arrived; arrived < 2;) co_await eddy::sleep(10us);
                                    throw std::runtime_error("failure " + std::to_string(index));
                                  }),
               std::runtime_error);
  const std::string told = take_reports();
  EXPECT_NE(told.find("failed after another had failed"), std::string::npos) << told;
}

/// Presses Ctrl-C, and waits for what comes of it. ThreadSanitizer calls a signal's handler only when the thread calls
/// something that it knows, which a loop that goes to sleep in io_uring at that moment does not: there it presses
/// again.
coro<> interrupt_all() {
  for (;;) {
    kill(getpid(), SIGINT);
    co_await eddy::sleep(EDDY_TSAN ? std::chrono::nanoseconds(100ms) : 1h);
  }
}

TEST_F(run_on_cores, S16_interrupts_end_all) {
  std::atomic<int> cleaned{0};
  std::atomic<int> up{0};
  EXPECT_THROW(eddy::run_on_cores(3,
                                  [&](std::size_t index) -> coro<> {
                                    co_await eddy::finally(
                                        [&]() -> coro<> {
                                          for (++up; up < 3;) co_await eddy::sleep(10us);
                                          if (index == 0) co_await interrupt_all();
                                          co_await eddy::sleep(1h);
                                        },
                                        [&]() -> coro<> {
                                          co_await eddy::sleep(100us);
                                          ++cleaned;
                                        });
                                  }),
               eddy::interrupted);
  EXPECT_EQ(cleaned.load(), 3);
}

TEST_F(run_on_cores, S16_the_second_interrupt_lifts_the_shields_of_all) {
  std::atomic<int> cleaning{0};
  EXPECT_THROW(eddy::run_on_cores(eddy::cores(2).options(eddy::run_options().grace(1h)),
                                  [&](std::size_t index) -> coro<> {
                                    co_await eddy::finally(
                                        [&]() -> coro<> {
                                          if (index == 0) co_await interrupt_all();
                                          co_await eddy::sleep(1h);
                                        },
                                        [&]() -> coro<> {
                                          if (++cleaning == 2) co_await interrupt_all();
                                          co_await eddy::sleep(1h);
                                        });
                                  }),
               eddy::interrupted);
  EXPECT_EQ(cleaning.load(), 2);
  (void)take_reports();
}

TEST_F(run_on_cores, S16_L9_inside_of_a_loop_is_misuse) {
  eddy::run([]() -> coro<> {
    EXPECT_THROW(eddy::run_on_cores(1, [](std::size_t) -> coro<> { co_return; }), eddy::misuse_error);
    co_return;
  });
}

TEST_F(run_on_cores, S16_loops_send_each_other_messages_through_channels) {
  constexpr std::size_t count = 3;
  std::vector<eddy::channel<int>> inbox(count, eddy::channel<int>(1));
  for (auto& each : inbox) each = eddy::channel<int>(1);  // one each, not one for all
  std::atomic<int> sum{0};
  eddy::run_on_cores(count, [&](std::size_t index) -> coro<> {
    auto& next = inbox[(index + 1) % count];
    for (int lap = 0; lap < 50; ++lap) {
      if (index == 0) co_await next.send(lap);
      const auto got = co_await inbox[index].receive();
      if (index == 0)
        sum += *got;
      else
        co_await next.send(*got + 1);
    }
  });
  EXPECT_EQ(sum.load(), 49 * 25 + 50 * 2);
}

TEST_F(run_on_cores, S16_servers_on_all_loops_share_a_port) {
  eddy::channel<std::uint16_t> ports(8);
  std::atomic<int> served{0};
  std::atomic<int> up{0};
  eddy::run_on_cores(2, [&](std::size_t index) -> coro<> {
    std::uint16_t port = 0;
    if (index != 0) {
      const auto told = co_await ports.receive();
      port = *told;
    }
    const auto answer = [&](eddy::stream connection) -> coro<> {
      ++served;
      co_await connection.writer().write("hello\n");
    };
    const auto body = [&](eddy::server& server) -> coro<> {
      ++up;
      if (index == 0) {
        co_await ports.send(server.port());
        while (up < 2) co_await eddy::sleep(20us);
        for (int i = 0; i < 20; ++i) {
          auto connection = co_await eddy::open_connection("127.0.0.1", server.port());
          const auto line = co_await connection.reader().readline();
          EXPECT_EQ(line.value_or(""), "hello");
          co_await connection.close();
        }
        ports.close();
      } else {
        const auto none = co_await ports.receive();
        EXPECT_FALSE(none.has_value());
      }
    };
    co_await eddy::with(eddy::start_server(answer, "127.0.0.1", port).reuse_port(true), body);
  });
  EXPECT_EQ(served.load(), 20);
}

}  // namespace
