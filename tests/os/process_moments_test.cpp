// SPDX-License-Identifier: BSL-1.0
// Whatever waits for a child, cancelled at every moment: nothing may be left of it.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "eddy/coro/async_generator.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using namespace eddy::testing;
using eddy::command;
using eddy::coro;
using eddy::process;
using eddy::shell;
using eddy::stdio;

namespace {

explore_options everything() { return explore_options().clock(test_clock::real_time).everything(); }

eddy::async_generator<std::string> words() {
  co_yield "one ";
  co_await eddy::sleep(1us);
  co_yield "two";
}

// In each body: what has ended in order has its result; explore itself looks for children, descriptors and errors that
// are left.

TEST(process_moments, L1_S39_output) {
  explore(
      []() -> coro<> {
        const auto result = co_await shell("cat; echo err >&2; exit 3").stdin("in").output();
        EXPECT_EQ(result.out, "in");
        EXPECT_EQ(result.err, "err\n");
        EXPECT_EQ(result.status.code(), 3);
      },
      everything().faults(false));
}

TEST(process_moments, L1_S39_output_when_the_system_fails) {
  explore([]() -> coro<> { co_await shell("cat; echo err >&2").stdin("in").output(); },
          explore_options().clock(test_clock::real_time).faults());
}

TEST(process_moments, L1_S42_output_with_a_generator) {
  explore(
      []() -> coro<> {
        const auto result = co_await command("cat").stdin(words()).output();
        EXPECT_EQ(result.out, "one two");
      },
      everything().faults(false));
}

TEST(process_moments, L1_S42_a_pipeline) {
  explore(
      []() -> coro<> {
        const auto result = co_await (command("cat").stdin("in") | command("cat")).output();
        EXPECT_EQ(result.out, "in");
      },
      everything().faults(false));
}

TEST(process_moments, L1_S39_status) {
  explore(
      []() -> coro<> {
        const auto status = co_await command("true").status();
        EXPECT_TRUE(status.success());
      },
      everything());
}

TEST(process_moments, L1_S24_output_that_runs_out_of_time) {
  explore(
      []() -> coro<> {
        bool expired = false;
        try {
          co_await command("sleep", "1000").timeout(5ms).output();
        } catch (const eddy::process_timeout&) {
          expired = true;
        }
        EXPECT_TRUE(expired);
      },
      everything().faults(false));
}

TEST(process_moments, L12_S41_lines) {
  explore(
      []() -> coro<> {
        std::string all;
        co_await with(shell("echo a; echo b; echo c").merged().spawn(), [&](process& p) -> coro<> {
          auto lines = p.lines();
          while (auto line = co_await lines.next()) all += line->text;
        });
        EXPECT_EQ(all, "abc");
      },
      everything().faults(false));
}

TEST(process_moments, L12_S41_lines_of_two_streams) {
  explore(
      []() -> coro<> {
        int count = 0;
        co_await with(shell("echo a; echo b >&2").spawn(), [&](process& p) -> coro<> {
          auto lines = p.lines();
          while (auto line = co_await lines.next()) ++count;
        });
        EXPECT_EQ(count, 2);
      },
      everything().faults(false));
}

TEST(process_moments, L1_S39_a_conversation) {
  explore(
      []() -> coro<> {
        co_await with(command("cat").stdin(stdio::pipe).spawn(), [](process& cat) -> coro<> {
          co_await cat.stdin().write("question\n");
          const auto answer = co_await cat.stdout().readline();
          EXPECT_EQ(answer, "question");
          co_await cat.stdin().write_eof();
          const auto status = co_await cat.wait();
          EXPECT_TRUE(status.success());
        });
      },
      everything().faults(false));
}

TEST(process_moments, L3_S40_leaving_early_and_terminate) {
  explore(
      []() -> coro<> {
        co_await with(shell("trap '' TERM; echo; while :; do sleep 0.01; done").grace(1ms).spawn(),
                      [](process& p) -> coro<> {
                        co_await p.stdout().readline();
                        co_await p.terminate();
                      });
        co_await with(command("sleep", "1000").spawn(), [](process&) -> coro<> { co_return; });
      },
      everything().faults(false));
}

TEST(process_moments, L3_S40_a_group_and_a_session_are_ended) {
  explore(
      []() -> coro<> { co_await shell("sleep 1000 & setsid sleep 1000 & exit 0").linger(1ms).subreaper().output(); },
      everything().faults(false));
}

TEST(process_moments, L5_the_loop_shuts_down_meanwhile) {
  for (const int turns : {1, 2, 3, 5, 8}) {
    shut_down_during([]() -> coro<> { co_await shell("cat; sleep 1000").stdin("in").output(); }, turns);
    shut_down_during(
        []() -> coro<> {
          co_await with(shell("echo; sleep 1000").spawn(), [](process& p) -> coro<> {
            auto lines = p.lines();
            while (auto line = co_await lines.next()) continue;
          });
        },
        turns);
  }
}

}  // namespace
