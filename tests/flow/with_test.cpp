// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/with.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::counted;
using eddy::testing::explore;
using eddy::testing::tracked;

namespace {

using journal = std::vector<std::string>;

std::string end_of(const eddy::outcome<>& how) {
  if (how.has_value()) return "value";
  return how.has_exception() ? "exception" : "cancelled";
}

/// Neither opens nor closes with an await.
class plain_resource {
 public:
  explicit plain_resource(journal& j) : journal_(&j) {}
  void aenter() { journal_->push_back("open"); }
  void aexit() { journal_->push_back("close"); }

 private:
  journal* journal_;
};

/// Is told the outcome, without an await.
class told_resource {
 public:
  explicit told_resource(journal& j) : journal_(&j) {}
  void aexit(const eddy::outcome<>& how) { journal_->push_back(end_of(how)); }

 private:
  journal* journal_;
};

/// Awaits in both and is told the outcome.
class told_late {
 public:
  explicit told_late(journal& j) : journal_(&j) {}
  coro<> aenter() {
    co_await eddy::sleep(1ms);
    journal_->push_back("open");
  }
  coro<> aexit(const eddy::outcome<>& how) {
    co_await eddy::sleep(1ms);
    journal_->push_back(end_of(how));
  }

 private:
  journal* journal_;
};

/// Gives something else than itself.
class gives_value {
 public:
  coro<std::unique_ptr<int>> aenter() {
    co_await eddy::sleep(1ms);
    co_return std::make_unique<int>(7);
  }
};
class gives_reference {
 public:
  int& aenter() { return number; }
  void aexit() { closed = number; }
  int number = 1;
  int closed = 0;
};

EDDY_TEST(with, S28_opens_calls_the_body_and_closes) {
  journal j;
  const int got = co_await eddy::with(plain_resource(j), [&](plain_resource&) -> coro<int> {
    j.push_back("body");
    co_await eddy::sleep(1s);
    co_return 3;
  });
  EXPECT_EQ(got, 3);
  EXPECT_EQ(j, (journal{"open", "body", "close"}));
}

EDDY_TEST(with, S28_aexit_alone_is_told_how_the_body_ended) {
  journal j;
  co_await eddy::with(told_resource(j), [](told_resource&) -> coro<> { co_return; });
  std::string text;
  try {
    co_await eddy::with(told_resource(j), [](told_resource&) -> coro<> {
      co_await eddy::sleep(1s);
      throw std::runtime_error("body");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "body");
  auto cancelled = eddy::create_task([&]() -> coro<> {
    co_await eddy::with(told_resource(j), [](told_resource&) -> coro<> { co_await eddy::sleep(1h); });
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(cancelled);
  EXPECT_EQ(j, (journal{"value", "exception", "cancelled"}));
}

EDDY_TEST(with, S28_aexit_that_awaits_is_awaited_after_every_end) {
  journal j;
  co_await eddy::with(told_late(j), [](told_late&) -> coro<> { co_return; });
  try {
    co_await eddy::with(told_late(j), [](told_late&) -> coro<> {
      throw std::runtime_error("body");
      co_return;
    });
  } catch (const std::runtime_error&) {
  }
  auto cancelled = eddy::create_task(
      [&]() -> coro<> { co_await eddy::with(told_late(j), [](told_late&) -> coro<> { co_await eddy::sleep(1h); }); });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(cancelled);
  EXPECT_EQ(j, (journal{"open", "value", "open", "exception", "open", "cancelled"}));
}

EDDY_TEST(with, S28_the_body_gets_what_aenter_gives) {
  const int moved = co_await eddy::with(gives_value(), [](std::unique_ptr<int> x) -> coro<int> {
    co_await eddy::sleep(1ms);
    co_return *x;
  });
  EXPECT_EQ(moved, 7);

  gives_reference here;
  co_await eddy::with(here, [&](int& x) -> coro<> {
    EXPECT_EQ(&x, &here.number);
    x = 5;
    co_return;
  });
  EXPECT_EQ(here.closed, 5);  // an lvalue is used where it is
}

EDDY_TEST(with, a_reference_may_be_the_value_of_the_body) {
  journal j;
  int number = 1;
  int& got = co_await eddy::with(plain_resource(j), [&](plain_resource&) -> coro<int&> { co_return number; });
  EXPECT_EQ(&got, &number);
}

EDDY_TEST(with, the_body_may_be_any_awaitable) {
  journal j;
  const auto before = eddy::now();
  co_await eddy::with(plain_resource(j), [](plain_resource&) { return eddy::sleep(2s); });
  EXPECT_EQ(eddy::now() - before, 2s);
  EXPECT_EQ(j, (journal{"open", "close"}));
}

TEST(with, L3_closes_what_it_opened_wherever_it_is_cancelled) {
  journal j;
  const auto went = explore(
      [&]() -> coro<> {
        j.clear();
        co_await eddy::with(told_late(j), [&](told_late&) -> coro<> {
          counted inner("inner");
          co_await eddy::with(tracked("a"), [&](tracked&) -> coro<> {
            co_await eddy::sleep(1ms);
            co_await eddy::checkpoint();
          });
          co_await eddy::sleep(1ms);
        });
        co_await eddy::sleep(1ms);
      },
      eddy::testing::explore_options().check([&] {
        return j.empty() || (j.size() == 2 && j[0] == "open" && j[1] != "exception")
                   ? ""
                   : "not one opening and one closing";
      }));
  EXPECT_GE(went.cancel_points, 20U);
}

TEST(with, L3_closes_when_the_body_throws_wherever_it_is_cancelled) {
  const auto went = explore([]() -> coro<> {
    try {
      co_await eddy::with(tracked("a"), [](tracked&) -> coro<> {
        co_await eddy::sleep(1ms);
        throw std::runtime_error("body");
      });
    } catch (const std::runtime_error&) {
    }
  });
  EXPECT_GE(went.cancel_points, 8U);
}

// -- program 12: the body is no coroutine, or its frame cannot be had
// ---------------------------------------------------------

EDDY_TEST(with, L3_12_a_body_that_throws_before_it_is_a_coroutine_closes_all_the_same) {
  journal j;
  std::string text;
  try {
    co_await eddy::with(told_late(j), [](told_late&) -> coro<> { throw std::runtime_error("no coroutine"); });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "no coroutine");
  EXPECT_EQ(j, (journal{"open", "exception"}));
}

/// A parameter whose copy into the frame fails, as the frame's own memory can.
class no_room {
 public:
  no_room() = default;
  no_room(const no_room&) { throw std::bad_alloc(); }
};
coro<> needs_room(no_room) { co_return; }

EDDY_TEST(with, L3_12_a_body_whose_frame_cannot_be_made_closes_all_the_same) {
  journal j;
  bool failed = false;
  const no_room argument;
  try {
    co_await eddy::with(told_late(j), [&](told_late&) { return needs_room(argument); });
  } catch (const std::bad_alloc&) {
    failed = true;
  }
  EXPECT_TRUE(failed);
  EXPECT_EQ(j, (journal{"open", "exception"}));
}

class throwing_enter {
 public:
  explicit throwing_enter(journal& j) : journal_(&j) {}
  coro<> aenter() { throw std::runtime_error("aenter"); }
  void aexit() { journal_->push_back("close"); }

 private:
  journal* journal_;
};

EDDY_TEST(with, L3_13_an_aenter_that_throws_has_opened_nothing) {
  journal j;
  std::string text;
  try {
    co_await eddy::with(throwing_enter(j), [&](throwing_enter&) -> coro<> {
      j.push_back("body");
      co_return;
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "aenter");
  EXPECT_TRUE(j.empty());
}

/// Takes something and then awaits in aenter: a guard keeps it from staying open (the pattern that the guide shows).
class careful {
 public:
  coro<> aenter() {
    tracked::note_open("descriptor");
    auto undo = eddy::on_cancel([] { tracked::note_close("descriptor"); });
    co_await eddy::sleep(1ms);  // the handshake
    co_await eddy::sleep(1ms);
  }
  void aexit() { tracked::note_close("descriptor"); }
};

TEST(with, L3_13_an_aenter_that_is_cancelled_leaves_nothing) {
  explore([]() -> coro<> { co_await eddy::with(careful(), [](careful&) -> coro<> { co_await eddy::sleep(1ms); }); });
}

// -- programs 14 and 15: whose end it is
// ---------------------------------------------------------------------------------------

EDDY_TEST(with, Ends_14_a_body_that_somebody_else_cancelled_leaves_the_parent_alone) {
  journal j;
  co_await eddy::with(told_late(j), [&](told_late&) -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      auto unwound = eddy::on_cancel([&] { j.push_back("inner body unwound"); });
      group.cancel();
      co_await eddy::sleep(1h);
    });
    j.push_back("outer goes on");
    co_await eddy::sleep(1s);
  });
  EXPECT_EQ(j, (journal{"open", "inner body unwound", "outer goes on", "value"}));
}

class fails_to_close {
 public:
  coro<> aexit() {
    co_await eddy::sleep(1ms);
    throw std::logic_error("aexit");
  }
};

EDDY_TEST(with, Ends_15_a_cancelled_body_is_not_run_again_because_its_clean_up_throws) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler([&](const eddy::unhandled_error& what) {
    handled.push_back(what.message + " | " + eddy::detail::describe_exception(what.error));
  });
  int runs = 0;
  auto job = eddy::create_task([&]() -> coro<> {
    for (int attempt = 0; attempt < 5; ++attempt) {
      try {
        co_await eddy::with(fails_to_close(), [&](fails_to_close&) -> coro<> {
          ++runs;
          co_await eddy::sleep(1h);
        });
      } catch (const std::logic_error&) {
      }
    }
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(job.cancelled());
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EDDY_ASSERT_EQ(handled.size(), 1U);
  EXPECT_NE(handled[0].find("clean-up of with("), std::string::npos) << handled[0];
  EXPECT_NE(handled[0].find("aexit"), std::string::npos) << handled[0];
}

EDDY_TEST(with, L6_the_exception_of_the_body_goes_before_that_of_its_clean_up_which_reaches_the_handler) {
  std::vector<std::string> handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  std::string text;
  try {
    co_await eddy::with(fails_to_close(), [](fails_to_close&) -> coro<> { throw std::runtime_error("body"); });
  } catch (const std::exception& e) {
    text = e.what();
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(text, "body");
  EXPECT_EQ(handled, std::vector<std::string>{"std::logic_error: aexit"});
}

EDDY_TEST(with, L3_cancel_again_and_again_does_not_break_clean_up) {
  journal j;
  auto job = eddy::create_task(
      [&]() -> coro<> { co_await eddy::with(told_late(j), [](told_late&) -> coro<> { co_await eddy::sleep(1h); }); });
  co_await eddy::sleep(1s);
  for (int i = 0; i < 10; ++i) {
    job.cancel("again");
    co_await eddy::sleep(100us);
  }
  co_await eddy::sleep(1s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(j, (journal{"open", "cancelled"}));
}

EDDY_TEST(with, L3_a_body_that_was_never_started_is_closed_when_it_was_opened) {
  journal j;
  eddy::task<> job;
  // Due in the same turn, and a step earlier: the opening has had its effect, the body has not begun.
  auto canceller = eddy::event_loop::current().call_later(1ms, [&] { job.cancel(); });
  job = eddy::create_task([&]() -> coro<> {
    co_await eddy::with(told_late(j), [&](told_late&) -> coro<> {
      j.push_back("body");
      co_return;
    });
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(j, (journal{"open", "cancelled"}));
}

TEST(with, L3_shutdown_closes_what_is_open) {
  journal j;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(plain_resource(j), [&](plain_resource&) -> coro<> {
      co_await eddy::with(told_resource(j), [](told_resource&) -> coro<> { co_await eddy::sleep(1h); });
    });
  });
  EXPECT_EQ(j, (journal{"open", "cancelled", "close"}));
}

}  // namespace
