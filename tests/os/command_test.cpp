// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/command.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

#include "eddy/coro/async_generator.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_support.hpp"

using namespace std::chrono_literals;
using namespace eddy::testing;
using eddy::command;
using eddy::coro;
using eddy::shell;
using eddy::stdio;

namespace {

static_assert(std::is_copy_constructible_v<command>);
static_assert(!std::is_copy_constructible_v<eddy::process>);
static_assert(std::is_trivially_copyable_v<eddy::exit_status>);

EDDY_IO_TEST(command, S39_output_gives_status_stdout_and_stderr) {
  const auto result = co_await shell("echo out; echo err >&2; exit 3").output();
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.status.code(), 3);
  EXPECT_EQ(result.statuses, std::vector<eddy::exit_status>{result.status});
}

EDDY_IO_TEST(command, S39_arguments_arrive_as_they_are) {
  const std::vector<std::string> more{"a b", "", "$HOME", "'\""};
  const auto result = co_await command("printf", "[%s]", more, 42, std::filesystem::path("/p")).args("last").output();
  EXPECT_EQ(result.out, "[a b][][$HOME]['\"][42][/p][last]");
}

EDDY_IO_TEST(command, S39_status_tells_codes_and_signals) {
  const auto zero = co_await command("true").status();
  EXPECT_TRUE(zero.success());
  EXPECT_EQ(zero.to_string(), "exited with 0");
  const auto one = co_await command("false").status();
  EXPECT_EQ(one.code(), 1);
  EXPECT_FALSE(one.success());
  const auto killed = co_await shell("kill -9 $$").status();
  EXPECT_EQ(killed.signal(), SIGKILL);
  EXPECT_EQ(killed.code(), std::nullopt);
  EXPECT_EQ(killed.to_string(), "killed by SIGKILL");
}

TEST(exit_status, S39_has_a_text_for_every_end) {
  EXPECT_EQ(eddy::exit_status().to_string(), "status unknown");
  EXPECT_FALSE(eddy::exit_status().success());
  EXPECT_FALSE(eddy::exit_status().known());
  EXPECT_EQ(eddy::exit_status::from_code(255).to_string(), "exited with 255");
  EXPECT_EQ(eddy::exit_status::from_signal(SIGSEGV, true).to_string(), "killed by SIGSEGV (core dumped)");
  EXPECT_EQ(eddy::exit_status::from_signal(SIGRTMIN + 2).to_string(), "killed by SIGRTMIN+2");
  EXPECT_EQ(eddy::exit_status::from_wait_status(3 << 8).code(), 3);
  EXPECT_EQ(eddy::exit_status::from_wait_status(9).signal(), 9);
}

EDDY_IO_TEST(command, S39_more_than_pipes_hold_on_all_three_is_no_deadlock) {
  const std::string much(3'000'000, 'x');
  const auto result = co_await shell("tee /dev/stderr").stdin(much).output();
  EXPECT_TRUE(result.out == much);
  EXPECT_TRUE(result.err == much);
  EXPECT_TRUE(result.status.success());
}

EDDY_IO_TEST(command, S39_a_child_that_does_not_read_its_stdin_is_no_error) {
  const std::string much(3'000'000, 'x');
  const auto at_once = co_await command("true").stdin(much).output();
  EXPECT_TRUE(at_once.status.success());
  // It closes its stdin and lives on: EPIPE while we write.
  const auto early = co_await shell("exec <&-; echo closed; exit 4").stdin(much).output();
  EXPECT_EQ(early.out, "closed\n");
  EXPECT_EQ(early.status.code(), 4);
}

EDDY_IO_TEST(command, S39_too_much_output_is_an_error_that_says_what_to_do) {
  const auto error = co_await thrown_by<eddy::output_limit_error>(shell("echo err >&2; yes").limit(100'000).output());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(contains(error->what(), "100000 bytes to its stdout")) << error->what();
  EXPECT_TRUE(contains(error->what(), "command::limit()")) << error->what();
  EXPECT_EQ(error->result().out.size(), 100'000U);
  EXPECT_EQ(error->result().err, "err\n");
  EXPECT_EQ(error->result().status.signal(), SIGTERM);
  const auto exact = co_await shell("head -c 1000 /dev/zero").limit(1000).output();
  EXPECT_EQ(exact.out.size(), 1000U);
}

EDDY_IO_TEST(command, S39_check_quotes_the_command_and_the_end_of_stderr) {
  const auto error = co_await thrown_by<eddy::process_failed>(
      shell("for i in $(seq 1000); do echo line $i >&2; done; exit 2").check().output());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(contains(error->what(), "/bin/sh -c 'for i in")) << error->what();
  EXPECT_TRUE(contains(error->what(), "exited with 2")) << error->what();
  EXPECT_TRUE(std::string_view(error->what()).ends_with("line 999\nline 1000")) << error->what();
  EXPECT_FALSE(contains(error->what(), "line 10\n"));
  EXPECT_EQ(error->result().status.code(), 2);
  const auto status = co_await thrown_by<eddy::process_failed>(command("false").check().status());
  EDDY_ASSERT_TRUE(status.has_value());
  EXPECT_STREQ(status->what(), "false exited with 1");
  const auto fine = co_await command("echo", "fine").check().output();
  EXPECT_EQ(fine.out, "fine\n");
}

EDDY_IO_TEST(command, S42_environment_is_changed_or_cleared) {
  ::setenv("EDDY_TEST_KEPT", "kept", 1);
  const auto changed =
      co_await shell("echo $EDDY_TEST_KEPT $A ${HOME-none}").env("A", "b=c").unset_env("HOME").output();
  EXPECT_EQ(changed.out, "kept b=c none\n");
  const auto cleared = co_await command("/usr/bin/env").clear_env().env("ONLY", "this").env("ONLY", "that").output();
  EXPECT_EQ(cleared.out, "ONLY=that\n");
  ::unsetenv("EDDY_TEST_KEPT");
}

EDDY_IO_TEST(command, S42_the_program_is_found_in_its_own_path) {
  const scratch_folder folder;
  folder.file("eddy_only_here", "#!/bin/sh\necho found\n", 0755);
  const auto found = co_await command("eddy_only_here").env("PATH", "/nowhere:" + folder.path().string()).output();
  EXPECT_EQ(found.out, "found\n");
  // An empty part of PATH is the folder that it runs in; so is what a name with a slash begins with.
  const auto here = co_await command("eddy_only_here").env("PATH", ":/nowhere").cwd(folder.path()).output();
  EXPECT_EQ(here.out, "found\n");
  const auto relative = co_await command("./eddy_only_here").cwd(folder.path()).output();
  EXPECT_EQ(relative.out, "found\n");
}

EDDY_IO_TEST(command, S42_folder_umask_and_niceness) {
  const scratch_folder folder;
  const auto result = co_await shell("pwd; umask; nice; touch made").cwd(folder.path()).umask(077).nice(5).output();
  EXPECT_EQ(result.out, folder.path().string() + "\n0077\n5\n");
  EXPECT_EQ(std::filesystem::status(folder.path() / "made").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

eddy::async_generator<std::string> numbers(int count) {
  for (int i = 0; i < count; ++i) {
    if (i % 1000 == 0) co_await eddy::sleep(1us);
    co_yield std::to_string(i) + "\n";
  }
}

EDDY_IO_TEST(command, S42_stdin_from_bytes_a_file_and_a_generator) {
  const scratch_folder folder;
  const std::string path = folder.file("input", "from a file");
  const auto bytes = co_await command("cat").stdin("from bytes").output();
  EXPECT_EQ(bytes.out, "from bytes");
  const auto file = co_await command("cat").stdin_file(path).output();
  EXPECT_EQ(file.out, "from a file");
  const auto generated = co_await command("wc", "-l").stdin(numbers(20'000)).output();
  EXPECT_EQ(generated.out, "20000\n");
  const auto nothing = co_await command("cat").output();
  EXPECT_EQ(nothing.out, "");
  const auto empty_pipe = co_await command("cat").stdin(stdio::pipe).output();
  EXPECT_EQ(empty_pipe.out, "");
}

EDDY_IO_TEST(command, S42_bytes_feed_many_runs_a_generator_one) {
  auto bytes = command("cat").stdin("again");
  for (int i = 0; i < 2; ++i) {
    const auto result = co_await bytes.output();
    EXPECT_EQ(result.out, "again");
  }
  auto generated = command("cat").stdin(numbers(1));
  const auto first = co_await generated.output();
  EXPECT_EQ(first.out, "0\n");
  const auto second = co_await thrown_by<eddy::misuse_error>(generated.output());
  EDDY_ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(contains(second->what(), "used up"));
}

eddy::async_generator<std::string> failing() {
  co_yield "one\n";
  throw std::runtime_error("no more");
}

EDDY_IO_TEST(command, S42_an_error_of_the_generator_comes_out_and_ends_the_child) {
  const auto error = co_await thrown_by<std::runtime_error>(command("cat").stdin(failing()).output());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_STREQ(error->what(), "no more");
}

eddy::async_generator<std::string> broken_elsewhere() {
  co_yield "one\n";
  throw std::system_error(EPIPE, std::generic_category(), "a socket of the generator's");
}

EDDY_IO_TEST(command, L6_a_generators_own_broken_pipe_is_not_taken_for_the_childs) {
  const auto error = co_await thrown_by<std::system_error>(command("cat").stdin(broken_elsewhere()).output());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(contains(error->what(), "of the generator's"));
}

eddy::async_generator<std::string> endless() {
  while (true) {
    co_await eddy::sleep(1h);
    co_yield "never\n";
  }
}

EDDY_IO_TEST(command, S42_a_child_that_ends_does_not_wait_for_its_generator) {
  const auto result = co_await shell("exit 3").stdin(endless()).output();
  EXPECT_EQ(result.status.code(), 3);
}

EDDY_IO_TEST(command, S41_to_files_appended_to_null_and_merged) {
  const scratch_folder folder;
  const auto both = shell("echo out; echo err >&2");
  co_await command(both).stdout_file(folder / "out").stderr_file(folder / "err").status();
  co_await command(both).stdout_append(folder / "out").stderr(stdio::null).status();
  EXPECT_EQ(content_of(folder / "out"), "out\nout\n");
  EXPECT_EQ(content_of(folder / "err"), "err\n");
  co_await command(both).stdout_file(folder / "out").merged().status();
  EXPECT_EQ(content_of(folder / "out"), "out\nerr\n");
  const auto merged = co_await shell("for i in 1 2 3; do echo out $i; echo err $i >&2; done").merged().output();
  EXPECT_EQ(merged.out, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
  EXPECT_EQ(merged.err, "");
}

EDDY_IO_TEST(command, S41_dev_stdout_can_be_opened_again) {
  const auto result = co_await shell("echo one > /dev/stdout; echo two > /dev/stderr; cat /dev/stdin > /proc/self/fd/1")
                          .stdin("three")
                          .output();
  EXPECT_EQ(result.out, "one\nthree");
  EXPECT_EQ(result.err, "two\n");
}

EDDY_IO_TEST(command, S41_a_fifo_that_nobody_reads_does_not_stop_the_loop) {
  const scratch_folder folder;
  EDDY_ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  const auto error = co_await thrown_by<eddy::spawn_error>(command("true").stdout_file(folder / "fifo").status());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code(), std::errc::no_such_device_or_address);
  EXPECT_EQ(error->operation(), "file");
}

EDDY_IO_TEST(command, S42_a_pipeline_has_every_status) {
  const auto sorted = co_await (command("printf", "b\na\n") | command("sort") | command("tr", "a-z", "A-Z")).output();
  EXPECT_EQ(sorted.out, "A\nB\n");
  EXPECT_TRUE(sorted.status.success());
  EXPECT_EQ(sorted.statuses.size(), 3U);
  const auto failed =
      co_await (shell("echo one >&2; exit 5") | shell("echo two >&2; exit 6") | command("cat")).output();
  EXPECT_EQ(failed.status.code(), 6);
  EXPECT_EQ(failed.statuses[0].code(), 5);
  EXPECT_EQ(failed.statuses[2].code(), 0);
  EXPECT_TRUE(contains(failed.err, "one\n") && contains(failed.err, "two\n")) << failed.err;
}

EDDY_IO_TEST(command, S42_check_of_a_pipeline_forgives_who_was_cut_short) {
  const auto enough = co_await (command("yes") | command("head", "-n", "2")).check().output();
  EXPECT_EQ(enough.out, "y\ny\n");
  EXPECT_EQ(enough.statuses[0].signal(), SIGPIPE);
  const auto error = co_await thrown_by<eddy::process_failed>((shell("exit 7") | command("cat")).check().output());
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(contains(error->what(), "/bin/sh -c 'exit 7' exited with 7 (in /bin/sh -c 'exit 7' | cat)"))
      << error->what();
}

EDDY_IO_TEST(command, S42_input_and_output_of_a_pipeline) {
  const std::string much(2'000'000, 'x');
  const auto result =
      co_await (command("cat").stdin(much) | command("cat") | command("wc", "-c")).timeout(50s).output();
  EXPECT_EQ(result.out, "2000000\n");
}

EDDY_IO_TEST(command, S39_a_descriptor_is_handed_on_under_a_number) {
  const scratch_folder folder;
  const int fd = ::open(folder.file("passed", "content").c_str(), O_RDONLY | O_CLOEXEC);
  EDDY_ASSERT_TRUE(fd >= 0);
  const auto other = co_await shell("cat <&9; ls /proc/self/fd | tr '\\n' ' '").pass(fd, 9).output();
  EXPECT_TRUE(other.out.starts_with("content0 1 2 ")) << other.out;
  EXPECT_TRUE(contains(other.out, " 9")) << other.out;
  const auto closed = co_await thrown_by<eddy::spawn_error>(command("true").pass(19999).output());
  ::close(fd);
  EDDY_ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->operation(), "descriptors");
}

EDDY_IO_TEST(command, L9_misuse_speaks) {
  EXPECT_THROW(command("echo", std::string("a\0b", 3)), eddy::misuse_error);
  EXPECT_THROW(command("true").env("A=B", "c"), eddy::misuse_error);
  EXPECT_THROW(command("true").stdout(stdio::merged), eddy::misuse_error);
  EXPECT_THROW(command("true").pass(-1), eddy::misuse_error);
  EXPECT_THROW(command("true").stdout_file("x") | command("cat"), eddy::misuse_error);
  EXPECT_THROW(command("true") | command("cat").stdin("x"), eddy::misuse_error);
  const auto piped = co_await thrown_by<eddy::misuse_error>(command("true").stdout(stdio::pipe).status());
  EXPECT_TRUE(piped.has_value());
}

TEST(command, S39_its_text_is_what_one_would_type) {
  EXPECT_EQ(command("git", "commit", "-m", "it's done", "").to_string(), "git commit -m 'it'\\''s done' ''");
  EXPECT_EQ((command("a") | command("b", "c")).to_string(), "a | b c");
  EXPECT_LT(command("x", std::string(10'000, 'y')).to_string().size(), 300U);
}

}  // namespace
