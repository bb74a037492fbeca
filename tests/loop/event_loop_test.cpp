// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/event_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/base/reports.hpp"
#include "tests/loop/drive.hpp"

using namespace std::chrono_literals;

namespace {

TEST(event_loop, S14_callbacks_run_in_the_order_of_submission) {
  eddy::event_loop loop;
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) loop.call_soon([&order, i] { order.push_back(i); });
  drive(loop);
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(event_loop, S14_what_a_callback_submits_stands_behind_what_waits) {
  eddy::event_loop loop;
  std::vector<int> order;
  loop.call_soon([&] {
    order.push_back(1);
    loop.call_soon([&] { order.push_back(3); });
  });
  loop.call_soon([&] { order.push_back(2); });
  drive(loop);
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(event_loop, S14_later_ones_run_in_order_of_their_deadlines) {
  eddy::event_loop loop;
  loop.scheduler().virtual_now = eddy::time_point(1000h);
  const auto start = loop.now();
  std::vector<std::chrono::nanoseconds> at;
  for (const auto delay : {3h, 1h, 2h}) loop.call_later(delay, [&] { at.emplace_back(loop.now() - start); });
  loop.call_at(start + 90min, [&] { at.emplace_back(loop.now() - start); });
  loop.call_later(-1s, [&] { at.emplace_back(loop.now() - start); });
  drive(loop);
  EXPECT_EQ(at, (std::vector<std::chrono::nanoseconds>{0s, 1h, 90min, 2h, 3h}));
}

TEST(event_loop, S14_the_longest_delay_is_for_ever_and_not_at_once) {
  eddy::event_loop loop;
  auto never = loop.call_later(std::chrono::nanoseconds::max(), [] { FAIL(); });
  bool ran = false;
  loop.call_later(1ms, [&] { ran = true; });
  drive(loop, [&] { return ran; });
  EXPECT_TRUE(ran && never.waiting());
  never.cancel();
}

TEST(event_loop, real_deadlines_are_never_early) {
  eddy::event_loop loop;
  const auto start = eddy::clock::now();
  std::vector<eddy::clock::duration> took;
  for (const auto delay : {100us, 300us, 2000us})
    loop.call_later(delay, [&, delay] {
      EXPECT_GE(eddy::clock::now() - start, delay);
      took.push_back(eddy::clock::now() - start);
    });
  drive(loop);
  EXPECT_EQ(took.size(), 3U);
}

TEST(event_loop, S14_four_threads_post_a_hundred_thousand_each_in_order_and_none_is_lost) {
  constexpr int posters = 4;
  constexpr int each = 100'000;
  eddy::event_loop loop;
  std::vector<int> next(posters, 0);
  int in_order = 0;
  int taken = 0;
  ++loop.scheduler().external;  // so that the loop is not idle while they post
  std::vector<std::thread> threads;
  for (int t = 0; t < posters; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < each; ++i)
        loop.call_soon_threadsafe([&, t, i] {
          in_order += next[static_cast<std::size_t>(t)]++ == i ? 1 : 0;
          ++taken;
        });
    });
  drive(loop, [&] { return taken == posters * each; });
  for (std::thread& t : threads) t.join();
  --loop.scheduler().external;
  EXPECT_EQ(in_order, posters * each);
}

TEST(event_loop, S14_a_post_wakes_a_loop_that_sleeps_every_time) {
  eddy::event_loop loop;
  ++loop.scheduler().external;
  std::atomic<int> seen{0};
  std::thread poster([&] {
    for (int i = 1; i <= 200; ++i) {
      loop.call_soon_threadsafe([&] { ++seen; });
      while (seen.load() != i) std::this_thread::yield();
      if (i % 20 == 0) std::this_thread::sleep_for(200us);  // let it fall asleep for sure now and then
    }
  });
  drive(loop, [&] { return seen.load() == 200; });
  poster.join();
  --loop.scheduler().external;
  EXPECT_EQ(seen.load(), 200);
}

TEST(event_loop, L9_other_threads_are_told_what_to_use_instead) {
  eddy::event_loop loop;
  std::vector<std::string> told;
  const auto catching = [&](auto f) {
    try {
      f();
    } catch (const eddy::wrong_thread& e) {
      told.emplace_back(e.what());
    }
  };
  std::thread([&] {
    catching([&] { loop.call_soon([] {}); });
    catching([&] { loop.call_at({}, [] {}); });
    catching([&] { loop.call_later(1s, [] {}); });
    catching([&] { loop.set_exception_handler(nullptr); });
    catching([&] { loop.run_with([] {}); });
  }).join();
  ASSERT_EQ(told.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NE(told[i].find("call_soon_threadsafe"), std::string::npos) << told[i];
  EXPECT_NE(told[4].find("a loop of that thread's own"), std::string::npos) << told[4];
}

TEST(event_loop, S03_L9_a_loop_inside_a_loop_is_misuse) {
  eddy::event_loop loop;
  eddy::event_loop other;
  loop.run_with([&] {
    EXPECT_EQ(&eddy::event_loop::current(), &loop);
    EXPECT_THROW(other.run_with([] {}), eddy::misuse_error);
    EXPECT_THROW(loop.run_with([] {}), eddy::misuse_error);
  });
  other.run_with([&] { EXPECT_EQ(&eddy::event_loop::current(), &other); });
}

TEST(event_loop, S71_outside_there_is_no_current_loop) {
  EXPECT_EQ(eddy::event_loop::try_current(), nullptr);
  EXPECT_THROW(eddy::event_loop::current(), eddy::misuse_error);
  EXPECT_THROW(eddy::now(), eddy::misuse_error);
  eddy::event_loop loop;
  EXPECT_THROW(loop.run_with([] { throw 1; }), int);
  EXPECT_EQ(eddy::event_loop::try_current(), nullptr) << "also after an exception";
}

TEST(event_loop, L6_an_exception_handler_that_throws_is_reported_with_what_it_was_told) {
  std::vector<std::string> told;
  auto before = eddy::set_report_handler([&](const std::string& text) { told.push_back(text); });
  eddy::event_loop loop;
  loop.set_exception_handler([](const eddy::unhandled_error&) { throw std::logic_error("handler"); });
  loop.handle_exception({"the job", std::make_exception_ptr(std::runtime_error("first"))});
  (void)eddy::set_report_handler(std::move(before));
  ASSERT_EQ(told.size(), 1U);
  for (const char* part : {"handler", "the job", "first"}) EXPECT_NE(told[0].find(part), std::string::npos) << told[0];
}

TEST(event_loop, L6_the_default_handler_reports) {
  std::vector<std::string> told;
  auto before = eddy::set_report_handler([&](const std::string& text) { told.push_back(text); });
  eddy::event_loop loop;
  loop.handle_exception({"the job", std::make_exception_ptr(std::runtime_error("first"))});
  (void)eddy::set_report_handler(std::move(before));
  EXPECT_EQ(told, std::vector<std::string>{"the job: std::runtime_error: first"});
}

TEST(event_loop, statistics_count_what_waits) {
  eddy::event_loop loop;
  loop.call_soon([] {});
  loop.call_soon([] {});
  auto later = loop.call_later(1h, [] {});
  EXPECT_EQ(loop.statistics().ready, 2U);
  EXPECT_EQ(loop.statistics().timers, 1U);
  EXPECT_EQ(loop.statistics().pending_operations, 0U);
  later.cancel();
  EXPECT_EQ(loop.statistics().timers, 0U);
}

TEST(event_loop, S61_debug_mode_is_counted_over_loops) {
  const bool from_environment = eddy::detail::debugging();
  const auto before = eddy::set_report_handler([](const std::string&) {});  // it tells of its backend
  {
    eddy::event_loop loop;
    loop.set_debug(true);
    loop.set_debug(true);
    EXPECT_TRUE(eddy::detail::debugging() && loop.debug());
  }
  eddy::set_report_handler(before);
  EXPECT_EQ(eddy::detail::debugging(), from_environment);
}

TEST(event_loop, L9_an_unknown_backend_is_named_with_the_ones_there_are) {
  try {
    eddy::event_loop loop("kqueue");
    FAIL();
  } catch (const eddy::misuse_error& e) {
    EXPECT_NE(std::string(e.what()).find("kqueue"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("epoll"), std::string::npos);
  }
  EXPECT_EQ(eddy::event_loop("epoll").backend_name(), "epoll");
}

}  // namespace
