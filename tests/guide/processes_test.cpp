// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/processes.md that stands in no example.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "eddy/coro/async_generator.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/command.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::command;
using eddy::coro;
using eddy::shell;
using eddy::stdio;

namespace {

// [labels]
coro<> both_streams(std::ostream& log) {
  co_await eddy::with(shell("echo fine; echo trouble >&2").spawn(), [&](eddy::process& p) -> coro<> {
    auto lines = p.lines();
    while (auto line = co_await lines.next())
      log << (line->from == eddy::output_stream::out ? "[out] " : "[err] ") << *line << '\n';
  });
}
// [labels]

EDDY_IO_TEST(guide_processes, S41_labelled_lines) {
  std::ostringstream log;
  co_await both_streams(log);
  EXPECT_NE(log.str().find("[out] fine\n"), std::string::npos);
  EXPECT_NE(log.str().find("[err] trouble\n"), std::string::npos);
}

// [surroundings]
coro<std::string> build(const std::filesystem::path& folder) {
  auto result = co_await shell("echo $CC in $(basename $(pwd))")
                    .cwd(folder)
                    .env("CC", "clang")
                    .unset_env("CFLAGS")
                    .stderr_append(folder / "errors.log")
                    .output();
  co_return result.out;
}
// [surroundings]

// [generator]
eddy::async_generator<std::string> rows() {
  for (int i = 3; i > 0; --i) co_yield std::to_string(i) + "\n";
}

coro<std::string> sorted_rows() {
  auto result = co_await command("sort").stdin(rows()).output();
  co_return result.out;
}
// [generator]

EDDY_IO_TEST(guide_processes, S42_surroundings_and_a_generator) {
  const auto folder = std::filesystem::temp_directory_path() / "eddy_guide_processes";
  std::filesystem::create_directories(folder);
  const auto said = co_await build(folder);
  EXPECT_EQ(said, "clang in eddy_guide_processes\n");
  std::filesystem::remove_all(folder);
  const auto sorted = co_await sorted_rows();
  EXPECT_EQ(sorted, "1\n2\n3\n");
}

// [session]
coro<> with_its_daemons() {
  // The shell leaves a program in a session of its own, outside of the group. It is found and ended all the same.
  co_await shell("setsid sleep 1000 & echo left one behind").linger(100ms).subreaper().output();
}
// [session]

EDDY_IO_TEST(guide_processes, S40_a_session_of_its_own) { co_await with_its_daemons(); }

// [terminate]
coro<eddy::exit_status> stop_politely() {
  eddy::exit_status end;
  co_await eddy::with(command("sleep", "1000").spawn(), [&](eddy::process& p) -> coro<> {
    end = co_await p.terminate(2s);  // TERM; KILL after 2 s; the whole group; reaped
  });
  co_return end;
}
// [terminate]

EDDY_IO_TEST(guide_processes, S40_terminate) {
  const auto end = co_await stop_politely();
  EXPECT_EQ(end.to_string(), "killed by SIGTERM");
}

}  // namespace
