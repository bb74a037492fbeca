// SPDX-License-Identifier: BSL-1.0
// Program 27: an awaitable of another library, that resumes on a thread of its own.
#include "eddy/exec/from_awaitable.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::from_awaitable;

namespace lib {

// What a foreign library has: threads that resume handles, and a lazy task type of its own.
class threads {
 public:
  threads() = default;
  threads(const threads&) = delete;
  ~threads() { join(); }
  void resume_later(std::coroutine_handle<> handle, std::chrono::microseconds delay = 100us) {
    std::function<void()> first = [delay] { std::this_thread::sleep_for(delay); };
    if (eddy::event_loop::try_current() != nullptr) first = eddy::testing::until_suspended();
    const std::scoped_lock guard(lock_);
    all_.emplace_back([handle, first = std::move(first)] {
      first();
      handle.resume();
    });
  }
  void join() {
    while (true) {  // one that is joined may have started another
      std::vector<std::thread> some;
      {
        const std::scoped_lock guard(lock_);
        some.swap(all_);
      }
      if (some.empty()) return;
      for (auto& t : some) t.join();
    }
  }

 private:
  std::mutex lock_;
  std::vector<std::thread> all_;
};

// An awaiter itself, which suspends always, and may throw.
class hop {
 public:
  explicit hop(threads& on, bool fails = false) : on_(&on), fails_(fails) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) { on_->resume_later(handle); }
  int await_resume() const {
    if (fails_) throw std::out_of_range("lib");
    return 5;
  }

 private:
  threads* on_;
  bool fails_;
};

// Its awaiter cannot be moved, and may find out late that it need not wait.
class maybe {
 public:
  maybe(threads& on, bool waits) : on_(&on), waits_(waits) {}
  class awaiter {
   public:
    explicit awaiter(const maybe& of) : of_(&of) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      if (of_->waits_) of_->on_->resume_later(handle);
      return of_->waits_;
    }
    std::string await_resume() const { return "maybe"; }

   private:
    const maybe* of_;
  };
  awaiter operator co_await() const { return awaiter(*this); }

 private:
  threads* on_;
  bool waits_;
};

// Awaited through a free operator co_await, ready at once.
struct ready_thing {
  int value;
};
struct ready_awaiter {
  int value;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return value; }
};
ready_awaiter operator co_await(const ready_thing& x) { return {x.value}; }

// A lazy coroutine with symmetric transfer.
class lazy {
 public:
  struct promise_type {
    std::coroutine_handle<> continuation;
    int value = 0;
    lazy get_return_object() { return lazy(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct last {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
        return h.promise().continuation;
      }
      void await_resume() const noexcept {}
    };
    last final_suspend() noexcept { return {}; }
    void return_value(int x) { value = x; }
    void unhandled_exception() { std::terminate(); }
  };
  explicit lazy(std::coroutine_handle<promise_type> h) : handle_(h) {}
  lazy(lazy&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~lazy() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) noexcept {
    handle_.promise().continuation = h;
    return handle_;
  }
  int await_resume() const { return handle_.promise().value; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

lazy compute(threads& on) {
  const int x = co_await hop(on);
  const int y = co_await hop(on);
  co_return x + y;
}

// One that may be destroyed while it is awaited: its destructor sees to it that nobody is resumed any more.
class timer_like {
 public:
  explicit timer_like(std::chrono::microseconds time = 2ms) : time_(time) {}
  timer_like(timer_like&& other) noexcept : time_(other.time_) {}
  ~timer_like() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    thread_ = std::thread([this, handle, suspended = eddy::testing::until_suspended()] {
      suspended();
      for (auto slept = 0us; slept < time_ && !stop_; slept += 100us) std::this_thread::sleep_for(100us);
      if (!stop_) handle.resume();
    });
  }
  void await_resume() const noexcept {}

 private:
  std::chrono::microseconds time_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace lib

namespace {

EDDY_IO_TEST(from_awaitable, S73_goes_on_on_its_own_loop) {
  lib::threads on;
  const auto here = std::this_thread::get_id();
  for (int i = 0; i < 20; ++i) {
    const int got = co_await from_awaitable(lib::hop(on));
    EXPECT_EQ(got, 5);
    EXPECT_EQ(std::this_thread::get_id(), here);
  }
}

EDDY_IO_TEST(from_awaitable, S73_every_kind_of_awaitable) {
  lib::threads on;
  const auto waited = co_await from_awaitable(lib::maybe(on, true));
  EXPECT_EQ(waited, "maybe");
  const auto at_once = co_await from_awaitable(lib::maybe(on, false));
  EXPECT_EQ(at_once, "maybe");
  const int ready = co_await from_awaitable(lib::ready_thing{3});
  EXPECT_EQ(ready, 3);
  const int computed = co_await from_awaitable(lib::compute(on));
  EXPECT_EQ(computed, 10);
  lib::hop kept(on);
  const int got = co_await from_awaitable(kept);
  EXPECT_EQ(got, 5);
}

EDDY_IO_TEST(from_awaitable, S73_its_exception_comes_out) {
  lib::threads on;
  const auto failed = co_await eddy::as_outcome(from_awaitable(lib::hop(on, true)));
  EXPECT_THROW(failed.throw_if_failed(), std::out_of_range);
}

EDDY_IO_TEST(from_awaitable, S73_L1_a_cancelled_one_is_waited_for_and_its_value_delivered) {
  lib::threads on;
  int got = 0;
  auto waits = eddy::create_task([&]() -> coro<> {
    got = co_await from_awaitable(lib::hop(on));
    co_await eddy::checkpoint();
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(waits);
  EXPECT_TRUE(waits.cancelled());
  EXPECT_EQ(got, 5);
}

EDDY_IO_TEST(from_awaitable, S73_a_disposable_one_leaves_at_once) {
  bool went_on = false;
  auto waits = eddy::create_task([&]() -> coro<> {
    co_await from_awaitable(eddy::disposable, lib::timer_like(1h));
    went_on = true;
  });
  co_await eddy::sleep(100us);
  co_await eddy::cancel_and_join(waits);
  EXPECT_TRUE(waits.cancelled());
  EXPECT_FALSE(went_on);
  co_await from_awaitable(eddy::disposable, lib::timer_like());
}

TEST(from_awaitable_moments, S73_L1_it_can_be_cancelled_at_every_await) {
  const auto went = eddy::testing::explore(
      []() -> coro<> {
        lib::threads on;
        const eddy::testing::counted local("local");
        co_await from_awaitable(lib::hop(on));
        co_await from_awaitable(lib::compute(on));
        co_await from_awaitable(lib::ready_thing{1});
        co_await from_awaitable(eddy::disposable, lib::timer_like());
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GE(went.cancel_points, 9U);
}

TEST(from_awaitable_moments, S73_the_loop_shuts_down_while_it_waits) {
  lib::threads on;
  eddy::testing::shut_down_during([&]() -> coro<> { co_await from_awaitable(lib::hop(on)); });
}

}  // namespace
