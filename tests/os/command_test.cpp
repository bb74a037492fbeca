// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/command.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "eddy/coro/async_generator.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::command;
using eddy::coro;
using eddy::shell;
using eddy::stdio;

namespace {

static_assert(std::is_copy_constructible_v<command>);
static_assert(!std::is_copy_constructible_v<eddy::process>);

EDDY_IO_TEST(command, S39_output_gives_status_stdout_and_stderr) {
  const auto result = co_await shell("echo out; echo err >&2; exit 3").output();
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.status.code(), 3);
  EXPECT_EQ(result.status.to_string(), "exited with 3");
  EXPECT_FALSE(result.status.success());
}

EDDY_IO_TEST(command, S39_arguments_arrive_as_they_are) {
  const std::vector<std::string> more{"a b", "", "$HOME", "'\""};
  const auto result = co_await command("printf", "[%s]", more, 42, std::filesystem::path("/p")).output();
  EXPECT_EQ(result.out, "[a b][][$HOME]['\"][42][/p]");
}

EDDY_IO_TEST(command, S39_status_tells_codes_and_signals) {
  const auto zero = co_await command("true").status();
  EXPECT_TRUE(zero.success());
  const auto one = co_await command("false").status();
  EXPECT_EQ(one.code(), 1);
  const auto killed = co_await shell("kill -9 $$").status();
  EXPECT_EQ(killed.signal(), SIGKILL);
  EXPECT_EQ(killed.to_string(), "killed by SIGKILL");
}

EDDY_IO_TEST(command, S39_more_than_pipes_hold_on_all_three_is_no_deadlock) {
  const std::string much(3'000'000, 'x');
  const auto result = co_await shell("tee /dev/stderr").stdin(much).output();
  EXPECT_EQ(result.out.size(), much.size());
  EXPECT_EQ(result.err.size(), much.size());
  EXPECT_TRUE(result.status.success());
}

EDDY_IO_TEST(command, S42_a_pipeline) {
  const auto result = co_await (command("printf", "b\na\n") | command("sort") | command("tr", "a-z", "A-Z")).output();
  EXPECT_EQ(result.out, "A\nB\n");
  EXPECT_EQ(result.statuses.size(), 3U);
}

}  // namespace
