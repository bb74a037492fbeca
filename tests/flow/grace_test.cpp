// SPDX-License-Identifier: BSL-1.0
// Law 3: after the grace period shields are lifted once.
#include <string>
#include <vector>

#include "eddy/flow/finally.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

/// Collects what the loop's handler is told while it lives.
class reports {
 public:
  reports()
      : before_(eddy::event_loop::current().set_exception_handler([this](const eddy::unhandled_error& what) {
          told_.push_back(what.message + " | " + eddy::detail::describe_exception(what.error));
        })) {}
  reports(const reports&) = delete;
  ~reports() { eddy::event_loop::current().set_exception_handler(std::move(before_)); }
  const std::vector<std::string>& told() const { return told_; }

 private:
  std::vector<std::string> told_;
  eddy::exception_handler before_;
};

/// Says goodbye to a peer that never answers.
class dead_peer {
 public:
  explicit dead_peer(bool& gave_up) : gave_up_(&gave_up) {}
  coro<> aexit() {
    auto note = eddy::on_cancel([this] { *gave_up_ = true; });
    co_await eddy::sleep(1000h);
  }

 private:
  bool* gave_up_;
};

EDDY_TEST(grace, L3_16_clean_up_that_never_ends_is_given_up_exactly_after_the_grace_with_a_report) {
  reports handler;
  bool gave_up = false;
  const auto begin = eddy::now();
  std::string text;
  try {
    co_await eddy::timeout(
        5s, [&]() -> coro<> { co_await eddy::with(dead_peer(gave_up), [](dead_peer&) { return eddy::sleep(1h); }); });
  } catch (const eddy::timeout_error& e) {
    text = e.what();
  }
  EXPECT_EQ(eddy::now() - begin, 15s);  // the limit, and the default grace of 10 s
  EXPECT_TRUE(gave_up);
  EXPECT_NE(text.find("limit of 5 s reached"), std::string::npos) << text;
  EDDY_ASSERT_EQ(handler.told().size(), 1U);
  const std::string& report = handler.told()[0];
  EXPECT_NE(report.find("grace of 10 s is over"), std::string::npos) << report;
  EXPECT_NE(report.find("grace_test.cpp:"), std::string::npos) << report;
  EXPECT_NE(report.find("limit of 5 s reached"), std::string::npos) << report;
}

EDDY_TEST(grace, L3_16_a_shield_of_ones_own_is_lifted_too) {
  reports handler;
  const auto begin = eddy::now();
  bool unwound = false;
  auto job = eddy::create_task([&]() -> coro<> {
    auto note = eddy::on_cancel([&] { unwound = true; });
    co_await eddy::shield(eddy::sleep(1000h));
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job, "enough");
  EXPECT_EQ(eddy::now() - begin, 10s);
  EXPECT_TRUE(unwound);
  EXPECT_TRUE(job.cancelled());
  EDDY_ASSERT_EQ(handler.told().size(), 1U);
  EXPECT_NE(handler.told()[0].find("enough"), std::string::npos) << handler.told()[0];
}

EDDY_TEST(grace, L3_16_clean_up_that_ends_in_time_is_left_alone) {
  reports handler;
  bool closed = false;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::finally([] { return eddy::sleep(1h); },
                           [&]() -> coro<> {
                             co_await eddy::sleep(9999ms);
                             closed = true;
                           });
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_TRUE(closed);
  co_await eddy::sleep(1h);
  EXPECT_TRUE(handler.told().empty());
}

EDDY_TEST(grace, L3_16_clean_up_further_out_still_runs_until_it_would_have_to_wait) {
  reports handler;
  bool gave_up = false;
  std::vector<std::string> closed;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::finally(
        [&]() -> coro<> {
          co_await eddy::finally(
              [&]() -> coro<> { co_await eddy::with(dead_peer(gave_up), [](dead_peer&) { return eddy::sleep(1h); }); },
              [&] { closed.push_back("at once"); });
        },
        [&]() -> coro<> {
          closed.push_back("first half");
          co_await eddy::sleep(1s);
          closed.push_back("second half");
        });
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(job);
  EXPECT_TRUE(gave_up);
  EXPECT_EQ(closed, (std::vector<std::string>{"at once", "first half"}));
}

EDDY_TEST(grace, L3_16_reaches_the_children_of_a_group) {
  reports handler;
  bool first = false;
  bool second = false;
  const auto begin = eddy::now();
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task(
          [&]() -> coro<> { co_await eddy::with(dead_peer(first), [](dead_peer&) { return eddy::sleep(1h); }); });
      co_await eddy::with(dead_peer(second), [](dead_peer&) { return eddy::sleep(1h); });
    });
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(eddy::now() - begin, 11s);
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_EQ(handler.told().size(), 1U);
}

EDDY_TEST(grace, L3_16_each_cancellation_has_its_own_grace) {
  reports handler;
  std::vector<std::chrono::nanoseconds> ended;
  const auto begin = eddy::now();
  auto stubborn = [&]() -> coro<> {
    auto note = eddy::on_cancel([&] { ended.push_back(eddy::now() - begin); });
    co_await eddy::shield(eddy::sleep(1000h));
  };
  auto a = eddy::create_task(stubborn);
  auto b = eddy::create_task(stubborn);
  co_await eddy::sleep(1s);
  a.cancel();
  co_await eddy::sleep(3s);
  co_await eddy::cancel_and_join(b);
  EXPECT_EQ(ended, (std::vector<std::chrono::nanoseconds>{11s, 14s}));
  EXPECT_EQ(handler.told().size(), 2U);
}

}  // namespace
