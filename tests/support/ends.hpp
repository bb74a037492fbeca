// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "eddy/base/exception_group.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

// What the tests of "Ends" share: parts that end as they are told, and how a scope around them ended.

namespace eddy::testing {

using namespace std::chrono_literals;

enum class ends { value, exception, cancelled };

/// Ends at 1 s (or later, when told so) although it may have been cancelled at 500 ms; "cancelled" waits to be.
inline coro<> part(ends how, std::string text, std::chrono::nanoseconds when = 1s) {
  co_await eddy::shield(eddy::sleep(when));
  if (how == ends::exception) throw std::runtime_error(text);
  if (how == ends::cancelled) co_await eddy::sleep(1000h);
}

/// As clean-up, "cancelled" is overdue: the grace ends it.
inline coro<> clean_up(ends how) {
  co_await eddy::sleep(1ms);
  if (how == ends::exception) throw std::logic_error("clean-up");
  if (how == ends::cancelled) co_await eddy::sleep(1000h);
}

inline std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const eddy::timeout_error&) {
    return "timeout";
  } catch (const eddy::exception_group& group) {
    std::string all;
    for (const auto& each : group.exceptions()) all += (all.empty() ? "group of " : ", ") + text_of(each);
    return all;
  } catch (const std::exception& e) {
    return e.what();
  }
}

/// Runs `scope` in a task, cancels the task at 500 ms if `pending`. @returns "value", the exception's text or
/// "cancelled", and how many errors reached the handler.
inline coro<std::string> end_of(std::function<coro<>()> scope, bool pending) {
  int handled = 0;
  auto before = eddy::event_loop::current().set_exception_handler([&](const eddy::unhandled_error&) { ++handled; });
  auto job = eddy::create_task(std::move(scope));
  co_await eddy::sleep(500ms);
  if (pending) job.cancel();
  const auto out = co_await eddy::wait_for(eddy::as_outcome(job), 100h);
  EXPECT_EQ(out.has_value(), !job.cancelled() && job.exception() == nullptr);
  std::string end = "value";
  if (job.cancelled()) {
    end = "cancelled";
  } else if (auto error = job.exception()) {
    end = text_of(error);
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  for (; handled > 0; --handled) end += " +1";
  co_return end;
}

/// A scope whose body ends so, with its context pending or not, whose clean-up ends so.
struct scope_row {
  ends body;
  bool pending;
  ends clean;
  const char* end;  // each "+1" is an error that reached the handler
};

inline constexpr auto value = ends::value;
inline constexpr auto exception = ends::exception;
inline constexpr auto cancelled = ends::cancelled;

inline constexpr scope_row scope_rows[] = {
    {value, false, value, "value"},
    {value, false, exception, "clean-up"},
    {exception, false, value, "body"},
    {exception, false, exception, "body +1"},
    {value, true, value, "value"},
    {value, true, exception, "clean-up"},
    {value, true, cancelled, "cancelled +1"},
    {exception, true, value, "body"},
    {exception, true, exception, "body +1"},
    {exception, true, cancelled, "body +1"},
    {cancelled, true, value, "cancelled"},
    {cancelled, true, exception, "cancelled +1"},
    {cancelled, true, cancelled, "cancelled +1"},
};

inline std::string describe(const scope_row& r) {
  const char* names[] = {"value", "exception", "cancelled"};
  return std::string("body ") + names[static_cast<int>(r.body)] + (r.pending ? ", pending, " : ", ") + "clean-up " +
         names[static_cast<int>(r.clean)];
}

class resource {
 public:
  explicit resource(ends clean) : clean_(clean) {}
  coro<> aexit() { return clean_up(clean_); }

 private:
  ends clean_;
};

}  // namespace eddy::testing
