// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task_observer.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

using journal = std::vector<std::string>;

/// Writes down what it is told.
class writes : public eddy::task_observer {
 public:
  explicit writes(journal& j) : journal_(&j) {}
  void created(eddy::observed_task& task) override { journal_->push_back("created " + task.kind()); }
  void ran(eddy::observed_task& task, const eddy::step_time&) override { journal_->push_back("ran " + task.kind()); }
  void finished(eddy::observed_task& task, const eddy::outcome<>& how) override {
    const std::string end = how.has_value() ? "value" : how.has_exception() ? "exception" : "cancelled " + how.reason();
    journal_->push_back("finished " + task.kind() + " " + end + " after " + std::to_string(task.steps()));
  }

 private:
  journal* journal_;
};

/// Without the lines of the test's own task.
journal about(const journal& all, const std::string& kind) {
  journal found;
  for (const std::string& line : all)
    if (line.find(kind) != std::string::npos) found.push_back(line);
  return found;
}

coro<> job() {
  co_await eddy::sleep(1ms);
  co_await eddy::sleep(1ms);
}

EDDY_TEST(task_observer, S17_is_told_of_creation_every_step_and_the_end) {
  journal j;
  writes observer(j);
  {
    const eddy::task_observation watching(observer);
    auto task = eddy::create_task(job);
    co_await task;
  }
  auto unseen = eddy::create_task(job);
  co_await unseen;
  EXPECT_EQ(about(j, "job"), (journal{"created job", "ran job", "ran job", "ran job", "finished job value after 3"}));
}

EDDY_TEST(task_observer, S17_is_told_how_it_ended_and_that_is_no_look_at_the_exception) {
  journal j;
  journal handled;
  writes observer(j);
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  {
    const eddy::task_observation watching(observer);
    {
      auto fails = eddy::create_task([]() -> coro<> {
        throw std::runtime_error("broken");
        co_return;
      });
      fails.name("fails");
      auto cancelled = eddy::create_task(job);
      cancelled.name("tired");
      co_await eddy::sleep(0s);
      co_await eddy::cancel_and_join(cancelled, "enough");
    }
    co_await eddy::sleep(1ms);
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(about(j, "finished fails"), journal{"finished fails exception after 1"});
  EXPECT_EQ(about(j, "finished tired"), journal{"finished tired cancelled enough after 2"});
  EXPECT_EQ(handled, journal{"std::runtime_error: broken"});
}

EDDY_TEST(task_observer, S17_steps_of_branches_are_the_tasks_own) {
  journal j;
  writes observer(j);
  const eddy::task_observation watching(observer);
  auto task = eddy::create_task([]() -> coro<> { co_await eddy::wait_for(job(), 1s); });
  task.name("limited");
  co_await task;
  EXPECT_GE(about(j, "ran limited").size(), 3U);
}

EDDY_TEST(task_observer, S17_tasks_that_are_there_already_are_observed_from_now_on) {
  journal j;
  writes observer(j);
  auto task = eddy::create_task(job);
  task.name("older");
  co_await eddy::sleep(0s);
  const eddy::task_observation watching(observer);
  co_await task;
  EXPECT_EQ(about(j, "older"), (journal{"ran older", "ran older", "finished older value after 2"}));
}

/// What a task factory is for: a name for everything.
class names_everything : public eddy::task_observer {
 public:
  void created(eddy::observed_task& task) override { task.name("job " + std::to_string(++count_)); }

 private:
  int count_ = 0;
};

EDDY_TEST(task_observer, S17_may_name_every_task_as_a_factory_would) {
  names_everything names;
  const eddy::task_observation watching(names);
  auto first = eddy::create_task(job);
  auto second = eddy::create_task(job);
  EXPECT_EQ(first.name(), "job 1");
  EXPECT_EQ(second.name(), "job 2");
  co_await first;
  co_await second;
}

// Spins until the thread has used so much time: what is measured does not depend on a loaded machine.
void use_cpu(std::chrono::nanoseconds time) {
  const auto used = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto end = used() + time;
  while (used() < end) {
  }
}

EDDY_TEST(task_observer, S17_task_times_adds_up_cpu_by_name) {
  eddy::task_times times;
  {
    const eddy::task_observation watching(times);
    const auto works = [](std::chrono::nanoseconds time) -> coro<> {
      co_await eddy::sleep(1ms);
      use_cpu(time);
    };
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < 2; ++i) group.create_task(works, 3ms).name("heavy");
      group.create_task(works, 0ms).name("light");
      group.create_task(job);
      co_return;
    });
  }
  const auto& by_name = times.by_name();
  const auto& heavy = by_name.at("heavy");
  EXPECT_EQ(heavy.succeeded, 2U);
  EXPECT_EQ(heavy.steps, 4U);
  EXPECT_GE(heavy.time.cpu, 6ms);
  EXPECT_GE(heavy.time.elapsed, heavy.time.cpu - 1ms);
  EXPECT_LT(by_name.at("light").time.cpu, 3ms);
  EXPECT_EQ(by_name.at("job").steps, 3U);
}

coro<> works_at_once() {
  use_cpu(3ms);
  co_await eddy::sleep(1ms);
}

EDDY_TEST(task_observer, S17_the_step_of_an_eager_task_is_its_own) {
  eddy::task_times times;
  {
    const eddy::task_observation watching(times);
    auto creator = eddy::create_task([]() -> coro<> {
      auto inner = eddy::create_task(eddy::eager, works_at_once);
      co_await inner;
    });
    creator.name("creator");
    co_await creator;
  }
  EXPECT_LT(times.by_name().at("creator").time.cpu, 3ms);
  EXPECT_EQ(times.by_name().at("works_at_once").steps, 2U);
  EXPECT_GE(times.by_name().at("works_at_once").time.cpu, 3ms);
}

class throws_always : public eddy::task_observer {
 public:
  void created(eddy::observed_task&) override { throw std::runtime_error("observer"); }
};

EDDY_TEST(task_observer, L6_what_an_observer_throws_reaches_the_handler) {
  journal handled;
  throws_always observer;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(what.message); });
  {
    const eddy::task_observation watching(observer);
    auto task = eddy::create_task(job);
    co_await task;
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(handled, journal{"a task observer threw"});
}

/// Ends its own observation, and with it the last one, while it is told.
class leaves : public eddy::task_observer {
 public:
  void watch() { watching_ = std::make_unique<eddy::task_observation>(*this); }
  void ran(eddy::observed_task&, const eddy::step_time&) override {
    ++told;
    watching_.reset();
  }
  int told = 0;

 private:
  std::unique_ptr<eddy::task_observation> watching_;
};

EDDY_TEST(task_observer, S17_an_observation_may_end_while_its_observer_is_told) {
  leaves observer;
  observer.watch();
  auto task = eddy::create_task(job);
  co_await task;
  EXPECT_EQ(observer.told, 1);
}

TEST(task_observer, S17_nothing_is_left_wherever_an_observed_task_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    eddy::task_times times;
    const eddy::task_observation watching(times);
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task(job);
      group.create_task(eddy::eager, job);
      co_return;
    });
  });
  EXPECT_GE(went.cancel_points, 6U);
}

}  // namespace
