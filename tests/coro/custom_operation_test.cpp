// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/custom_operation.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "eddy/coro/task.hpp"
#include "eddy/coro/task_tree.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;

namespace {

// A bell that another part of the loop rings: the smallest awaitable of one's own.
class bell {
 public:
  class ring_operation final : public eddy::custom_operation<ring_operation> {
   public:
    explicit ring_operation(bell& of) noexcept : bell_(&of) {}
    ring_operation(ring_operation&&) = default;

    bool ready() const noexcept { return bell_->rung_; }
    void start() {
      if (bell_->waiter_ != nullptr) throw eddy::misuse_error("one at a time");
      bell_->waiter_ = this;
    }
    bool cancel() noexcept {
      bell_->waiter_ = nullptr;
      return true;
    }
    int result() const {
      if (bell_->broken_) throw std::runtime_error("broken");
      return 7;
    }
    std::string describe() const override { return "the bell"; }

   private:
    friend class bell;
    bell* bell_;
  };

  [[nodiscard]] ring_operation ring() noexcept { return ring_operation(*this); }
  void strike(bool broken = false) {
    rung_ = true;
    broken_ = broken;
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->complete();
  }

 private:
  ring_operation* waiter_ = nullptr;
  bool rung_ = false;
  bool broken_ = false;
};

EDDY_TEST(custom_operation, S73_ready_at_once) {
  bell b;
  b.strike();
  const int got = co_await b.ring();
  EXPECT_EQ(got, 7);
}

EDDY_TEST(custom_operation, S73_suspends_and_is_completed) {
  bell b;
  auto striker = eddy::create_task([&]() -> eddy::coro<> {
    co_await eddy::sleep(1s);
    EXPECT_NE(eddy::task_tree().find("the bell"), std::string::npos);
    b.strike();
  });
  const int got = co_await b.ring();
  EXPECT_EQ(got, 7);
  co_await striker;
}

EDDY_TEST(custom_operation, S73_its_result_may_throw_and_so_may_its_start) {
  bell b;
  auto first = eddy::create_task([&]() -> eddy::coro<int> { co_return co_await b.ring(); });
  co_await eddy::sleep(0s);
  const auto second = co_await eddy::as_outcome(b.ring());
  EXPECT_TRUE(second.has_exception());
  b.strike(true);
  const auto end = co_await eddy::as_outcome(first);
  EXPECT_TRUE(end.has_exception());
}

TEST(custom_operation, S73_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore([]() -> eddy::coro<> {
    bell b;
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> eddy::coro<> {
      group.create_task([&]() -> eddy::coro<> { co_await b.ring(); });
      const eddy::testing::counted local("local");
      co_await eddy::sleep(0s);
      b.strike();
    });
    co_await b.ring();
  });
  EXPECT_GE(went.cancel_points, 8U);
}

TEST(custom_operation, S73_the_loop_shuts_down_while_it_waits) {
  bell b;
  eddy::testing::shut_down_during([&]() -> eddy::coro<> { co_await b.ring(); });
}

// One that a thread completes, and that cannot be taken back at once: cancelling asks the thread to stop.
class slow_work final : public eddy::custom_operation<slow_work> {
 public:
  explicit slow_work(std::atomic<int>& asked, std::chrono::microseconds time = 2ms) noexcept
      : asked_(&asked), time_(time) {}
  slow_work(slow_work&& other) noexcept
      : custom_operation(std::move(other)), asked_(other.asked_), time_(other.time_) {}
  ~slow_work() {
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    thread_ = std::thread([this, suspended = eddy::testing::until_suspended()] {
      suspended();
      for (auto slept = 0us; slept < time_ && !stop_; slept += 100us) std::this_thread::sleep_for(100us);
      if (stop_)
        withdraw_threadsafe();
      else
        complete_threadsafe();
    });
  }
  bool cancel() noexcept {
    ++*asked_;
    stop_ = true;
    return false;
  }
  void result() const noexcept {}

 private:
  std::atomic<int>* asked_;
  std::chrono::microseconds time_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

EDDY_IO_TEST(custom_operation, S73_a_thread_completes_it) {
  std::atomic<int> asked{0};
  co_await slow_work(asked);
  EXPECT_EQ(asked.load(), 0);
}

EDDY_IO_TEST(custom_operation, S73_L4_a_cancellation_that_takes_time_is_waited_for_and_then_unwinds) {
  std::atomic<int> asked{0};
  bool went_on = false;
  auto task = eddy::create_task([&]() -> eddy::coro<> {
    co_await slow_work(asked, 1h);
    went_on = true;
  });
  co_await eddy::sleep(200us);
  co_await eddy::cancel_and_join(task);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(asked.load(), 1);
  EXPECT_FALSE(went_on);
}

TEST(custom_operation, S73_L4_a_thread_and_every_moment) {
  std::atomic<int> asked{0};
  const auto went =
      eddy::testing::explore([&]() -> eddy::coro<> { co_await slow_work(asked); },
                             eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GE(went.cancel_points, 2U);
}

}  // namespace
