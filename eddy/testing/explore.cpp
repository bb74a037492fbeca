// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/explore.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "eddy/base/errors.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy::testing {

namespace {

const char* name_of(moment m) {
  switch (m) {
    case moment::before:
      return "before";
    case moment::waiting:
      return "while waiting in";
    case moment::completed:
      return "upon the completion of";
  }
  return "?";
}

/// Counts the awaits of one run and cancels the main task at one of them.
class canceller final : public detail::await_observer {
 public:
  canceller(detail::task_state& main, moment when, std::size_t target) : main_(main), when_(when), target_(target) {}

  void on_await(context& c) override { reached(moment::before, c); }
  void on_suspend(context& c) override { reached(moment::waiting, c); }
  void on_complete(context& c) override { reached(moment::completed, c); }

  bool hit() const noexcept { return hit_; }
  const std::string& where() const noexcept { return where_; }

 private:
  void reached(moment m, context& c) {
    if (m != when_ || count_++ != target_) return;
    hit_ = true;
    // A context that runs has no innermost suspended frame: before an await, leaf() is an old one that may be gone.
    if (const detail::promise_base* frame = c.leaf(); frame != nullptr && m != moment::before)
      where_ = detail::format_place(frame->place);
    main_.cancel("explore");
  }

  detail::task_state& main_;
  moment when_;
  std::size_t target_;
  std::size_t count_ = 0;
  bool hit_ = false;
  std::string where_;
};

void note(const explore_result& result) {
  const char* path = std::getenv("EDDY_EXPLORE_LOG");
  if (path == nullptr) return;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::ofstream(path, std::ios::app) << (test != nullptr ? test->test_suite_name() : "?") << '.'
                                     << (test != nullptr ? test->name() : "?") << ' ' << result.runs << ' '
                                     << result.cancel_points << '\n';
}

}  // namespace

explore_result explore(const std::function<coro<>()>& body, const explore_options& options) {
  explore_result total;
  const auto judge = [&](const test_result& run, const std::string& at) {
    ++total.runs;
    if (!run.exception.empty()) ADD_FAILURE() << at << ": the body threw " << run.exception;
    for (const std::string& problem : run.problems) ADD_FAILURE() << at << ": " << problem;
    if (options.check_)
      if (const std::string text = options.check_(); !text.empty()) ADD_FAILURE() << at << ": " << text;
    return !::testing::Test::HasFailure();
  };

  const test_result undisturbed = run_body(body, options.clock_);
  if (!judge(undisturbed, "undisturbed")) return total;

  for (const moment when : {moment::before, moment::waiting, moment::completed}) {
    for (std::size_t target = 0;; ++target) {
      if (total.runs >= options.limit_) {
        ADD_FAILURE() << "explore stopped after " << total.runs << " runs; make the body smaller or set a higher limit";
        return total;
      }
      std::unique_ptr<canceller> observer;
      const test_result run = run_body(body, options.clock_, [&](runner_base& runner, detail::task_state& main) {
        observer = std::make_unique<canceller>(main, when, target);
        runner.loop().scheduler().observer = observer.get();
      });
      const std::string at = std::string("cancelled ") + name_of(when) + " await " + std::to_string(target) +
                             (observer->where().empty() ? "" : " at " + observer->where());
      if (!judge(run, observer->hit() ? at : "undisturbed again")) return total;
      if (!observer->hit()) break;
      ++total.cancel_points;
    }
  }
  note(total);
  return total;
}

}  // namespace eddy::testing
