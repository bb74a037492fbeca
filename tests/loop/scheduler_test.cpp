// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/scheduler.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/loop/drive.hpp"

using namespace std::chrono_literals;

namespace {

// A receive that notes when it completes.
struct reader final : eddy::detail::io_request {
  std::vector<std::string>* log = nullptr;
  std::array<char, 16> bytes{};
  void completed() noexcept override { log->emplace_back("data"); }
};

class with_socket : public testing::Test {
 protected:
  with_socket() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()), 0);
    descriptor_.fd = ends_[0];
    loop_.scheduler().io->attach(descriptor_);
    request_.target = &descriptor_;
    request_.data = request_.bytes.data();
    request_.size = request_.bytes.size();
    request_.log = &log_;
    EXPECT_FALSE(loop_.scheduler().io->start(request_));
  }
  ~with_socket() override {
    take_back();
    loop_.scheduler().io->close(descriptor_);
    ::close(ends_[1]);
  }
  void take_back() {
    eddy::detail::backend& io = *loop_.scheduler().io;
    if (!request_.pending || io.withdraw(request_)) return;
    while (request_.pending) io.poll(1s);  // the system had it already
  }
  void send() { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

  std::vector<std::string> log_;
  eddy::event_loop loop_;
  std::array<int, 2> ends_{};
  eddy::detail::descriptor descriptor_;
  reader request_;
};

using scheduler = with_socket;

// Program 20: the loop was held up, the data came in time, the deadline passed too.
TEST_F(scheduler, L7_a_deadline_does_not_beat_data_that_lay_in_the_kernel) {
  loop_.call_later(1ms, [&] { log_.emplace_back("deadline"); });
  loop_.call_soon([&] {
    send();
    std::this_thread::sleep_for(3ms);
  });
  drive(loop_, [&] { return log_.size() == 2; });
  EXPECT_EQ(log_, (std::vector<std::string>{"data", "deadline"}));
}

TEST_F(scheduler, L7_ready_work_without_end_starves_neither_io_nor_timers) {
  long steps = 0;
  long steps_at_deadline = 0;
  std::function<void()> again = [&] {
    ++steps;
    if (log_.size() < 2) loop_.call_soon(std::ref(again));
  };
  loop_.call_later(1ms, [&] {
    steps_at_deadline = steps;
    log_.emplace_back("deadline");
    send();
  });
  loop_.call_soon(std::ref(again));
  drive(loop_, [&] { return log_.size() == 2; });
  EXPECT_EQ(log_, (std::vector<std::string>{"deadline", "data"}));
  EXPECT_LE(steps - steps_at_deadline, 2L * eddy::detail::scheduler::steps_a_turn) << "data is seen in the next turn";
}

TEST_F(scheduler, real_operations_are_awaited_in_real_time_on_a_virtual_clock) {
  loop_.scheduler().virtual_now = eddy::time_point(1000h);
  loop_.call_later(1h, [&] { log_.emplace_back("deadline"); });
  std::thread sender([&] {
    std::this_thread::sleep_for(2ms);
    send();
  });
  drive(loop_, [&] { return log_.size() == 2; });
  sender.join();
  EXPECT_EQ(log_, (std::vector<std::string>{"data", "deadline"}));
}

TEST_F(scheduler, L10_a_chooser_decides_what_runs_next) {
  struct newest final : eddy::detail::chooser {
    unsigned choose_ready(const eddy::detail::runnable_queue& ready) override { return ready.size() - 1; }
  } choices;
  loop_.scheduler().set_choices(&choices);
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) loop_.call_soon([&order, i] { order.push_back(i); });
  drive(loop_, [&] { return order.size() == 4; });
  EXPECT_EQ(order, (std::vector{3, 2, 1, 0}));
  loop_.scheduler().set_choices(nullptr);
}

TEST_F(scheduler, services_are_made_once_and_shut_down_last_first) {
  static std::vector<int> order;
  order.clear();
  struct first final : eddy::detail::loop_service {
    explicit first(eddy::event_loop&) {}
    void shut_down() noexcept override { order.push_back(1); }
  };
  struct second final : eddy::detail::loop_service {
    explicit second(eddy::event_loop&) {}
    void shut_down() noexcept override { order.push_back(2); }
  };
  auto& made = loop_.scheduler().service<first>();
  loop_.scheduler().service<second>();
  EXPECT_EQ(&loop_.scheduler().service<first>(), &made);
  loop_.scheduler().shut_down_services();
  EXPECT_EQ(order, (std::vector{2, 1}));
}

TEST_F(scheduler, on_idle_is_told_once_nothing_can_happen) {
  take_back();
  int told = 0;
  loop_.scheduler().on_idle = [&] {
    ++told;
    loop_.call_soon([] {});
  };
  loop_.run_with([&] {
    loop_.scheduler().turn();
    EXPECT_EQ(told, 1);
    auto later = loop_.call_later(1ms, [] {});
    loop_.scheduler().turn();
    EXPECT_EQ(told, 1) << "a deadline is to come";
  });
}

TEST(scheduler_random, L10_the_same_seed_gives_the_same_numbers) {
  eddy::event_loop loop;
  const auto ten = [&](std::uint64_t seed) {
    loop.scheduler().seed_random(seed);
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i < 10; ++i) numbers.push_back(loop.scheduler().random());
    return numbers;
  };
  const auto once = ten(7);
  EXPECT_EQ(once, ten(7));
  EXPECT_NE(once, ten(8));
  EXPECT_EQ(std::set(once.begin(), once.end()).size(), 10U);
}

TEST(scheduler_random, L10_a_loop_that_was_given_no_seed_asks_the_environment) {
  ASSERT_EQ(::setenv("EDDY_SEED", "7", 1), 0);
  eddy::event_loop told;
  const std::uint64_t first = told.scheduler().random();
  ::unsetenv("EDDY_SEED");
  eddy::event_loop seeded;
  seeded.scheduler().seed_random(7);
  EXPECT_EQ(first, seeded.scheduler().random());
  eddy::event_loop by_chance;
  EXPECT_NE(first, by_chance.scheduler().random());
}

}  // namespace
