// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/own_awaitables.md.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/custom_operation.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

// [gate]
class gate {
 public:
  class pass_operation final : public eddy::custom_operation<pass_operation> {
   public:
    explicit pass_operation(gate& of) noexcept : gate_(&of) {}
    pass_operation(pass_operation&&) = default;

    bool ready() const noexcept { return gate_->open_; }  // looked at first
    void start() noexcept { gate_->waiter_ = this; }      // it has to wait
    bool cancel() noexcept {                              // taken back: nobody calls complete() any more
      gate_->waiter_ = nullptr;
      return true;
    }
    void result() const noexcept {}  // what the await gives
    std::string describe() const override { return "gate::pass"; }

   private:
    gate* gate_;
  };

  [[nodiscard]] pass_operation pass() noexcept { return pass_operation(*this); }
  void open() noexcept {
    open_ = true;
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->complete();
  }

 private:
  friend class pass_operation;
  bool open_ = false;
  pass_operation* waiter_ = nullptr;  // one at a time
};
// [gate]

TEST(own_awaitables, S73_gate) {
  // [explore]
  eddy::testing::explore([]() -> coro<> {
    gate g;
    auto open = [&]() -> coro<> {
      co_await eddy::sleep(1s);
      g.open();
    };
    co_await eddy::gather(g.pass(), open());
  });
  // [explore]
}

// A device that calls back on a thread of its own.
class device {
 public:
  ~device() {
    if (thread_.joinable()) thread_.join();
  }
  void measure(std::function<void(int)> done) {
    thread_ = std::thread([done = std::move(done)] {
      std::this_thread::sleep_for(200us);
      done(20);
    });
  }

 private:
  std::thread thread_;
};

// [measure]
class measure_operation final : public eddy::custom_operation<measure_operation> {
 public:
  explicit measure_operation(device& on) noexcept : device_(&on) {}
  measure_operation(measure_operation&&) = default;

  void start() {
    device_->measure([this](int value) {  // on the device's thread
      value_ = value;
      complete_threadsafe();  // *this may be gone from here on
    });
  }
  bool cancel() noexcept { return false; }  // the device cannot be stopped: its answer is waited for
  int result() const noexcept { return value_; }

 private:
  device* device_;
  int value_ = 0;
};
// [measure]

EDDY_IO_TEST(own_awaitables, S73_measure) {
  device d;
  const int got = co_await eddy::wait_for(measure_operation(d), 50us);
  EXPECT_EQ(got, 20);
}

}  // namespace
