// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/gather.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  co_return x;
}
coro<int> fails_after(std::chrono::nanoseconds pause, std::string text) {
  co_await eddy::sleep(pause);
  throw std::runtime_error(text);
}
coro<> nothing_after(std::chrono::nanoseconds pause) { co_await eddy::sleep(pause); }

EDDY_TEST(gather, S04_gives_all_values_in_the_order_of_the_arguments) {
  const auto begin = eddy::now();
  auto task = eddy::create_task(after, 2s, 4);
  auto [a, b, c, d] = co_await eddy::gather(after(3s, 1), nothing_after(1s), after(1s, 3), task);
  EXPECT_EQ(eddy::now() - begin, 3s);
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, std::monostate());
  EXPECT_EQ(c, 3);
  EXPECT_EQ(d, 4);
}

EDDY_TEST(gather, S04_takes_leaf_operations_and_move_only_values) {
  eddy::queue<std::unique_ptr<int>> q;
  q.try_put(std::make_unique<int>(5));
  auto both = co_await eddy::gather(q.get(), eddy::sleep(1s));
  EXPECT_EQ(*std::get<0>(both), 5);
}

EDDY_TEST(gather, S04_of_a_range_gives_a_vector) {
  std::vector<coro<int>> work;
  for (int i = 0; i < 5; ++i) work.push_back(after(std::chrono::seconds(5 - i), i));
  const auto got = co_await eddy::gather(std::move(work));
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));

  std::vector<eddy::task<int>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(eddy::create_task(after, 1s, i));
  const auto again = co_await eddy::gather(tasks);
  EXPECT_EQ(again, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(tasks[0].result(), 0);  // handles of an lvalue are copied

  std::vector<coro<>> silent;
  silent.push_back(nothing_after(1s));
  co_await eddy::gather(std::move(silent));
}

EDDY_TEST(gather, S04_of_nothing_is_over_at_once) {
  const auto none = co_await eddy::gather();
  EXPECT_EQ(std::tuple_size_v<decltype(none)>, 0U);
  const auto empty = co_await eddy::gather(std::vector<coro<int>>());
  EXPECT_TRUE(empty.empty());
}

EDDY_TEST(gather, S04_L5_the_first_failure_cancels_and_joins_the_others_and_is_thrown) {
  bool sibling_unwound = false;
  std::string text;
  const auto begin = eddy::now();
  auto slow = [&]() -> coro<> {
    auto note = eddy::on_cancel([&] { sibling_unwound = true; });
    co_await eddy::with(tracked("slow"), [](tracked&) { return eddy::sleep(1h); });
  };
  try {
    co_await eddy::gather(slow(), fails_after(1s, "first"));
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "first");
  EXPECT_TRUE(sibling_unwound);
  EXPECT_EQ(eddy::now() - begin, 1001ms);  // the sibling's clean-up was awaited
}

EDDY_TEST(gather, L6_a_second_failure_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  std::string text;
  try {
    co_await eddy::gather(fails_after(1s, "first"), fails_after(1s, "second"));
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(text, "first");
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: second"});
}

EDDY_TEST(gather, S04_a_task_among_the_arguments_is_waited_for_and_not_cancelled) {
  auto task = eddy::create_task(after, 5s, 4);
  try {
    co_await eddy::gather(task, fails_after(1s, "first"));
  } catch (const std::runtime_error&) {
  }
  EXPECT_FALSE(task.done());
  const int x = co_await task;
  EXPECT_EQ(x, 4);
}

EDDY_TEST(gather, S05_return_exceptions_gives_an_outcome_each_and_cancels_nothing) {
  auto cancelled = eddy::create_task(after, 1h, 4);
  eddy::event_loop::current().call_later(1s, [&] { cancelled.cancel("by hand"); });
  auto [a, b, c] = co_await eddy::gather(eddy::return_exceptions, fails_after(1ms, "b"), after(2s, 1), cancelled);
  EXPECT_TRUE(a.has_exception());
  EXPECT_EQ(b.value(), 1);
  EXPECT_TRUE(c.cancelled());
  EXPECT_EQ(c.reason(), "by hand");

  std::vector<coro<int>> work;
  work.push_back(after(1s, 1));
  work.push_back(fails_after(1ms, "x"));
  auto all = co_await eddy::gather(eddy::return_exceptions, std::move(work));
  EXPECT_EQ(all[0].value(), 1);
  EXPECT_TRUE(all[1].has_exception());
}

EDDY_TEST(gather, S05_a_range_of_handles_of_which_one_was_cancelled) {
  std::vector<eddy::task<int>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(eddy::create_task(after, 1s, i));
  tasks[1].cancel("not this one");
  auto all = co_await eddy::gather(eddy::return_exceptions, tasks);
  EXPECT_EQ(all[0].value(), 0);
  EXPECT_TRUE(all[1].cancelled());
  EXPECT_EQ(all[1].reason(), "not this one");
  EXPECT_EQ(all[2].value(), 2);
  const auto [again] = co_await eddy::gather(eddy::return_exceptions, tasks[2]);
  EXPECT_EQ(again.value(), 2);  // a handle that is an lvalue keeps its value
}

EDDY_TEST(gather, L6_exceptions_that_return_exceptions_cannot_return_reach_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  auto job = eddy::create_task([]() -> coro<> {
    auto outs = co_await eddy::gather(eddy::return_exceptions, fails_after(1ms, "unseen"), after(1h, 1));
    ADD_FAILURE() << "its own cancellation goes before the news of others";
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(job);
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, std::vector<std::string>{"std::runtime_error: unseen"});
}

EDDY_TEST(gather, L5_3_what_a_failure_makes_impossible_to_hand_over_is_withdrawn_in_the_same_call) {
  eddy::queue<int> q;
  std::string text;
  auto fill_and_fail = [&]() -> coro<int> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("fails");
  };
  auto feeder = eddy::create_task([&]() -> coro<> {
    co_await eddy::sleep(1s);
    co_await eddy::sleep(0s);  // one step later than the failure: the getter is gone by then
    q.try_put(1);
  });
  try {
    co_await eddy::gather(q.get(), fill_and_fail());
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  co_await feeder;
  EXPECT_EQ(text, "fails");
  EXPECT_EQ(q.size(), 1U);
}

TEST(gather, L5_nothing_outlives_it_wherever_it_is_cancelled) {
  int running = 0;
  auto part = [&](int milliseconds) -> coro<int> {
    ++running;
    auto leave = eddy::on_exit([&] { --running; });
    co_await eddy::with(tracked("part"),
                        [&](tracked&) { return eddy::sleep(std::chrono::milliseconds(milliseconds)); });
    co_return milliseconds;
  };
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        running = 0;
        auto got = co_await eddy::gather(part(1), part(2), eddy::sleep(1ms));
        EXPECT_EQ(std::get<1>(got), 2);
        std::vector<coro<int>> more;
        more.push_back(part(1));
        more.push_back(part(1));
        co_await eddy::gather(eddy::return_exceptions, std::move(more));
      },
      eddy::testing::explore_options().check([&] { return running == 0 ? "" : "a branch outlived its gather"; }));
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(gather, L5_nothing_outlives_it_wherever_it_is_cancelled_while_it_fails) {
  eddy::testing::explore([]() -> coro<> {
    try {
      co_await eddy::gather(eddy::with(tracked("a"), [](tracked&) { return eddy::sleep(1h); }), fails_after(3ms, "x"));
      ADD_FAILURE() << "the failure was lost";
    } catch (const std::runtime_error&) {
    }
  });
}

TEST(gather, L1_queue_items_are_whole_wherever_it_is_cancelled) {
  std::optional<eddy::queue<int>> q;
  int got = 0;
  int put = 0;
  eddy::testing::explore(
      [&]() -> coro<> {
        q.emplace();
        got = put = 0;
        auto take = [&]() -> coro<> {
          co_await q->get();
          ++got;
        };
        auto give = [&]() -> coro<> {
          for (int i = 0; i < 3; ++i) {
            co_await q->put(i);
            ++put;
            co_await eddy::sleep(1ms);
          }
        };
        co_await eddy::gather(take(), take(), give(), take());
      },
      eddy::testing::explore_options().check(
          [&] { return static_cast<std::size_t>(put - got) == q->size() ? "" : "an item is lost"; }));
}

TEST(gather, L5_shutdown_ends_it) {
  int unwound = 0;
  auto part = [&]() -> coro<> {
    auto note = eddy::on_cancel([&] { ++unwound; });
    co_await eddy::sleep(1h);
  };
  eddy::testing::shut_down_during([&]() -> coro<> { co_await eddy::gather(part(), part()); });
  EXPECT_EQ(unwound, 2);
}

// asyncio's gather leaves the siblings running after the first failure.
EDDY_TEST(gather, S04_wound_no_sibling_runs_on_after_a_failure) {
  bool went_on = false;
  auto sibling = [&]() -> coro<> {
    co_await eddy::sleep(2s);
    went_on = true;
  };
  try {
    co_await eddy::gather(sibling(), fails_after(1s, "x"));
  } catch (const std::runtime_error&) {
  }
  co_await eddy::sleep(5s);
  EXPECT_FALSE(went_on);
}

}  // namespace
