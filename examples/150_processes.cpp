// SPDX-License-Identifier: BSL-1.0
// Other programs: run to the end, read line by line, in a pipeline, under a limit. Run: `example_150_processes`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using eddy::command;
using eddy::coro;
using eddy::shell;

// [output]
coro<> run_to_the_end() {
  auto result = co_await command("uname", "-s").timeout(30s).output();
  std::cout << result.status.to_string() << ": " << result.out;

  try {
    co_await command("ls", "/no/such/folder").check().output();
  } catch (const eddy::process_failed& error) {  // the command, how it ended, what it said
    std::cout << error.what() << '\n';
  }
}
// [output]

// [limit]
coro<> under_a_limit() {
  try {
    co_await shell("echo begun; sleep 60 & wait").timeout(200ms).output();
  } catch (const eddy::process_timeout& late) {  // the shell and its sleep are gone
    std::cout << late.result().status.to_string() << ", after: " << late.result().out;
  }
}
// [limit]

// [lines]
coro<> line_by_line() {
  auto make = shell("echo compiling; echo 'a warning' >&2; echo linking");
  co_await eddy::with(make.merged().spawn(), [&](eddy::process& p) -> coro<> {
    auto lines = p.lines();
    while (auto line = co_await lines.next()) std::cout << "[make] " << *line << '\n';
  });  // leaving early ends the whole process group: TERM, grace, KILL, reaped
}
// [lines]

// [pipeline]
coro<> in_a_pipeline() {
  auto sorted = co_await (command("sort").stdin("pear\napple\npear\n") | command("uniq", "-c")).check().output();
  std::cout << sorted.out;
}
// [pipeline]

// [conversation]
coro<> a_conversation() {
  co_await eddy::with(command("cat").stdin(eddy::stdio::pipe).spawn(), [](eddy::process& cat) -> coro<> {
    co_await cat.stdin().write("is anybody there?\n");
    auto answer = co_await cat.stdout().readline();
    std::cout << *answer << '\n';
    co_await cat.stdin().write_eof();
    co_await cat.wait();
  });
}
// [conversation]

coro<> main_coro() {
  co_await run_to_the_end();
  co_await under_a_limit();
  co_await line_by_line();
  co_await in_a_pipeline();
  co_await a_conversation();
}

int main() { eddy::run(main_coro); }
