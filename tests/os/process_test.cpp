// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "eddy/flow/exit_stack.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "eddy/testing/test.hpp"
#include "tests/os/process_support.hpp"

using namespace std::chrono_literals;
using namespace eddy::testing;
using eddy::command;
using eddy::coro;
using eddy::output_stream;
using eddy::process;
using eddy::shell;
using eddy::stdio;

namespace {

EDDY_IO_TEST(process, S39_a_conversation) {
  co_await with(command("cat").stdin(stdio::pipe).spawn(), [](process& cat) -> coro<> {
    EXPECT_GT(cat.pid(), 0);
    EXPECT_EQ(cat.status(), std::nullopt);
    for (const char* line : {"one", "two"}) {
      co_await cat.stdin().write(line, std::string_view("\n"));
      const auto answer = co_await cat.stdout().readline();
      EXPECT_EQ(answer, line);
    }
    co_await cat.stdin().write_eof();
    const auto end = co_await cat.stdout().readline();
    EXPECT_EQ(end, std::nullopt);
    const auto status = co_await cat.wait();
    EXPECT_TRUE(status.success());
    const auto again = co_await cat.wait();
    EXPECT_EQ(status, again);
    EXPECT_EQ(cat.status(), status);
  });
}

EDDY_IO_TEST(process, S41_lines_are_labelled_as_they_arrive) {
  std::vector<std::string> seen;
  // It writes the next line only when it is told so: what comes here came while it runs.
  const auto script = "while read line; do echo out $line; echo err $line >&2; done; printf last";
  co_await with(shell(script).stdin(stdio::pipe).spawn(), [&](process& p) -> coro<> {
    auto lines = p.lines();
    for (const char* word : {"a\n", "b\n"}) {
      co_await p.stdin().write(word);
      bool out = false;
      for (int i = 0; i < 2; ++i) {
        const auto line = co_await lines.next();
        EDDY_ASSERT_TRUE(line.has_value());
        out = out || line->from == output_stream::out;
        seen.push_back((line->from == output_stream::out ? "[out] " : "[err] ") + line->text);
      }
      EXPECT_TRUE(out);
    }
    co_await p.stdin().write_eof();
    const auto last = co_await lines.next();
    EDDY_ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->text, "last");
    const auto end = co_await lines.next();
    EXPECT_FALSE(end.has_value());
  });
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"[err] err a", "[err] err b", "[out] out a", "[out] out b"}));
}

EDDY_IO_TEST(process, S41_merged_lines_come_in_the_order_written) {
  std::ostringstream all;
  const auto script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done";
  co_await with(shell(script).merged().spawn(), [&](process& p) -> coro<> {
    auto lines = p.lines();
    while (auto line = co_await lines.next()) all << *line << ';';
  });
  EXPECT_EQ(all.str(), "out 1;err 1;out 2;err 2;out 3;err 3;");
}

EDDY_IO_TEST(process, S41_a_stream_that_never_rests_does_not_starve_the_other) {
  co_await with(shell("echo err >&2; head -c 200000 /dev/zero | tr '\\0' '\\n'").spawn(), [](process& p) -> coro<> {
    // Now both pipes are full of lines, and no read has to wait. (Where pipes may not grow, the child cannot end.)
    co_await eddy::race(p.wait(), eddy::sleep(2s));
    auto lines = p.lines();
    int before = 0;
    while (auto line = co_await lines.next()) {
      if (line->from == output_stream::err) break;
      ++before;
    }
    EXPECT_LT(before, 150'000);
  });
}

EDDY_IO_TEST(process, S41_a_line_over_the_limit_is_an_error_and_stays) {
  co_await with(shell("echo short; echo 123456789").spawn(), [](process& p) -> coro<> {
    auto lines = p.lines(5);
    const auto first = co_await lines.next();
    EXPECT_EQ(first->text, "short");
    bool thrown = false;
    try {
      co_await lines.next();
    } catch (const eddy::limit_overrun_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    const auto rest = co_await p.stdout().read_all(100);
    EXPECT_EQ(rest, "123456789\n");
  });
}

EDDY_IO_TEST(process, L12_a_limit_on_each_line_loses_none) {
  std::string all;
  int pings = 0;
  co_await with(shell("for i in 1 2 3; do sleep 0.03; printf 'a'; sleep 0.03; echo $i; done").spawn(),
                [&](process& p) -> coro<> {
                  auto lines = p.lines();
                  while (true) {
                    try {
                      const auto line = co_await eddy::wait_for(lines.next(), 5ms);
                      if (!line) co_return;
                      all += line->text + ";";
                    } catch (const eddy::timeout_error&) {
                      ++pings;
                    }
                  }
                });
  EXPECT_EQ(all, "a1;a2;a3;");
  EXPECT_GT(pings, 0);
}

EDDY_IO_TEST(process, S41_asking_for_what_is_no_pipe_speaks) {
  co_await with(command("true").merged().spawn(), [](process& p) -> coro<> {
    EXPECT_THROW(p.stdin(), eddy::misuse_error);
    EXPECT_THROW(p.stderr(), eddy::misuse_error);
    EXPECT_NO_THROW(p.stdout());
    co_await p.wait();
  });
}

EDDY_IO_TEST(process, S40_leaving_early_ends_the_whole_group) {
  int child = 0;
  int grandchild = 0;
  co_await with(shell("sleep 1000 & echo $!; wait").spawn(), [&](process& p) -> coro<> {
    const auto line = co_await p.stdout().readline();
    child = p.pid();
    grandchild = std::stoi(*line);
    EXPECT_TRUE(runs(child));
    EXPECT_TRUE(runs(grandchild));
  });
  EXPECT_EQ(state_of(child), '\0');  // reaped
  EXPECT_FALSE(runs(grandchild));
}

EDDY_IO_TEST(process, S40_an_exception_ends_it_and_goes_on) {
  int child = 0;
  bool thrown = false;
  try {
    co_await with(command("sleep", "1000").spawn(), [&](process& p) -> coro<> {
      child = p.pid();
      throw std::runtime_error("body");
      co_return;
    });
  } catch (const std::runtime_error& e) {
    thrown = std::string_view(e.what()) == "body";
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(state_of(child), '\0');
}

EDDY_IO_TEST(process, S40_terminate_gives_grace_then_kills) {
  co_await with(shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done").spawn(),
                [](process& p) -> coro<> {
                  co_await p.stdout().readline();
                  const auto status = co_await p.terminate(50s);
                  EXPECT_EQ(status.code(), 7);
                  const auto said = co_await p.stdout().read_all(100);  // what it wrote is still there
                  EXPECT_EQ(said, "bye\n");
                });
  co_await with(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done").spawn(), [](process& p) -> coro<> {
    co_await p.stdout().readline();
    const auto status = co_await p.terminate(20ms);
    EXPECT_EQ(status.signal(), SIGKILL);
    const auto again = co_await p.terminate(20ms);
    EXPECT_EQ(again, status);
  });
}

EDDY_IO_TEST(process, S40_a_stopped_child_gets_its_term) {
  co_await with(shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done").spawn(),
                [](process& p) -> coro<> {
                  co_await p.stdout().readline();
                  EXPECT_TRUE(p.send_signal(SIGSTOP));
                  const auto status = co_await p.terminate(50s);
                  EXPECT_EQ(status.code(), 7);
                  EXPECT_FALSE(p.send_signal(SIGTERM));
                });
}

EDDY_IO_TEST(process, S40_kill_ends_the_group_at_once) {
  co_await with(shell("trap '' TERM; sleep 1000 & echo $!; wait").spawn(), [](process& p) -> coro<> {
    const auto line = co_await p.stdout().readline();
    p.kill();
    const auto status = co_await p.wait();
    EXPECT_EQ(status.signal(), SIGKILL);
    co_await gone(std::stoi(*line));
  });
}

EDDY_IO_TEST(process, S40_a_body_that_has_read_everything_lets_it_end_by_itself) {
  const scratch_folder folder;
  // It ends a while after it has closed its stdout: without a moment's patience that would be a TERM.
  const auto script = "trap 'exit 9' TERM; echo all; exec >&- 2>&-; sleep 0.1; touch ended_by_itself";
  co_await with(shell(script).cwd(folder.path()).linger(50s).spawn(), [](process& p) -> coro<> {
    auto lines = p.lines();
    while (auto line = co_await lines.next()) EXPECT_EQ(line->text, "all");
  });
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "ended_by_itself"));
}

EDDY_IO_TEST(process, S40_everybody_in_the_group_gets_the_term) {
  // A grandchild, in the same group, that says so.
  const auto script = "sh -c \"trap 'echo grandchild; exit' TERM; echo ready; while :; do sleep 0.01; done\" & wait";
  co_await with(shell(script).spawn(), [](process& p) -> coro<> {
    co_await p.stdout().readline();
    co_await p.terminate(50s);
    const auto said = co_await p.stdout().read_all(100);
    EXPECT_EQ(said, "grandchild\n");
  });
}

EDDY_IO_TEST(process, S39_check_of_a_spawned_child_throws_when_it_is_left) {
  const auto run = [](command c, bool wait) -> coro<> {
    co_await with(c.spawn(), [wait](process& p) -> coro<> {
      if (wait) co_await p.wait();
    });
  };
  const auto error = co_await thrown_by<eddy::process_failed>(run(shell("exit 3").check(), true));
  EDDY_ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(contains(error->what(), "exited with 3"));
  co_await run(command("sleep", "1000").check(), false);  // ended by us: no failure of its own
}

EDDY_IO_TEST(process, S41_a_child_that_closes_its_stdout_and_lives) {
  co_await with(shell("echo one; exec >&- 2>&-; read word; exit 5").stdin(stdio::pipe).spawn(),
                [](process& p) -> coro<> {
                  const auto all = co_await p.stdout().read_all(100);
                  EXPECT_EQ(all, "one\n");
                  EXPECT_EQ(p.status(), std::nullopt);
                  co_await p.stdin().write("go\n");
                  const auto status = co_await p.wait();
                  EXPECT_EQ(status.code(), 5);
                });
}

EDDY_IO_TEST(process, S42_a_pipeline_is_a_process_too) {
  const auto both = command("cat").stdin(stdio::pipe) | command("tr", "a-z", "A-Z");
  co_await with(both.spawn(), [](process& p) -> coro<> {
    co_await p.stdin().write("quiet");
    co_await p.stdin().write_eof();
    const auto loud = co_await p.stdout().read_all(100);
    EXPECT_EQ(loud, "QUIET");
    const auto status = co_await p.wait();
    EXPECT_TRUE(status.success());
    EXPECT_EQ(p.statuses().size(), 2U);
  });
}

EDDY_IO_TEST(process, S30_on_an_exit_stack) {
  co_await with(eddy::exit_stack(), [](eddy::exit_stack& stack) -> coro<> {
    process& one = co_await stack.enter(command("cat").stdin(stdio::pipe).spawn());
    process& two = co_await stack.enter(command("cat").stdin(stdio::pipe).spawn());
    co_await one.stdin().write("1\n");
    co_await two.stdin().write("2\n");
    const auto from_one = co_await one.stdout().readline();
    const auto from_two = co_await two.stdout().readline();
    EXPECT_EQ(from_one, "1");
    EXPECT_EQ(from_two, "2");
  });
}

}  // namespace
