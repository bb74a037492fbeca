// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/deadlock.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/coro/future.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/sync/bounded_semaphore.hpp"
#include "eddy/sync/condition.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/shared_mutex.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/reports.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

using eddy::testing::expect_part;
using eddy::testing::reports;

// Two mutexes that are taken in different orders.
struct store {
  eddy::mutex stock{"stock"};
  eddy::mutex ledger{"ledger"};
};

int line_of_reserve = 0;

coro<> reserve(eddy::mutex& second) {
  line_of_reserve = static_cast<int>(std::source_location::current().line()) + 1;
  auto held = co_await second.lock();
}

coro<> place_order(eddy::mutex& first, eddy::mutex& second) {
  auto held = co_await first.lock();
  co_await eddy::sleep(1ms);
  co_await reserve(second);
}

void expect_no(const std::string& text, const std::string& part) {
  EXPECT_EQ(text.find(part), std::string::npos) << "\"" << part << "\" stands in:\n" << text;
}

/// The one problem that a body has in a test.
std::string problem_of(const std::function<coro<>()>& body,
                       const std::function<void(eddy::runner_base&)>& prepare = {}) {
  eddy::testing::body_settings settings;
  settings.prepare = [&](eddy::runner_base& runner, eddy::detail::task_state&) {
    if (prepare) prepare(runner);
  };
  const auto result = eddy::testing::run_body(body, settings);
  return result.problems.empty() ? "" : result.problems.front();
}

coro<> two_orders(store& s, std::string& said) {
  auto nine = eddy::create_task(place_order, std::ref(s.stock), std::ref(s.ledger));
  auto four = eddy::create_task(place_order, std::ref(s.ledger), std::ref(s.stock));
  nine.name("order 9");
  four.name("order 4");
  co_await eddy::sleep(20ms);
  EXPECT_FALSE(nine.done() || four.done());
  said = eddy::explain_waits();
  expect_part(eddy::why(four), "task \"order 4\"");
  expect_part(eddy::why(four), ": a deadlock");
  co_await eddy::cancel_and_join(nine);
  co_await four;
}

void expect_orders_explained(const std::string& text) {
  expect_part(text, "task \"order 9\"");
  expect_part(text, "waits for mutex \"ledger\" (deadlock_test.cpp:");
  expect_part(text, "held by task \"order 4\"");
  expect_part(text, "which waits for mutex \"stock\" (deadlock_test.cpp:");
  expect_part(text, " since deadlock_test.cpp:");
  expect_part(text, ": a deadlock");
  expect_part(text,
              "order 9: reserve (deadlock_test.cpp:" + std::to_string(line_of_reserve) + ") < place_order (deadlock_");
}

EDDY_TEST(deadlock, S33_a_circle_in_a_part_of_a_running_program_is_explained_when_asked) {
  store s;
  std::string said;
  co_await two_orders(s, said);
  expect_orders_explained(said);
  EXPECT_EQ(eddy::explain_waits(), "");
}

TEST(deadlock, S33_in_a_test_it_is_a_failure_with_names_places_and_await_chains) {
  std::optional<store> s;
  const std::string text = problem_of([&]() -> coro<> {
    s.emplace();
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task(place_order, std::ref(s->stock), std::ref(s->ledger)).name("order 9");
      group.create_task(place_order, std::ref(s->ledger), std::ref(s->stock)).name("order 4");
      co_return;
    });
  });
  expect_part(text, "deadlock: nothing is runnable");
  expect_orders_explained(text);
  EXPECT_EQ(text.find(": a deadlock"), text.rfind(": a deadlock")) << text;
}

TEST(deadlock, S33_in_debug_mode_it_is_reported_when_the_circle_closes) {
  const reports told;
  store s;
  std::string said;
  eddy::run(eddy::run_options().debug(), [&] { return two_orders(s, said); });
  expect_part(told.all(), "deadlock: ");
  expect_part(told.all(), "held by task \"order 9\"");
  EXPECT_EQ(told.all().find("deadlock: "), told.all().rfind("deadlock: "));
}

TEST(deadlock, S33_without_debug_mode_an_idle_loop_is_reported_with_the_explanation) {
  if (eddy::detail::debugging()) GTEST_SKIP() << "EDDY_DEBUG is set";
  const reports told;
  eddy::run([]() -> coro<> {
    auto m = std::make_unique<eddy::mutex>("only");
    auto held = co_await m->lock();
    auto task = eddy::create_task([&]() -> coro<> { auto mine = co_await m->lock(); });
    auto& loop = eddy::event_loop::current();
    // A thread that the loop does not know of: to the loop this is a deadlock until the post comes.
    std::thread rescue([&] {
      std::this_thread::sleep_for(10ms);
      loop.call_soon_threadsafe([&] { held.unlock(); });
    });
    co_await task;
    rescue.join();
  });
  expect_part(told.all(), "deadlock: nothing is runnable");
  expect_part(told.all(), "waits for mutex \"only\"");
  expect_part(told.all(), ": a deadlock");
}

EDDY_TEST(deadlock, S33_joins_are_waits_too) {
  eddy::mutex m("m");
  std::optional<eddy::task<>> holder;
  auto waiter = eddy::create_task([&]() -> coro<> {
    co_await eddy::sleep(1ms);
    auto held = co_await m.lock();
  });
  waiter.name("waiter");
  holder = eddy::create_task([&]() -> coro<> {
    auto held = co_await m.lock();
    co_await waiter;
  });
  holder->name("holder");
  co_await eddy::sleep(1s);
  const std::string text = eddy::explain_waits();
  expect_part(text, "task \"waiter\"");
  expect_part(text, "waits for mutex \"m\"");
  expect_part(text, "held by task \"holder\"");
  expect_part(text, "which waits for task \"waiter\"");
  expect_part(text, ": a deadlock");
  co_await eddy::cancel_and_join(*holder);
  co_await waiter;
}

EDDY_TEST(deadlock, S33_a_wait_for_several_tasks_counts_unless_it_has_a_limit) {
  eddy::mutex m("m");
  std::vector<eddy::task<>> others;
  bool limited = false;
  const auto hold_and_wait = [&]() -> coro<> {
    auto held = co_await m.lock();
    co_await eddy::sleep(1ms);
    if (limited)
      co_await eddy::wait(others).limit(1h);
    else
      co_await eddy::wait(others);
  };
  for (const bool with_limit : {false, true}) {
    limited = with_limit;
    auto holder = eddy::create_task(hold_and_wait);
    co_await eddy::sleep(0s);
    others.assign(1, eddy::create_task([&]() -> coro<> { auto held = co_await m.lock(); }));
    co_await eddy::sleep(1s);
    EXPECT_EQ(eddy::explain_waits().empty(), limited);
    co_await eddy::cancel_and_join(holder);
    co_await others[0];
  }
}

EDDY_TEST(deadlock, S33_a_child_that_waits_for_a_lock_of_its_parent_is_a_circle) {
  eddy::mutex m("m");
  auto parent = eddy::create_task([&]() -> coro<> {
    auto held = co_await m.lock();
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task([&]() -> coro<> { auto mine = co_await m.lock(); }).name("child");
      co_return;
    });
  });
  parent.name("parent");
  co_await eddy::sleep(1s);
  const std::string text = eddy::explain_waits();
  expect_part(text, "task \"parent\"");
  expect_part(text, "waits for its child task \"child\"");
  expect_part(text, "held by task \"parent\"");
  expect_part(text, ": a deadlock");
  co_await eddy::cancel_and_join(parent);
}

EDDY_TEST(deadlock, S33_a_lock_taken_twice_by_one_task_is_a_circle_of_one) {
  eddy::mutex m("m");
  auto task = eddy::create_task([&]() -> coro<> {
    auto held = co_await m.lock();
    auto again = co_await m.lock();
  });
  co_await eddy::sleep(1s);
  const std::string text = eddy::explain_waits();
  expect_part(text, "held by task ");
  expect_part(text, ": a deadlock");
  co_await eddy::cancel_and_join(task);
}

EDDY_TEST(deadlock, S33_a_lock_that_another_branch_of_the_task_will_give_back_is_none) {
  eddy::mutex m("m");
  auto task = eddy::create_task([&]() -> coro<> {
    co_await eddy::gather(
        [](eddy::mutex& lock) -> coro<> {
          auto held = co_await lock.lock();
          co_await eddy::sleep(1h);
        }(m),
        [](eddy::mutex& lock) -> coro<> { auto held = co_await lock.lock(); }(m));
  });
  co_await eddy::sleep(1s);
  EXPECT_EQ(eddy::explain_waits(), "");
  expect_part(eddy::why(task), "held by ");
  expect_no(eddy::why(task), ": a deadlock");
  co_await task;
}

EDDY_TEST(deadlock, S33_who_waits_for_time_or_input_is_no_circle) {
  eddy::mutex m("m");
  auto held = co_await m.lock();
  auto waiter = eddy::create_task([&]() -> coro<> { auto mine = co_await m.lock(); });
  co_await eddy::sleep(1s);
  EXPECT_EQ(eddy::explain_waits(), "");
  expect_part(eddy::why(waiter), "held by task ");
  expect_part(eddy::why(waiter), "which can run");
  expect_part(eddy::why(999), "no task with the number 999");
  held.unlock();
  co_await waiter;
}

TEST(deadlock, S33_a_lock_held_by_a_task_that_has_ended_is_told) {
  std::optional<eddy::mutex> m;
  std::vector<eddy::mutex_guard> kept;
  const std::string text = problem_of([&]() -> coro<> {
    m.emplace("kept");
    auto keeper = eddy::create_task([&]() -> coro<> { kept.push_back(co_await m->lock()); });
    co_await keeper;
    auto end = eddy::on_exit([&] { kept.clear(); });
    auto held = co_await m->lock();
  });
  expect_part(text, "waits for mutex \"kept\"");
  expect_part(text, "held by task 2 since deadlock_test.cpp:");
  expect_part(text, "which has ended");
}

TEST(deadlock, S33_a_permit_held_by_a_task_that_has_ended_is_told) {
  std::optional<eddy::semaphore> s;
  eddy::semaphore_permit kept;
  const std::string text = problem_of([&]() -> coro<> {
    s.emplace(1U, "slots");
    auto keeper = eddy::create_task([&]() -> coro<> { kept = co_await s->acquire(); });
    co_await keeper;
    auto end = eddy::on_exit([&] { kept.release(); });
    auto permit = co_await s->acquire();
  });
  expect_part(text, "waits for semaphore \"slots\"");
  expect_part(text, "which has ended");
}

EDDY_TEST(deadlock, S33_permits_readers_and_leases_know_their_holders) {
  eddy::semaphore slots(2, "slots");
  eddy::shared_mutex table("table");
  eddy::queue<int> jobs(0, "jobs");
  co_await jobs.put(1);
  auto first = eddy::create_task([&]() -> coro<> {
    auto permit = co_await slots.acquire();
    auto reading = co_await table.lock_shared();
    auto job = co_await jobs.take();
    co_await eddy::sleep(1h);
    job.done();
  });
  auto second = eddy::create_task([&]() -> coro<> {
    auto permit = co_await slots.acquire();
    co_await eddy::sleep(2h);
  });
  first.name("first");
  second.name("second");
  co_await eddy::sleep(1s);
  auto wants_slot = eddy::create_task([&]() -> coro<> { auto permit = co_await slots.acquire(); });
  auto wants_table = eddy::create_task([&]() -> coro<> { auto writing = co_await table.lock(); });
  auto wants_end = eddy::create_task([&]() -> coro<> { co_await jobs.join(); });
  co_await eddy::sleep(1s);
  expect_part(eddy::why(wants_slot), "semaphore \"slots\"");
  expect_part(eddy::why(wants_slot), "held by task \"first\"");
  expect_part(eddy::why(wants_slot), "held by task \"second\"");
  expect_part(eddy::why(wants_table), "shared_mutex::lock \"table\"");
  expect_part(eddy::why(wants_table), "held by task \"first\"");
  expect_part(eddy::why(wants_table), "which waits for sleep(1 h)");
  expect_part(eddy::why(wants_end), "queue::join \"jobs\"");
  expect_part(eddy::why(wants_end), "held by task \"first\"");
  EXPECT_EQ(eddy::explain_waits(), "");
  co_await second;
}

EDDY_TEST(deadlock, S33_all_permits_held_by_those_who_want_another_is_a_circle) {
  eddy::bounded_semaphore slots(2, "slots");
  const auto greedy = [&]() -> coro<> {
    auto one = co_await slots.acquire();
    co_await eddy::sleep(1ms);
    auto two = co_await slots.acquire();
  };
  auto first = eddy::create_task(greedy);
  auto second = eddy::create_task(greedy);
  co_await eddy::sleep(1s);
  expect_part(eddy::explain_waits(), "waits for semaphore \"slots\"");
  expect_part(eddy::explain_waits(), ": a deadlock");
  co_await eddy::cancel_and_join(first);
  co_await second;
}

EDDY_TEST(deadlock, S33_a_notified_waiter_waits_for_the_mutex) {
  eddy::mutex m("m");
  eddy::condition c("c");
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto held = co_await m.lock();
    co_await c.wait(held);
  });
  co_await eddy::sleep(0s);
  expect_part(eddy::why(waiter), "condition::wait \"c\"");
  auto held = co_await m.lock();
  c.notify();
  expect_part(eddy::why(waiter), "mutex \"m\"");
  expect_part(eddy::why(waiter), "held by task ");
  held.unlock();
  co_await waiter;
}

TEST(deadlock, S13_a_promise_that_nobody_will_set_is_a_deadlock_when_patience_ends) {
  const std::string text = problem_of(
      []() -> coro<> {
        eddy::promise<int> forgotten;
        auto f = forgotten.get_future();
        co_await f;
      },
      [](eddy::runner_base& runner) { runner.driver().patience = 5ms; });
  expect_part(text, "deadlock: nothing is runnable");
  expect_part(text, "unless another thread still holds one of 1 open promises");
  expect_part(text, "its promise was made at deadlock_test.cpp:");
}

TEST(deadlock, L8_a_long_line_of_waiters_is_explained_without_recursion) {
  std::vector<std::unique_ptr<eddy::mutex>> line;
  const std::string text = problem_of([&]() -> coro<> {
    line.clear();
    constexpr std::size_t count = 2000;
    for (std::size_t i = 0; i < count; ++i) line.push_back(std::make_unique<eddy::mutex>());
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (std::size_t i = 0; i < count; ++i)
        group.create_task(place_order, std::ref(*line[i]), std::ref(*line[(i + 1) % count]));
      co_return;
    });
  });
  expect_part(text, "and so on over 2000 tasks: a deadlock");
}

}  // namespace
