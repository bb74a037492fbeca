// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/explore.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/tracked.hpp"
#include "tests/testing/caught.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::testing::expect_part;
using eddy::testing::explore;
using eddy::testing::explore_options;
using eddy::testing::found_by_explore;

eddy::coro<> three_sleeps() {
  co_await eddy::sleep(1s);
  co_await eddy::sleep(1s);
  co_await eddy::sleep(1s);
}

TEST(explore, counts_every_await_at_three_moments) {
  const auto went = explore(three_sleeps);
  EXPECT_EQ(went.cancel_points, 9U);
  EXPECT_EQ(went.runs, 9U + 3U + 1U)
      << "each kind of moment ends with a run that is not reached, after one undisturbed";
}

TEST(explore, sees_awaits_of_other_tasks) {
  const auto went = explore([]() -> eddy::coro<> {
    eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(0s); });
    co_await eddy::sleep(0s);
    co_await eddy::sleep(0s);
  });
  EXPECT_GE(went.cancel_points, 7U);
}

TEST(explore, finds_a_resource_that_is_not_closed_when_cancelled) {
  const std::string text = found_by_explore([]() -> eddy::coro<> {
    eddy::testing::tracked::note_open("by hand");
    co_await eddy::sleep(1s);
    eddy::testing::tracked::note_close("by hand");
  });
  expect_part(text, "cancelled");
  expect_part(text, "\"by hand\" was opened and not closed");
}

TEST(explore, finds_a_permit_that_is_lost) {
  auto permits = std::make_shared<std::size_t>(0);
  std::vector<std::shared_ptr<eddy::semaphore>> semaphores;  // those of the permits below, and so before them
  std::vector<eddy::semaphore_permit> forgotten;
  const std::string text = found_by_explore(
      [&, permits]() -> eddy::coro<> {
        auto s = std::make_shared<eddy::semaphore>(1);
        semaphores.push_back(s);
        struct at_end {
          std::shared_ptr<eddy::semaphore> semaphore;
          std::shared_ptr<std::size_t> permits;
          at_end(std::shared_ptr<eddy::semaphore> held, std::shared_ptr<std::size_t> out)
              : semaphore(std::move(held)), permits(std::move(out)) {}
          ~at_end() { *permits = semaphore->available(); }
        } const look(s, permits);
        forgotten.push_back(s->try_acquire());  // the planted bug: no guard while the coroutine waits
        co_await eddy::sleep(1s);
        s->release();
      },
      explore_options().check([permits] { return *permits == 1 ? std::string() : std::string("a permit is lost"); }));
  expect_part(text, "a permit is lost");
}

TEST(explore, finds_a_deadlock_that_only_a_cancellation_shows) {
  const std::string text = found_by_explore([]() -> eddy::coro<> {
    static eddy::event* done = nullptr;
    eddy::event end;
    done = &end;
    auto waiter = eddy::create_task([]() -> eddy::coro<> { co_return; });
    co_await eddy::with(eddy::testing::tracked("a"), [](auto&) -> eddy::coro<> {
      co_await eddy::sleep(1s);
      done->set();  // not reached when cancelled
    });
    co_await end.wait();
    co_await waiter;
  });
  EXPECT_EQ(text, "") << "nobody waits for it then: no deadlock";
  const std::string stuck = found_by_explore([]() -> eddy::coro<> {
    struct waits_in_clean_up {
      eddy::event set;
      eddy::coro<> aexit() { co_await set.wait(); }
    } resource;
    co_await eddy::with(resource, [](auto& r) -> eddy::coro<> {
      co_await eddy::sleep(1s);
      r.set.set();
    });
  });
  expect_part(stuck, "deadlock");
}

TEST(explore, stops_at_its_limit_and_says_so) {
  const auto found = explore(three_sleeps, explore_options().limit(5).report(false));
  ASSERT_EQ(found.failures.size(), 1U);
  expect_part(found.failures[0], "stopped after 5 runs");
}

TEST(explore, reports_to_googletest_unless_told_not_to) {
  EXPECT_NONFATAL_FAILURE(static_cast<void>(explore(three_sleeps, explore_options().limit(1))), "stopped after 1 runs");
}

TEST(explore, tells_what_the_body_throws) {
  const std::string text = found_by_explore([]() -> eddy::coro<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("planted");
  });
  expect_part(text, "undisturbed");
  expect_part(text, "planted");
}

}  // namespace
