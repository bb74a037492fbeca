// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/task_group.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/finally.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::task_group;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int x) {
  co_await eddy::sleep(pause);
  co_return x;
}
template <class E>
coro<> fails_after(std::chrono::nanoseconds pause, std::string text) {
  co_await eddy::sleep(pause);
  throw E(text);
}

EDDY_TEST(task_group, S11_ends_when_all_children_have_ended) {
  const auto begin = eddy::now();
  eddy::task<int> a;
  const int body = co_await eddy::with(task_group(), [&](task_group& group) -> coro<int> {
    a = group.create_task(after, 3s, 1);
    group.create_task(after, 1s, 2);
    EXPECT_EQ(group.size(), 2U);
    co_return 9;
  });
  EXPECT_EQ(eddy::now() - begin, 3s);
  EXPECT_EQ(body, 9);
  EXPECT_EQ(a.result(), 1);  // results are read from the handles
}

EDDY_TEST(task_group, S11_the_first_failure_cancels_the_rest_and_all_failures_come_as_one_group) {
  const auto begin = eddy::now();
  int unwound = 0;
  bool caught = false;
  try {
    co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
      group.create_task(fails_after<std::runtime_error>, 1s, "first");
      group.create_task(fails_after<std::logic_error>, 1s, "in the same turn");
      group.create_task([&]() -> coro<> {
        auto note = eddy::on_cancel([&] { ++unwound; });
        co_await eddy::with(tracked("slow"), [](tracked&) { return eddy::sleep(1h); });
      });
      auto note = eddy::on_cancel([&] { ++unwound; });
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::exception_group& group) {
    caught = true;
    EXPECT_EQ(group.exceptions().size(), 2U);
    EXPECT_STREQ(group.find<std::runtime_error>()->what(), "first");
    EXPECT_STREQ(group.find<std::logic_error>()->what(), "in the same turn");
    EXPECT_NE(std::string(group.what()).find("in the same turn"), std::string::npos);
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(unwound, 2);
  EXPECT_EQ(eddy::now() - begin, 1001ms);
}

EDDY_TEST(task_group, S11_a_failing_body_cancels_the_children) {
  int unwound = 0;
  bool caught = false;
  try {
    co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
      group.create_task([&]() -> coro<> {
        auto note = eddy::on_cancel([&] { ++unwound; });
        co_await eddy::sleep(1h);
      });
      co_await eddy::sleep(1s);
      throw std::runtime_error("body");
    });
  } catch (const eddy::exception_group& group) {
    caught = group.exceptions().size() == 1 && group.find<std::runtime_error>() != nullptr;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(unwound, 1);
}

EDDY_TEST(task_group, L3_12_a_body_that_throws_before_it_is_a_coroutine_joins_its_children) {
  int unwound = 0;
  bool caught = false;
  try {
    co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
      group.create_task([&unwound]() -> coro<> {
        ++unwound;
        co_return;
      });
      throw std::runtime_error("no coroutine");
    });
  } catch (const eddy::exception_group& group) {
    caught = group.find<std::runtime_error>() != nullptr;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(unwound, 0);  // cancelled before it began: it never runs
}

EDDY_TEST(task_group, S11_nested_groups_nest_their_errors) {
  bool caught = false;
  try {
    co_await eddy::with(task_group(), [](task_group& outer) -> coro<> {
      outer.create_task([]() -> coro<> {
        co_await eddy::with(task_group(), [](task_group& inner) -> coro<> {
          inner.create_task(fails_after<std::runtime_error>, 1s, "a");
          inner.create_task(fails_after<std::logic_error>, 1s, "b");
          co_return;
        });
      });
      outer.create_task(fails_after<std::domain_error>, 1s, "c");
      co_return;
    });
  } catch (const eddy::exception_group& group) {
    caught = true;
    EXPECT_EQ(group.exceptions().size(), 2U);
    EXPECT_STREQ(group.find<std::runtime_error>()->what(), "a");
    auto [logic, rest] = group.split<std::logic_error>();
    EXPECT_EQ(logic.size(), 2U);  // b, and c whose type derives from it
    EXPECT_EQ(rest.size(), 1U);
  }
  EXPECT_TRUE(caught);
}

EDDY_TEST(task_group, S11_children_start_children) {
  std::vector<int> order;
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    group.create_task([&]() -> coro<> {
      order.push_back(1);
      co_await eddy::sleep(1s);  // the body has ended
      group.create_task([&]() -> coro<> {
        order.push_back(2);
        co_await eddy::sleep(1s);
        group.create_task([&]() -> coro<> {
          order.push_back(3);
          co_return;
        });
      });
    });
    co_return;
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

// Program 11, in the form that is right: children use only what was declared before the scope.
EDDY_TEST(task_group, L5_11_children_use_what_was_declared_before_the_scope) {
  std::string text = "declared before the scope";
  std::size_t size = 0;
  auto measure = [](std::string& s, std::size_t& out) -> coro<> {
    co_await eddy::sleep(1s);
    out = s.size();
  };
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    group.create_task(measure, std::ref(text), std::ref(size));
    co_return;
  });
  EXPECT_EQ(size, text.size());
}

EDDY_TEST(task_group, L5_11_a_child_owns_the_arguments_that_it_was_given) {
  std::size_t size = 0;
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    std::string local = "a local of the body, copied into the child";
    group.create_task(
        [&size](const std::string& mine) -> coro<> {
          co_await eddy::sleep(1s);
          size = mine.size();
        },
        local);
    co_return;
  });
  EXPECT_EQ(size, 42U);
}

EDDY_TEST(task_group, Ends_14_group_cancel_ends_body_and_children_and_is_no_error) {
  int unwound = 0;
  auto waits = [&]() -> coro<> {
    auto note = eddy::on_cancel([&] { ++unwound; });
    co_await eddy::sleep(1h);
  };
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    group.create_task(waits);
    auto child = group.create_task([&]() -> coro<> {
      co_await eddy::sleep(1s);
      group.cancel("enough");
      group.cancel("again");
    });
    co_await waits();
  });
  EXPECT_EQ(unwound, 2);
  co_await eddy::sleep(1s);  // the caller is as it was
}

EDDY_TEST(task_group, Ends_14_a_body_with_a_value_that_was_cancelled_says_so) {
  std::string text;
  try {
    co_await eddy::with(task_group(), [&](task_group& group) -> coro<int> {
      group.cancel("enough");
      co_await eddy::sleep(1h);
      co_return 1;
    });
  } catch (const eddy::cancelled_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "cancelled: enough");
}

EDDY_TEST(task_group, L5_children_created_after_cancel_are_born_cancelled_and_their_arguments_destroyed) {
  bool ran = false;
  auto token = std::make_shared<int>(1);
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    group.cancel();
    auto late = group.create_task(
        [&ran](std::shared_ptr<int>) -> coro<> {
          ran = true;
          co_return;
        },
        token);
    EXPECT_EQ(token.use_count(), 2);
    co_return;
  });
  EXPECT_FALSE(ran);
  EXPECT_EQ(token.use_count(), 1);
}

EDDY_TEST(task_group, S22_a_child_cancelled_by_itself_is_no_failure) {
  int done = 0;
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    auto child = group.create_task(after, 1h, 1);
    group.create_task([&done]() -> coro<> {
      co_await eddy::sleep(1s);
      ++done;
    });
    co_await eddy::sleep(0s);
    child.cancel();
  });
  EXPECT_EQ(done, 1);
}

EDDY_TEST(task_group, S22_cancel_clean_up_and_see_that_it_is_gone) {
  std::vector<std::string> steps;
  auto job = eddy::create_task([&]() -> coro<> {
    auto raii = eddy::on_exit([&] { steps.push_back("destructor"); });
    co_await eddy::finally([] { return eddy::sleep(1h); },
                           [&]() -> coro<> {
                             co_await eddy::sleep(1s);
                             steps.push_back("awaited clean-up");
                           });
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(job.cancel("no longer needed"));
  EXPECT_FALSE(job.done());
  std::string text;
  try {
    co_await job;
  } catch (const eddy::cancelled_error& e) {
    text = e.what();
  }
  EXPECT_EQ(steps, (std::vector<std::string>{"awaited clean-up", "destructor"}));
  EXPECT_NE(text.find("no longer needed"), std::string::npos) << text;
  EXPECT_TRUE(job.cancelled());
  EXPECT_FALSE(job.cancel());
}

TEST(task_group, L5_no_child_outlives_it_wherever_it_is_cancelled) {
  int running = 0;
  auto child = [&](int milliseconds) -> coro<> {
    ++running;
    auto leave = eddy::on_exit([&] { --running; });
    co_await eddy::with(tracked("child"),
                        [&](tracked&) { return eddy::sleep(std::chrono::milliseconds(milliseconds)); });
  };
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        running = 0;
        co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
          group.create_task(child, 1);
          co_await child(2);
          group.create_task(child, 1);
        });
        EXPECT_EQ(running, 0);
      },
      eddy::testing::explore_options().check([&] { return running == 0 ? "" : "a child outlived its group"; }));
  EXPECT_GE(went.cancel_points, 25U);
}

TEST(task_group, L5_no_child_outlives_it_wherever_it_is_cancelled_while_one_fails) {
  int running = 0;
  auto child = [&](bool fails) -> coro<> {
    ++running;
    auto leave = eddy::on_exit([&] { --running; });
    co_await eddy::with(tracked("child"), [&](tracked&) -> coro<> {
      co_await eddy::sleep(fails ? 1ms : 1h);
      if (fails) throw std::runtime_error("child");
    });
  };
  eddy::testing::explore(
      [&]() -> coro<> {
        running = 0;
        try {
          co_await eddy::with(task_group(), [&](task_group& outer) -> coro<> {
            outer.create_task(child, false);
            co_await eddy::with(task_group(), [&](task_group& inner) -> coro<> {
              inner.create_task(child, true);
              inner.create_task(child, false);
              co_await eddy::sleep(1h);
            });
          });
          ADD_FAILURE() << "the failure was lost";
        } catch (const eddy::exception_group& group) {
          EXPECT_NE(group.find<std::runtime_error>(), nullptr);
        }
      },
      eddy::testing::explore_options().check([&] { return running == 0 ? "" : "a child outlived its group"; }));
}

TEST(task_group, L5_shutdown_joins_the_children) {
  int unwound = 0;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
      for (int i = 0; i < 3; ++i) {
        group.create_task([&]() -> coro<> {
          auto note = eddy::on_cancel([&] { ++unwound; });
          co_await eddy::sleep(1h);
        });
      }
      co_return;
    });
  });
  EXPECT_EQ(unwound, 3);
}

// -- program 21: destructors that act while everything is torn down
// -----------------------------------------------------------

TEST(task_group, L8_21_destructors_may_set_events_cancel_tasks_and_start_children_in_a_closing_group) {
  bool late_ran = false;
  const auto went = eddy::testing::explore([&]() -> coro<> {
    eddy::event e;
    co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
      auto waiter = group.create_task([&]() -> coro<> { co_await e.wait(); });
      auto other = group.create_task(after, 1h, 1);
      group.create_task([&, other]() mutable -> coro<> {
        auto act = eddy::on_exit([&] {
          e.set();
          other.cancel();
          group.cancel();
          group.create_task([&]() -> coro<> {
            late_ran = true;
            co_return;
          });
        });
        co_await eddy::sleep(1ms);
      });
      co_await eddy::sleep(2ms);
    });
  });
  EXPECT_FALSE(late_ran);
  EXPECT_GE(went.cancel_points, 6U);
}

// asyncio: a cancellation of the parent could be lost in nested groups, when inner and outer were cancelled in one
// turn.
TEST(task_group, S11_S22_wound_nested_groups_lose_no_cancellation) {
  bool went_on = false;
  auto result = eddy::testing::explore(
      [&]() -> coro<> {
        went_on = false;
        auto job = eddy::create_task([&]() -> coro<> {
          try {
            co_await eddy::with(task_group(), [](task_group& outer) -> coro<> {
              outer.create_task(fails_after<std::runtime_error>, 1ms, "outer");
              co_await eddy::with(task_group(), [](task_group& inner) -> coro<> {
                inner.create_task(fails_after<std::runtime_error>, 1ms, "inner");
                co_await eddy::sleep(1h);
              });
            });
          } catch (const eddy::exception_group&) {
          }
          co_await eddy::sleep(0s);
          went_on = true;
        });
        auto stop = eddy::on_exit([&] { job.cancel(); });
        co_await eddy::sleep(1ms);
        job.cancel("together with both failures");
        co_await eddy::cancel_and_join(job);
        EXPECT_TRUE(job.cancelled());
      },
      eddy::testing::explore_options().check([&] { return went_on ? "the cancellation was lost" : ""; }));
  EXPECT_GT(result.cancel_points, 0U);
}

// -- misuse
// -----------------------------------------------------------------------------------------------------------------------

template <class F>
std::string misuse(F f) {
  try {
    f();
  } catch (const eddy::misuse_error& e) {
    return e.what();
  }
  return "no misuse_error";
}

EDDY_TEST(task_group, L9_used_before_it_is_entered_or_after_it_is_joined) {
  task_group group;
  EXPECT_EQ(misuse([&] { group.create_task(after, 1s, 1); }),
            "this group was not entered; use co_await with(task_group(), body)");
  co_await eddy::with(group, [](task_group&) -> coro<> { co_return; });
  const std::string text = misuse([&] { group.create_task(after, 1s, 1); });
  EXPECT_NE(text.find("has been joined"), std::string::npos) << text;
}

EDDY_TEST(task_group, L9_a_child_that_awaits_its_own_scope_says_so) {
  std::string text;
  co_await eddy::with(task_group(), [&](task_group& group) -> coro<> {
    auto self = std::make_shared<eddy::task<>>();
    *self = group.create_task([&text, self]() -> coro<> {
      try {
        co_await *self;
      } catch (const eddy::misuse_error& e) {
        text = e.what();
      }
      *self = {};
    });
    co_return;
  });
  EXPECT_NE(text.find("awaits itself"), std::string::npos) << text;
}

}  // namespace
