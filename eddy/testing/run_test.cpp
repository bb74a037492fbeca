// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/run_test.hpp"

#include <gtest/gtest.h>

#include "eddy/coro/task_tree.hpp"
#include "eddy/testing/leak_check.hpp"
#include "eddy/testing/tracked.hpp"

namespace eddy::testing {

namespace {

constexpr std::chrono::seconds longest_real_test{60};

// A virtual clock starts at a round time, so that printed times are readable.
constexpr time_point virtual_start{std::chrono::hours(1000)};

}  // namespace

test_result run_body(const std::function<coro<>()>& body, test_clock clock,
                     const std::function<void(runner_base&, detail::task_state&)>& prepare) {
  test_result result;
  const leak_check before;
  tracked::reset();
  {
    runner_base runner(run_options().handle_interrupt(false));
    event_loop& loop = runner.loop();
    if (clock == test_clock::virtual_time) loop.scheduler().virtual_now = virtual_start;
    loop.set_exception_handler([&](const unhandled_error& what) {
      result.problems.push_back(what.message + ": " + detail::describe_exception(what.error));
    });
    runner.on_deadlock = [&, reported = 0]() mutable {
      if (++reported == 1) {
        result.problems.push_back(
            "deadlock: nothing is runnable, nothing is scheduled, and these tasks wait for ever:\n" +
            detail::task_tree(runner.registry()));
        runner.registry().cancel_all("the test is in a deadlock");
      } else {
        runner.registry().lift_shields();
        runner.give_up = reported > 2;
      }
    };
    runner.on_main_ended = [&] {
      // What is ready may still end by itself: a task that was cancelled in the body's last line has its turn.
      while (!loop.scheduler().ready.empty()) loop.scheduler().turn();
      if (runner.registry().alive() != 0)
        result.problems.push_back("tasks are left when the body has ended:\n" + detail::task_tree(runner.registry()));
    };
    auto* state = detail::make_task(loop.scheduler(), nullptr, body);
    task<> main(*state);
    callback_handle overdue = loop.call_later(longest_real_test, [&] {
      result.problems.push_back("the test takes longer than a minute; it is cancelled:\n" +
                                detail::task_tree(runner.registry()));
      runner.registry().cancel_all("the test takes too long");
    });
    if (clock == test_clock::virtual_time) overdue.cancel();
    main.add_done_callback([&](const task<>&) { overdue.cancel(); });
    if (prepare) prepare(runner, *state);
    runner.drive(*state);
    if (const std::string left = leak_check::left_in(loop); !left.empty())
      result.problems.push_back("left in the loop: " + left);
    result.cancelled = main.cancelled();
    if (const auto error = main.exception()) result.exception = detail::describe_exception(error);
  }
  if (const std::string left = tracked::left_open(); !left.empty()) result.problems.push_back(left);
  if (const std::string left = before.compare(); !left.empty())
    result.problems.push_back("left in the process: " + left);
  return result;
}

void run_test(const std::function<coro<>()>& body, test_clock clock) {
  const test_result result = run_body(body, clock);
  if (!result.exception.empty()) ADD_FAILURE() << "the body threw " << result.exception;
  for (const std::string& problem : result.problems) ADD_FAILURE() << problem;
}

}  // namespace eddy::testing
