// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/run_test.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "eddy/coro/task_tree.hpp"
#include "eddy/testing/detail/run_notes.hpp"
#include "eddy/testing/leak_check.hpp"
#include "eddy/testing/tracked.hpp"

namespace eddy::testing {

namespace {

constexpr std::chrono::seconds longest_real_test{60};

// A virtual clock starts at a round time, so that printed times are readable.
constexpr time_point virtual_start{std::chrono::hours(1000)};

/// One run: a loop with its checks around the body.
class body_run {
 public:
  explicit body_run(const body_settings& settings)
      : settings_(settings), runner_(run_options().handle_interrupt(false)) {
    detail::scheduler& s = runner_.loop().scheduler();
    if (settings.clock == test_clock::virtual_time) s.virtual_now = virtual_start;
    if (std::getenv("EDDY_SEED") == nullptr) s.seed_random(1);  // a test goes the same way every time (L10)
    runner_.loop().set_exception_handler([this](const unhandled_error& what) {
      (settings_.may_use_handler ? result.handled : result.problems)
          .push_back(what.message + ": " + detail::describe_exception(what.error));
    });
    runner_.driver().on_deadlock = [this] { deadlock(); };
    runner_.driver().on_main_ended = [this] { main_ended(); };
  }

  void drive(const std::function<coro<>()>& body) {
    auto* state = detail::make_task(runner_.loop().scheduler(), nullptr, body);
    task<> main(*state);
    if (settings_.clock == test_clock::real_time) limit_time(main);
    if (settings_.prepare) settings_.prepare(runner_, *state);
    runner_.drive(*state);
    if (const std::string left = leak_check::left_in(runner_.loop()); !left.empty())
      result.problems.push_back("left in the loop: " + left);
    result.cancelled = main.cancelled();
    if (const auto error = main.exception()) result.exception = detail::describe_exception(error);
  }

  test_result result;

 private:
  void deadlock() {
    if (++deadlocks_ == 1) {
      result.problems.push_back(runner_.driver().describe_deadlock());
      runner_.registry().cancel_all("the test is in a deadlock");
    } else {
      runner_.registry().lift_shields();
      runner_.driver().give_up = deadlocks_ > 2;
    }
  }

  void main_ended() {
    // What is ready may still end by itself, and what the system is about to let go of: a task that was cancelled in
    // the body's last line has its turn.
    detail::scheduler& s = runner_.loop().scheduler();
    while (!s.ready.empty() || s.io->leaving() != 0) s.turn();
    if (runner_.registry().alive() != 0 && !settings_.may_leave_tasks)
      result.problems.push_back("tasks are left when the body has ended:\n" + detail::task_tree(runner_.registry()));
  }

  void limit_time(task<>& main) {
    overdue_.emplace(runner_.loop().call_later(longest_real_test, [this] {
      result.problems.push_back("the test takes longer than a minute; it is cancelled:\n" +
                                detail::task_tree(runner_.registry()));
      runner_.registry().cancel_all("the test takes too long");
    }));
    main.add_done_callback([this](const task<>&) { overdue_->cancel(); });
  }

  const body_settings& settings_;
  runner_base runner_;
  std::optional<callback_handle> overdue_;
  int deadlocks_ = 0;
};

}  // namespace

test_result run_body(const std::function<coro<>()>& body, const body_settings& settings) {
  const leak_check before;
  tracked::reset();
  static_cast<void>(detail::take_problems());
  test_result result;
  {
    body_run run(settings);
    run.drive(body);
    result = std::move(run.result);
  }
  if (const std::string left = tracked::left_open(settings.may_interrupt_clean_up); !left.empty())
    result.problems.push_back(left);
  if (const std::string noted = detail::take_problems(); !noted.empty()) result.problems.push_back(noted);
  if (const std::string left = before.compare(); !left.empty())
    result.problems.push_back("left in the process: " + left);
  return result;
}

test_result run_body(const std::function<coro<>()>& body, test_clock clock) {
  body_settings settings;
  settings.clock = clock;
  return run_body(body, settings);
}

void run_test(const std::function<coro<>()>& body, test_clock clock) {
  const test_result result = run_body(body, clock);
  if (!result.exception.empty()) ADD_FAILURE() << "the body threw " << result.exception;
  for (const std::string& problem : result.problems) ADD_FAILURE() << problem;
}

}  // namespace eddy::testing
