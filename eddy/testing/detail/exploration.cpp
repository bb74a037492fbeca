// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/exploration.hpp"

#include <array>
#include <memory>

#include "eddy/testing/detail/caught_run.hpp"
#include "eddy/testing/detail/faulty_backend.hpp"
#include "eddy/testing/tracked.hpp"

namespace eddy::testing {

namespace {

using detail::trouble;

// A limit runs out between the steps of tasks only, so never before an await.
constexpr std::array limit_moments{moment::waiting, moment::completed};

std::string at_await(const detail::disturbance& d, const std::string& where) {
  static constexpr std::array words{" before", " while waiting in", " upon the completion of"};
  return words[static_cast<std::size_t>(*d.when)] + (" await " + std::to_string(d.at)) +
         (where.empty() ? "" : " at " + where);
}

/// The body inside a limit that can run out at any moment.
coro<> limited(const std::function<coro<>()>& body, detail::expiry& limit) {
  co_await detail::expiring_operation(body, limit);
}

bool mentions_clean_up(const std::string& text) { return text.find("failed on purpose") != std::string::npos; }

bool told_of_clean_up(const test_result& run) {
  bool told = mentions_clean_up(run.exception);
  for (const std::string& text : run.handled) told = told || mentions_clean_up(text);
  return told;
}

}  // namespace

std::vector<exploration::kind> exploration::kinds() const {
  const explore_options& o = options_;
  const detail::disturbance lift{trouble::lift_shields, std::nullopt, 0};
  const detail::disturbance again{trouble::cancel, std::nullopt, 0};
  const std::span<const moment> all = every_moment;
  using r = explore_result;
  return {
      {true, "cancelled", trouble::cancel, all, &r::cancel_points, {}, false},
      {o.single_tasks_, "its task alone cancelled", trouble::cancel_task, all, &r::task_cancels, {}, false},
      {o.timeouts_, "timed out", trouble::time_out, limit_moments, &r::timeouts, {}, false},
      {o.closing_, "the loop shut down", trouble::close_loop, all, &r::closings, {}, false},
      {o.second_cancel_, "cancelled again and again from", trouble::cancel, all, &r::second_cancels, again, true},
      {o.lifted_shields_, "cancelled with shields that were lifted a moment later,", trouble::cancel, all,
       &r::lifted_shields, lift, false},
  };
}

explore_result exploration::go() {
  const seen first = run({});
  first_moments_ = first.moments;
  first_trace_ = first.trace;
  bool fine = judge(first, "undisturbed", {});
  for (const kind& k : kinds()) fine = fine && (!k.wanted || each_await(k));
  fine = fine && (!options_.faults_ || each_request());
  fine = fine && (!options_.failing_clean_up_ || each_clean_up());
  if (options_.report_) detail::report_failures(result_);
  if (fine) detail::log_explored(result_);
  return std::move(result_);
}

bool exploration::each_await(const kind& k) {
  for (const moment when : k.moments) {
    for (std::size_t at = 0;; ++at) {
      plan p;
      p.first = {k.what, when, at};
      p.then = k.then;
      p.again = k.again;
      const seen went = run(p);
      const std::string text = k.name + at_await(p.first, went.where);
      if (!judge(went, went.first ? text : "undisturbed again", p)) return false;
      if (!went.first) {
        if (k.what == trouble::cancel) compare_with_first(went);
        break;
      }
      if (k.then.what == trouble::nothing || went.second) ++(result_.*k.count);
      if (k.what == trouble::time_out && !each_pair(p, text)) return false;
    }
  }
  return true;
}

bool exploration::each_request() {
  bool reached = true;
  for (std::size_t request = 0; reached; ++request)
    if (!each_fault(request, reached)) return false;
  return true;
}

bool exploration::each_fault(std::size_t request, bool& reached) {
  for (std::size_t which = 0;; ++which) {
    detail::one_fault fault(request, which);
    plan p;
    p.fault = &fault;
    const seen went = run(p);
    reached = fault.reached();
    if (!judge(went, fault.struck() ? fault.describe() : "undisturbed again", fault.struck() ? p : plan()))
      return false;
    if (!fault.struck()) return true;
    ++result_.faults;
    if (!each_pair(p, fault.describe())) return false;
  }
}

bool exploration::each_clean_up() {
  for (int number = 0;; ++number) {
    plan p;
    p.failing_clean_up = number;
    const seen went = run(p);
    const std::string text = "clean-up " + std::to_string(number) + " failed";
    if (!judge(went, went.clean_up_failed ? text : "undisturbed again", went.clean_up_failed ? p : plan()))
      return false;
    if (!went.clean_up_failed) return true;
    ++result_.clean_up_errors;
    if (!each_pair(p, text)) return false;
  }
}

bool exploration::each_pair(plan p, const std::string& text) {
  if (!options_.pairs_) return true;
  const bool follows = p.first.what != trouble::nothing;
  detail::disturbance& cancel = follows ? p.then : p.first;
  for (std::size_t later = 0;; ++later) {
    cancel = {trouble::cancel, std::nullopt, later};
    const seen went = run(p);
    const std::string also = ", and cancelled at moment " + std::to_string(later) + (follows ? " after that" : "");
    if (!judge(went, text + also, p)) return false;
    if (!(follows ? went.second : went.first)) return true;
    ++result_.pairs;
  }
}

exploration::seen exploration::run(const plan& p) {
  std::unique_ptr<detail::disturber> observer;
  detail::expiry limit;
  const bool expires = p.first.what == trouble::time_out;
  const bool lifts = p.then.what == trouble::lift_shields;
  body_settings settings;
  settings.clock = options_.clock_;
  settings.may_leave_tasks = p.first.what == trouble::close_loop;
  settings.may_use_handler = p.makes_errors();
  settings.may_interrupt_clean_up = lifts;
  settings.prepare = [&](runner_base& runner, detail::task_state& main) {
    observer = std::make_unique<detail::disturber>(runner, main, limit, p.first, p.then, p.again);
    detail::scheduler& s = runner.loop().scheduler();
    s.observer = observer.get();
    detail::faulty_backend::wrap(s);
    if (p.fault != nullptr) p.fault->begin();
    s.faults = p.fault;
    tracked::fail_clean_up(p.failing_clean_up);
  };
  seen went;
  went.run = detail::caught_run(expires ? [&] { return limited(body_, limit); } : body_, settings);
  went.first = observer->first_hit();
  went.second = observer->second_hit();
  went.clean_up_failed = tracked::clean_up_failed();
  went.where = observer->where();
  went.moments = observer->moments();
  went.trace = observer->trace();
  ++result_.runs;
  return went;
}

bool exploration::judge(const seen& went, const std::string& text, const plan& p) {
  if (!went.run.exception.empty() && !p.makes_errors()) fail(text + ": the body threw " + went.run.exception);
  if (went.clean_up_failed && !told_of_clean_up(went.run))
    fail(text + ": the error of the clean-up reached nobody: neither the body's caller nor the loop's handler");
  for (const std::string& problem : went.run.problems) fail(std::string(text).append(": ").append(problem));
  if (options_.check_)
    if (const std::string problem = options_.check_(); !problem.empty()) fail(text + ": " + problem);
  if (result_.clean() && result_.runs >= options_.limit_)
    fail("explore stopped after " + std::to_string(result_.runs) +
         " runs; make the body smaller or set a higher limit");
  return result_.clean();
}

void exploration::compare_with_first(const seen& again) {
  if (!result_.repeatable || (again.moments == first_moments_ && again.trace == first_trace_)) return;
  result_.repeatable = false;
  result_.why_unrepeatable = again.moments == first_moments_
                                 ? "two undisturbed runs went through their awaits in another order"
                                 : "one undisturbed run had " + std::to_string(first_moments_) +
                                       " moments of awaits, another " + std::to_string(again.moments);
  result_.why_unrepeatable += "; the body uses what cannot be repeated, such as descriptors, threads or the real clock";
}

}  // namespace eddy::testing
