// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/run_test.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <thread>

#include "eddy/coro/future.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::testing::run_body;
using eddy::testing::test_clock;

// The problems of one run, joined.
std::string problems(const std::function<eddy::coro<>()>& body, test_clock clock = test_clock::virtual_time) {
  std::string all;
  for (const std::string& problem : run_body(body, clock).problems) all += problem + "\n";
  return all;
}

void expect_part(const std::string& text, const char* part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is missing in: \"" << text << "\"";
}

TEST(run_body, S65_a_clean_body_is_clean) {
  const auto run = run_body([]() -> eddy::coro<> { co_await eddy::sleep(1h); }, test_clock::virtual_time);
  EXPECT_TRUE(run.clean());
  EXPECT_FALSE(run.cancelled);
}

TEST(run_body, S65_a_task_that_is_left_is_named_with_its_await) {
  const std::string text = problems([]() -> eddy::coro<> {
    eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); }).name("left over");
    co_await eddy::sleep(1s);
  });
  expect_part(text, "tasks are left");
  expect_part(text, "left over");
  expect_part(text, "run_test_test.cpp:");
}

TEST(run_body, S65_a_task_that_ends_in_the_same_turn_is_no_leak) {
  EXPECT_EQ(problems([]() -> eddy::coro<> {
              auto task = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
              co_await eddy::sleep(1s);
              task.cancel();
            }),
            "");
}

TEST(run_body, S65_a_timer_that_is_left_is_told) {
  expect_part(problems([]() -> eddy::coro<> {
                eddy::event_loop::current().call_later(1h, [] {});
                co_return;
              }),
              "1 timers");
}

TEST(run_body, S65_a_descriptor_that_is_left_is_told) {
  int fd = -1;
  expect_part(problems([&]() -> eddy::coro<> {
                fd = ::dup(0);
                co_return;
              }),
              "left in the process: descriptor");
  ::close(fd);
}

TEST(run_body, S65_a_frame_that_is_left_is_told) {
  static eddy::coro<> kept;
  expect_part(problems([]() -> eddy::coro<> {
                kept = eddy::detail::await_in_coro(eddy::sleep(1s));
                co_return;
              }),
              "1 coroutine frames");
  kept = eddy::coro<>();
}

TEST(run_body, S65_a_child_process_that_is_left_is_told) {
  pid_t child = -1;
  expect_part(problems([&]() -> eddy::coro<> {
                child = fork();
                if (child == 0) ::_exit(0);
                siginfo_t info{};
                waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
                co_return;
              }),
              "child process");
  int status = 0;
  waitpid(child, &status, 0);
}

TEST(run_body, S65_a_tracked_resource_that_is_left_open_or_closed_twice_is_told) {
  expect_part(problems([]() -> eddy::coro<> {
                eddy::testing::tracked::note_open("door");
                co_return;
              }),
              "\"door\" was opened and not closed");
  expect_part(problems([]() -> eddy::coro<> {
                eddy::testing::tracked::note_close("window");
                co_return;
              }),
              "\"window\" was closed more often");
}

TEST(run_body, S65_a_deadlock_is_told_with_the_tree_and_ends) {
  const std::string text = problems([]() -> eddy::coro<> {
    eddy::event never;
    co_await never.wait();
  });
  expect_part(text, "deadlock");
  expect_part(text, "event::wait");
}

TEST(run_body, S65_a_deadlock_behind_a_shield_ends_too) {
  const std::string text = problems([]() -> eddy::coro<> {
    eddy::event never;
    co_await eddy::shield(never.wait());
  });
  expect_part(text, "deadlock");
}

TEST(run_body, S65_an_error_that_reached_nobody_is_told) {
  expect_part(problems([]() -> eddy::coro<> {
                eddy::create_task([]() -> eddy::coro<> {
                  throw std::runtime_error("lost");
                  co_return;
                });
                co_await eddy::sleep(1s);
              }),
              "lost");
}

TEST(run_body, S65_what_the_body_throws_is_told_apart) {
  const auto run = run_body(
      []() -> eddy::coro<> {
        throw std::runtime_error("thrown");
        co_return;
      },
      test_clock::virtual_time);
  EXPECT_EQ(run.exception, "std::runtime_error: thrown");
  EXPECT_TRUE(run.problems.empty());
  EXPECT_FALSE(run.clean());
}

TEST(run_test, S65_problems_fail_the_case) {
  EXPECT_NONFATAL_FAILURE(eddy::testing::run_test(
                              []() -> eddy::coro<> {
                                throw std::runtime_error("thrown");
                                co_return;
                              },
                              test_clock::virtual_time),
                          "the body threw std::runtime_error: thrown");
  EXPECT_NONFATAL_FAILURE(eddy::testing::run_test(
                              []() -> eddy::coro<> {
                                eddy::testing::tracked::note_open("door");
                                co_return;
                              },
                              test_clock::virtual_time),
                          "door");
}

TEST(run_test, S65_an_assertion_ends_the_body) {
  EXPECT_NONFATAL_FAILURE(eddy::testing::run_test(
                              []() -> eddy::coro<> {
                                EDDY_ASSERT_EQ(1 + 1, 3);
                                std::abort();
                              },
                              test_clock::virtual_time),
                          "1 + 1");
}

EDDY_TEST(virtual_clock, S66_jumps_only_when_nothing_can_run) {
  const auto start = eddy::now();
  const auto real = eddy::clock::now();
  for (int i = 0; i < 1000; ++i) {
    co_await eddy::sleep(1h);
    EDDY_ASSERT_EQ(eddy::now() - start, std::chrono::hours(i + 1));
  }
  EXPECT_LT(eddy::clock::now() - real, 10s);
}

EDDY_TEST(tracked, is_open_inside_of_with_alone) {
  EXPECT_EQ(eddy::testing::tracked::open(), 0);
  co_await eddy::with(eddy::testing::tracked("a"), [](auto&) -> eddy::coro<> {
    EXPECT_EQ(eddy::testing::tracked::open(), 1);
    co_return;
  });
  EXPECT_EQ(eddy::testing::tracked::open(), 0);
  EXPECT_EQ(eddy::testing::tracked::opened(), 1);
}

EDDY_TEST(counted, counts_one_object_however_often_it_moves) {
  {
    eddy::testing::counted a("a");
    const eddy::testing::counted b = std::move(a);
    EXPECT_EQ(eddy::testing::tracked::open(), 1);
  }
  EXPECT_EQ(eddy::testing::tracked::open(), 0);
  co_return;
}

}  // namespace
