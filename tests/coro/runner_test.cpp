// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/runner.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eddy/base/frame_pool.hpp"
#include "eddy/coro/future.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/sync/event.hpp"

using namespace std::chrono_literals;

namespace {

eddy::coro<int> give(int x) {
  co_await eddy::sleep(1us);
  co_return x;
}

eddy::coro<> fail() {
  co_await eddy::sleep(1us);
  throw std::out_of_range("x");
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

void expect_part(const std::string& text, const char* part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

class by_hand : public testing::Test {
 protected:
  void TearDown() override { EXPECT_LE(eddy::detail::frame_pool::live_blocks(), before_) << "frames are left"; }

 private:
  std::int64_t before_ = eddy::detail::frame_pool::live_blocks();
};

using runner = by_hand;

TEST_F(by_hand, S71_run_until_complete_gives_the_value_or_throws) {
  eddy::event_loop loop;
  EXPECT_EQ(loop.run_until_complete(give, 1), 1);
  EXPECT_EQ(loop.run_until_complete(give(2)), 2);
  EXPECT_THROW(loop.run_until_complete(fail), std::out_of_range);
  loop.run_until_complete([]() -> eddy::coro<> { co_return; });
  loop.close();
}

TEST_F(by_hand, S71_the_loop_runs_while_it_runs_and_is_the_current_one) {
  const auto loop = eddy::new_event_loop("epoll");
  EXPECT_FALSE(loop->is_running());
  loop->run_until_complete([&]() -> eddy::coro<> {
    EXPECT_TRUE(loop->is_running());
    EXPECT_EQ(&eddy::get_running_loop(), loop.get());
    co_return;
  });
  EXPECT_FALSE(loop->is_running());
  EXPECT_THROW(eddy::get_running_loop(), eddy::misuse_error);
}

TEST_F(by_hand, S71_tasks_rest_between_runs_and_go_on_with_the_next) {
  eddy::event_loop loop;
  int steps = 0;
  auto slow = loop.create_task([&]() -> eddy::coro<int> {
    for (; steps < 5; ++steps) co_await eddy::sleep(100us);
    co_return 7;
  });
  loop.run_until_complete(give, 1);
  EXPECT_FALSE(slow.done());
  const int seen = steps;
  std::this_thread::sleep_for(2ms);
  EXPECT_EQ(steps, seen) << "nothing runs between the runs";
  EXPECT_EQ(loop.run_until_complete(slow), 7);
  EXPECT_EQ(loop.run_until_complete(slow), 7) << "one that has ended gives its value again";
}

TEST_F(by_hand, S71_run_forever_until_stop_from_inside_or_from_another_thread) {
  eddy::event_loop loop;
  std::vector<int> order;
  loop.call_soon([&] { order.push_back(1); });
  loop.call_later(1ms, [&] {
    order.push_back(2);
    loop.stop();
  });
  loop.run_forever();
  EXPECT_EQ(order, (std::vector{1, 2}));
  std::thread other([&] {
    std::this_thread::sleep_for(1ms);
    loop.call_soon_threadsafe(&eddy::event_loop::stop, &loop);
  });
  loop.run_forever();
  other.join();
}

TEST_F(by_hand, S71_run_forever_is_no_deadlock_though_all_tasks_wait) {
  std::vector<std::string> told;
  auto before = eddy::set_report_handler([&](const std::string& text) { told.push_back(text); });
  {
    eddy::event_loop loop;
    eddy::event never;
    loop.create_task([&]() -> eddy::coro<> { co_await never.wait(); });
    std::thread other([&] {
      std::this_thread::sleep_for(2ms);
      loop.call_soon_threadsafe(&eddy::event_loop::stop, &loop);
    });
    loop.run_forever();
    other.join();
    loop.close();
  }
  (void)eddy::set_report_handler(std::move(before));
  EXPECT_TRUE(told.empty());
}

TEST_F(by_hand, S71_close_cancels_and_joins_what_is_left_and_ends_executors) {
  std::vector<std::string> order;
  eddy::event_loop loop;
  loop.create_task([&]() -> eddy::coro<> {
    co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                           [&]() -> eddy::coro<> {
                             co_await eddy::to_thread([&] { order.emplace_back("job"); });
                             order.emplace_back("cleaned up");
                           });
  });
  loop.run_until_complete(give, 1);
  EXPECT_TRUE(order.empty());
  loop.close();
  EXPECT_EQ(order, (std::vector<std::string>{"job", "cleaned up"}));
  EXPECT_TRUE(loop.is_closed());
  loop.close();
}

TEST_F(by_hand, S71_a_loop_that_is_destroyed_without_close_closes_itself) {
  bool cleaned = false;
  {
    eddy::event_loop loop;
    loop.create_task([&]() -> eddy::coro<> {
      co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                             [&]() -> eddy::coro<> {
                               co_await eddy::sleep(1us);
                               cleaned = true;
                             });
    });
    loop.run_until_complete(give, 1);
  }
  EXPECT_TRUE(cleaned);
}

TEST_F(by_hand, S71_a_task_that_was_made_before_a_run_that_never_came_never_runs) {
  const auto kept = std::make_shared<int>(0);
  {
    eddy::event_loop loop;
    loop.create_task([kept]() -> eddy::coro<> {
      ++*kept;
      co_return;
    });
  }
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(by_hand, S71_L9_the_wrong_order_is_told_clearly) {
  eddy::event_loop loop;
  expect_part(misuse([&] { loop.stop(); }), "does not run");
  loop.run_until_complete([&]() -> eddy::coro<> {
    expect_part(misuse([&] { loop.close(); }), "stop() it first");
    expect_part(misuse([&] { loop.run_forever(); }), "already runs on this thread");
    expect_part(misuse([&] { loop.run_until_complete(give, 1); }), "inside a running loop");
    expect_part(misuse([&] { eddy::run(give, 1); }), "inside a running loop");
    co_return;
  });
  loop.close();
  expect_part(misuse([&] { loop.run_until_complete(give, 1); }), "closed");
  expect_part(misuse([&] { loop.run_forever(); }), "closed");
  expect_part(misuse([&] { loop.create_task(give, 1); }), "closed");
  expect_part(misuse([&] { loop.stop(); }), "does not run");
}

TEST_F(by_hand, S71_L9_another_thread_is_told_what_to_use) {
  eddy::event_loop loop;
  loop.run_until_complete(give, 1);
  std::vector<std::string> told;
  std::thread([&] {
    told.push_back(misuse([&] { loop.stop(); }));
    told.push_back(misuse([&] { loop.run_forever(); }));
    told.push_back(misuse([&] { loop.run_until_complete(give, 1); }));
    told.push_back(misuse([&] { loop.close(); }));
    told.push_back(misuse([&] { loop.create_task(give, 1); }));
  }).join();
  expect_part(told[0], "call_soon_threadsafe");
  expect_part(told[1], "a thread that does not run this loop");
  expect_part(told[2], "run_coroutine_threadsafe");
  expect_part(told[3], "the thread that made the loop");
  expect_part(told[4], "run_coroutine_threadsafe");
}

TEST_F(by_hand, S71_L9_stop_is_not_for_run) {
  eddy::run([]() -> eddy::coro<> {
    expect_part(misuse([] { eddy::event_loop::current().stop(); }), "eddy::run drives this loop");
    co_return;
  });
}

TEST_F(by_hand, S71_stop_before_the_coroutine_has_ended_is_told_and_loses_nothing) {
  eddy::event_loop loop;
  eddy::task<int> task = loop.create_task([]() -> eddy::coro<int> {
    co_await eddy::sleep(1ms);
    co_return 3;
  });
  loop.call_soon([&] { loop.stop(); });
  expect_part(misuse([&] { loop.run_until_complete(task); }), "it goes on with the next run");
  EXPECT_EQ(loop.run_until_complete(task), 3);
}

TEST_F(by_hand, S71_interrupts_cancel_the_one_that_runs_and_stop_one_that_runs_for_ever) {
  eddy::event_loop loop;
  auto other = loop.create_task([]() -> eddy::coro<int> {
    co_await eddy::sleep(3ms);
    co_return 4;
  });
  EXPECT_THROW(loop.run_until_complete([]() -> eddy::coro<> {
    raise(SIGINT);
    co_await eddy::sleep(1h);
  }),
               eddy::interrupted);
  loop.call_soon([] { raise(SIGINT); });
  EXPECT_THROW(loop.run_forever(), eddy::interrupted);
  EXPECT_EQ(loop.run_until_complete(other), 4) << "nobody else was cancelled";
}

TEST_F(runner, S71_several_runs_on_one_loop) {
  eddy::runner r;
  eddy::event_loop* first = nullptr;
  auto kept = std::make_unique<eddy::event>();
  r.run([&]() -> eddy::coro<> {
    first = &eddy::event_loop::current();
    eddy::create_task([&]() -> eddy::coro<> {
      co_await eddy::sleep(1us);
      kept->set();
    });
    co_return;
  });
  r.run([&]() -> eddy::coro<> {
    EXPECT_EQ(&eddy::event_loop::current(), first);
    co_await kept->wait();
  });
  EXPECT_EQ(r.run(give, 2), 2);
  EXPECT_EQ(&r.get_loop(), first);
  EXPECT_THROW(r.run(fail), std::out_of_range);
  r.close();
  r.close();
  expect_part(misuse([&] { r.run(give, 1); }), "closed");
}

TEST_F(runner, S71_L9_inside_of_a_run_and_two_at_a_time) {
  eddy::runner outer;
  eddy::runner other;
  outer.run([&]() -> eddy::coro<> {
    expect_part(misuse([&] { outer.run(give, 1); }), "inside a running loop");
    expect_part(misuse([&] { other.run(give, 1); }), "inside a running loop");
    expect_part(misuse([&] { outer.close(); }), "stop() it first");
    co_return;
  });
  EXPECT_EQ(other.run(give, 1), 1);
}

TEST_F(runner, S71_options_hold_for_every_run) {
  std::vector<std::string> told;
  auto before = eddy::set_report_handler([&](const std::string& text) { told.push_back(text); });
  {
    eddy::runner r(eddy::run_options().grace(1ms));
    r.run([]() -> eddy::coro<> {
      eddy::create_task([]() -> eddy::coro<> {
        co_await eddy::finally([]() -> eddy::coro<> { co_await eddy::sleep(1h); },
                               []() -> eddy::coro<> { co_await eddy::sleep(1h); });
      });
      co_await eddy::sleep(1us);
    });
    r.close();
  }
  (void)eddy::set_report_handler(std::move(before));
  ASSERT_EQ(told.size(), 1U);
  expect_part(told[0], "the grace of 1 ms is over");
}

}  // namespace
