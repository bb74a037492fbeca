// SPDX-License-Identifier: BSL-1.0
// How children end: in time or not, with those they have started, with their parent; and that none is left.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "eddy/coro/run.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "eddy/testing/leak_check.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_support.hpp"
#include "tests/support/forbidden_call.hpp"

using namespace std::chrono_literals;
using namespace eddy::testing;
using eddy::command;
using eddy::coro;
using eddy::process;
using eddy::shell;

namespace {

/// Runs it with a limit, a longer one each time, until it has come as far as writing `word` when the limit ends it.
template <class Command>
coro<eddy::process_timeout> timed_out(Command what, std::string_view word) {
  for (auto limit = 100ms;; limit *= 2) {
    const auto error = co_await thrown_by<eddy::process_timeout>(what.timeout(limit).output());
    if (!error) throw std::runtime_error("it ended in time");
    if (contains(error->result().out, word)) co_return *error;
  }
}

EDDY_IO_TEST(process_end, S24_S40_a_timeout_keeps_what_was_written) {
  const auto script = "echo err >&2; trap 'echo last words; exit 5' TERM; echo out; while :; do sleep 0.01; done";
  const auto error = co_await timed_out(shell(script).grace(50s), "out\n");
  EXPECT_GE(error.limit(), 100ms);
  EXPECT_TRUE(contains(error.what(), "limit of ")) << error.what();
  EXPECT_TRUE(contains(error.what(), "process_end_test.cpp")) << error.what();
  EXPECT_TRUE(contains(error.what(), "/bin/sh -c 'echo err")) << error.what();
  EXPECT_EQ(error.result().out, "out\nlast words\n");
  EXPECT_TRUE(error.result().err.starts_with("err\n"));
  EXPECT_EQ(error.result().status.code(), 5);
}

EDDY_IO_TEST(process_end, S40_a_timeout_ends_who_ignores_term_and_all_they_have_started) {
  const auto script = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 0.01; done";
  const auto error = co_await timed_out(shell(script).grace(20ms), "\n");
  EXPECT_EQ(error.result().status.signal(), SIGKILL);
  EXPECT_FALSE(runs(std::stoi(error.result().out)));
}

EDDY_IO_TEST(process_end, S40_the_limit_of_a_pipeline_is_for_all) {
  const auto error = co_await timed_out(shell("echo one; exec sleep 1000") | command("cat"), "one\n");
  EXPECT_EQ(error.result().out, "one\n");
  EXPECT_EQ(error.result().statuses[0].signal(), SIGTERM);
  const auto status = co_await thrown_by<eddy::process_timeout>(command("sleep", "1000").timeout(50ms).status());
  EXPECT_TRUE(status.has_value());
}

EDDY_IO_TEST(process_end, S40_the_limit_of_a_spawned_child_ends_its_streams) {
  int lines_seen = 0;
  const auto run = [&]() -> coro<> {
    co_await with(shell("yes").timeout(100ms).spawn(), [&](process& p) -> coro<> {
      auto lines = p.lines();
      while (auto line = co_await lines.next()) ++lines_seen;
    });
  };
  const auto error = co_await thrown_by<eddy::process_timeout>(run());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->result().status.signal(), SIGTERM);
}

EDDY_IO_TEST(process_end, S40_grandchildren_that_hold_the_pipes_are_waited_for_a_while) {
  // In the group: read for as long as linger says, then ended.
  const auto held = co_await shell("sleep 1000 & echo $!").linger(50ms).output();
  EXPECT_TRUE(held.status.success());
  EXPECT_FALSE(runs(std::stoi(held.out)));
  // What a background job writes meanwhile is there.
  const auto late = co_await shell("(sleep 0.1; echo late) & echo early").linger(50s).output();
  EXPECT_EQ(late.out, "early\nlate\n");
  const auto forever =
      co_await shell("(sleep 0.1; echo late) & echo early").linger(std::chrono::nanoseconds::max()).output();
  EXPECT_EQ(forever.out, "early\nlate\n");
}

EDDY_IO_TEST(process_end, S40_what_is_in_the_pipe_is_read_when_others_hold_it) {
  // Nobody reads while the child writes and ends, and the end of the pipe is forced.
  co_await with(shell("seq 5000; sleep 1000 & exit 0").linger(1ms).spawn(), [](process& p) -> coro<> {
    co_await p.wait();
    co_await eddy::sleep(50ms);
    auto lines = p.lines();
    int count = 0;
    while (auto line = co_await lines.next()) EXPECT_EQ(line->text, std::to_string(++count));
    EXPECT_EQ(count, 5000);
  });
}

EDDY_IO_TEST(process_end, S40_a_session_of_its_own_is_outside_of_the_group) {
  // setsid execs in the same process, since it leads no group: its number is the one that sh knows.
  const auto result = co_await shell("setsid sleep 1000 & echo $!").linger(20ms).output();
  const int pid = std::stoi(result.out);
  EXPECT_TRUE(runs(pid));
  ::kill(pid, SIGKILL);
  co_await gone(pid);
}

EDDY_IO_TEST(process_end, S40_a_subreaper_finds_it_and_reaps_it) {
  int before = -1;
  ::prctl(PR_GET_CHILD_SUBREAPER, &before, 0, 0, 0);
  const auto sleeping = co_await shell("setsid sleep 1000 & echo $!").linger(20ms).subreaper().output();
  EXPECT_EQ(state_of(std::stoi(sleeping.out)), '\0');
  // One that ignores TERM, and one that has ended as an orphan long before.
  const auto stubborn =
      co_await shell("setsid sh -c \"trap '' TERM; echo \\$\\$; while :; do sleep 0.01; done\" & read x")
          .stdin(eddy::stdio::null)
          .linger(500ms)
          .grace(20ms)
          .subreaper()
          .output();
  EXPECT_EQ(state_of(std::stoi(stubborn.out)), '\0');
  const auto short_lived = co_await shell("(setsid true &) ; echo done").subreaper().output();
  EXPECT_EQ(short_lived.out, "done\n");
  int after = -1;
  ::prctl(PR_GET_CHILD_SUBREAPER, &after, 0, 0, 0);
  EXPECT_EQ(before, after);
}

EDDY_IO_TEST(process_end, S40_cancelling_output_ends_and_reaps_it_first) {
  const scratch_folder folder;
  const auto c = shell("echo $$ > pid.new; mv pid.new pid; sleep 1000").cwd(folder.path());
  auto job = eddy::create_task([&]() -> coro<> { co_await c.output(); });
  while (!std::filesystem::exists(folder.path() / "pid")) co_await eddy::sleep(1ms);
  const int pid = std::stoi(content_of(folder / "pid"));
  EXPECT_TRUE(runs(pid));
  job.cancel();
  const auto end = co_await eddy::as_outcome(job);
  EXPECT_TRUE(end.cancelled());
  EXPECT_EQ(state_of(pid), '\0');
}

EDDY_IO_TEST(process_end, S40_a_child_that_is_dropped_is_killed_and_reaped) {
  // Not by `with`: nobody leaves it, its owner just goes.
  int pid = 0;
  {
    eddy::spawned dropped = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done").spawn();
    process& p = co_await dropped.aenter();
    co_await p.stdout().readline();
    pid = p.pid();
  }
  while (state_of(pid) != '\0') co_await eddy::sleep(1ms);
}

TEST(process_end, S40_a_loop_that_ends_leaves_no_child) {
  const leak_check before;
  int pid = 0;
  eddy::run([&]() -> coro<> {
    // Dropped in the last step: the loop's end is what reaps it.
    eddy::spawned dropped = command("sleep", "1000").spawn();
    process& p = co_await dropped.aenter();
    pid = p.pid();
  });
  EXPECT_EQ(state_of(pid), '\0');
  EXPECT_EQ(before.compare(), "");
}

TEST(process_end, S40_a_loop_that_is_shut_down_ends_its_children) {
  const leak_check before;
  int pid = 0;
  eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> coro<> {
    eddy::create_task([&]() -> coro<> {
      co_await with(shell("trap '' TERM; sleep 1000 & wait; sleep 1000").grace(10ms).spawn(),
                    [&](process& p) -> coro<> {
                      pid = p.pid();
                      co_await p.wait();
                    });
    });
    while (pid == 0) co_await eddy::sleep(1ms);
  });
  EXPECT_EQ(state_of(pid), '\0');
  EXPECT_EQ(before.compare(), "");
}

// An older kernel: no signals by pidfd, so by number, while the child is a zombie at most.
TEST(process_end, S40_without_signals_by_pidfd) {
  bool ended = false;
  const bool forbidden = with_forbidden_call(SYS_pidfd_send_signal, EINVAL, [&] {
    eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> coro<> {
      int grandchild = 0;
      co_await with(shell("sleep 1000 & echo $!; wait").spawn(), [&](process& p) -> coro<> {
        const auto line = co_await p.stdout().readline();
        grandchild = std::stoi(*line);
        EXPECT_TRUE(p.send_signal(SIGCONT));
        const auto status = co_await p.terminate();
        EXPECT_EQ(status.signal(), SIGTERM);
      });
      EXPECT_FALSE(runs(grandchild));
      const auto left = co_await shell("sleep 1000 & echo $!").linger(20ms).output();
      EXPECT_FALSE(runs(std::stoi(left.out)));
      ended = true;
    });
  });
  if (!forbidden) GTEST_SKIP() << "the system does not let a thread forbid itself a call";
  EXPECT_TRUE(ended);
}

// Nobody remembers how it ended.
TEST(process_end, S39_a_status_that_cannot_be_known) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  std::optional<eddy::process_result> result;
  const bool forbidden = with_forbidden_call(SYS_ioctl, ENOTTY, [&] {
    eddy::run(eddy::run_options().handle_interrupt(false),
              [&]() -> coro<> { result = co_await shell("echo fine; exit 4").output(); });
  });
  ::signal(SIGCHLD, before);
  if (!forbidden) GTEST_SKIP() << "the system does not let a thread forbid itself a call";
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->out, "fine\n");
  EXPECT_FALSE(result->status.known());
  EXPECT_EQ(result->status.to_string(), "status unknown");
}

// Before close_range (Linux 5.9): one by one.
TEST(process_end, S39_without_close_range_no_descriptor_leaks_either) {
  const int open_here = ::dup(0);
  std::string listed;
  const bool forbidden = with_forbidden_call(SYS_close_range, ENOSYS, [&] {
    eddy::run(eddy::run_options().handle_interrupt(false), [&]() -> coro<> {
      const auto result = co_await command("ls", "/proc/self/fd").output();
      listed = result.out;
    });
  });
  ::close(open_here);
  if (!forbidden) GTEST_SKIP() << "the system does not let a thread forbid itself a call";
  EXPECT_EQ(listed, "0\n1\n2\n3\n");  // the last is what ls reads
}

EDDY_IO_TEST(process_end, S40_children_die_with_their_parent_when_asked_to) {
  // A program that is killed while it has a child.
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  co_await with(command(here / "os_process_parent").spawn(), [](process& parent) -> coro<> {
    const auto line = co_await parent.stdout().readline();
    EDDY_ASSERT_TRUE(line.has_value());
    const int child = std::stoi(*line);
    EXPECT_TRUE(runs(child));
    parent.send_signal(SIGKILL);  // no clean-up of its own; and the child is in another group
    const auto status = co_await parent.wait();
    EXPECT_EQ(status.signal(), SIGKILL);
    co_await gone(child);
  });
}

}  // namespace
