// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/context_manager.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/reports.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::context_manager;
using eddy::coro;
using eddy::testing::explore;
using eddy::testing::tracked;

namespace {

using journal = std::vector<std::string>;

struct connection {
  explicit connection(std::string h) : host(std::move(h)) {}
  connection(connection&&) = default;
  std::string host;
  int asked = 0;
};

context_manager<connection> connected(std::string host, journal& j) {
  tracked::note_open(host);
  auto undo = eddy::on_cancel([&] {
    if (j.empty()) tracked::note_close(host);  // cancelled before it was open
  });
  co_await eddy::sleep(1ms);
  connection c(host);
  j.push_back("open");
  const auto how = co_yield c;
  j.push_back(how.has_value() ? "value" : how.has_exception() ? "exception" : "cancelled");
  co_await eddy::sleep(1ms);
  j.push_back("asked " + std::to_string(c.asked));
  tracked::note_close(host);
}

EDDY_TEST(context_manager, S29_one_function_opens_lends_and_closes) {
  journal j;
  const std::string host = co_await eddy::with(connected("home", j), [&](connection& c) -> coro<std::string> {
    ++c.asked;
    j.push_back("body");
    co_await eddy::sleep(1ms);
    co_return c.host;
  });
  EXPECT_EQ(host, "home");
  EXPECT_EQ(j, (journal{"open", "body", "value", "asked 1"}));
}

EDDY_TEST(context_manager, S29_the_exception_of_the_body_goes_on_behind_its_end) {
  journal j;
  std::string text;
  try {
    co_await eddy::with(connected("home", j), [](connection&) -> coro<> {
      co_await eddy::sleep(1ms);
      throw std::runtime_error("body");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "body");
  EXPECT_EQ(j, (journal{"open", "exception", "asked 0"}));
}

TEST(context_manager, S29_L3_closes_what_it_opened_wherever_it_is_cancelled) {
  journal j;
  const auto went = explore(
      [&]() -> coro<> {
        j.clear();
        co_await eddy::with(connected("home", j), [](connection& c) -> coro<> {
          ++c.asked;
          co_await eddy::sleep(1ms);
          co_await eddy::checkpoint();
        });
        co_await eddy::sleep(1ms);
      },
      eddy::testing::explore_options().check(
          [&] { return j.empty() || j.size() == 3 ? "" : "not one opening and one closing"; }));
  EXPECT_GE(went.cancel_points, 10U);
}

context_manager<std::unique_ptr<int>> lends_a_temporary() { co_yield std::make_unique<int>(4); }
context_manager<const std::string&> lends_a_constant() {
  const std::string text = "constant";
  co_yield text;
}
context_manager<> lends_nothing(journal& j) {
  j.push_back("before");
  const auto& how = co_yield {};
  j.push_back(how.has_value() ? "after" : "after an error");
}

EDDY_TEST(context_manager, S29_lends_temporaries_constants_and_nothing) {
  const int four = co_await eddy::with(lends_a_temporary(), [](std::unique_ptr<int>& p) -> coro<int> { co_return *p; });
  EXPECT_EQ(four, 4);
  const std::string constant =
      co_await eddy::with(lends_a_constant(), [](const std::string& s) -> coro<std::string> { co_return s; });
  EXPECT_EQ(constant, "constant");
  journal j;
  co_await eddy::with(lends_nothing(j), [&](auto&) { j.push_back("body"); });
  EXPECT_EQ(j, (journal{"before", "body", "after"}));
}

context_manager<int> yields_never(bool fails) {
  co_await eddy::sleep(1ms);
  if (fails) throw std::runtime_error("cannot open");
  co_return;
  co_yield 1;
}
context_manager<int> yields_twice(bool& went_on) {
  co_yield 1;
  co_yield 2;
  went_on = true;
}
context_manager<int> fails_to_close() {
  co_yield 1;
  co_await eddy::sleep(1ms);
  throw std::logic_error("cannot close");
}

template <class Manager>
coro<std::string> error_of(Manager made) {
  bool ran = false;
  try {
    co_await eddy::with(std::move(made), [&](auto&) { ran = true; });
  } catch (const std::exception& e) {
    co_return e.what() + std::string(ran ? " (body ran)" : " (body did not run)");
  }
  co_return "nothing was thrown";
}

EDDY_TEST(context_manager, S29_L9_no_yield_and_two_are_errors_that_name_the_function) {
  const std::string none = co_await error_of(yields_never(false));
  EXPECT_NE(none.find("context_manager yields_never (context_manager_test.cpp:"), std::string::npos) << none;
  EXPECT_NE(none.find("without a co_yield"), std::string::npos) << none;
  EXPECT_NE(none.find("did not run"), std::string::npos) << none;
  bool went_on = false;
  const std::string two = co_await error_of(yields_twice(went_on));
  EXPECT_NE(two.find("context_manager yields_twice (context_manager_test.cpp:"), std::string::npos) << two;
  EXPECT_NE(two.find("second co_yield at context_manager_test.cpp:"), std::string::npos) << two;
  EXPECT_FALSE(went_on);
}

EDDY_TEST(context_manager, S29_its_own_errors_come_out_of_with) {
  const std::string opening = co_await error_of(yields_never(true));
  EXPECT_EQ(opening, "cannot open (body did not run)");
  const std::string closing = co_await error_of(fails_to_close());
  EXPECT_EQ(closing, "cannot close (body ran)");
}

EDDY_TEST(context_manager, S29_L9_it_is_entered_once) {
  journal j;
  auto kept = lends_nothing(j);
  co_await eddy::with(kept, [](auto&) {});
  const auto again = co_await eddy::as_outcome([&]() -> coro<> { co_await eddy::with(kept, [](auto&) {}); });
  EXPECT_TRUE(again.has_exception());
  EXPECT_NE(eddy::detail::describe_exception(again.exception()).find("was entered before"), std::string::npos);
}

EDDY_TEST(context_manager, S29_L9_debug_mode_reports_one_that_was_never_entered) {
  journal reports;
  journal j;
  auto before = eddy::set_report_handler([&](const std::string& text) { reports.push_back(text); });
  eddy::event_loop::current().set_debug(true);
  {
    const auto forgotten = lends_nothing(j);
  }
  eddy::event_loop::current().set_debug(false);
  eddy::set_report_handler(std::move(before));
  EDDY_ASSERT_EQ(reports.size(), 1U);
  EXPECT_NE(reports[0].find("context_manager lends_nothing (context_manager_test.cpp:"), std::string::npos);
  EXPECT_NE(reports[0].find("never entered"), std::string::npos) << reports[0];
  co_return;
}

TEST(context_manager, S29_shutdown_closes_it) {
  journal j;
  eddy::testing::shut_down_during(
      [&]() -> coro<> { co_await eddy::with(lends_nothing(j), [](auto&) -> coro<> { co_await eddy::sleep(1h); }); });
  EXPECT_EQ(j, (journal{"before", "after an error"}));
}

}  // namespace
