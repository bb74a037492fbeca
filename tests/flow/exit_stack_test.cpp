// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/exit_stack.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::exit_stack;
using eddy::testing::tracked;

namespace {

using journal = std::vector<std::string>;

std::string end_of(const eddy::outcome<>& how) {
  if (how.has_value()) return "value";
  if (how.cancelled()) return "cancelled";
  try {
    how.throw_if_failed();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "?";
}

/// Writes down when it is opened and closed and what it was told.
class file {
 public:
  file(journal& j, std::string name) : journal_(&j), name_(std::move(name)) {}
  coro<> aenter() {
    co_await eddy::sleep(1ms);
    if (name_ == "missing") throw std::runtime_error("no such file");
    journal_->push_back("open " + name_);
  }
  coro<> aexit(const eddy::outcome<>& how) {
    co_await eddy::sleep(1ms);
    journal_->push_back("close " + name_ + ", " + end_of(how));
    if (name_.starts_with("broken")) throw std::logic_error("closing " + name_);
    if (name_ == "stuck") co_await eddy::sleep(1000h);
  }
  const std::string& name() const noexcept { return name_; }

 private:
  journal* journal_;
  std::string name_;
};

/// Gives something else than itself, and awaits nowhere.
class number {
 public:
  std::unique_ptr<int> aenter() { return std::make_unique<int>(7); }
};
class reference {
 public:
  explicit reference(int& target) : target_(target) {}
  int& aenter() { return target_; }

 private:
  int& target_;
};

/// What reaches the loop's handler while it lives.
class handled {
 public:
  handled()
      : before_(eddy::event_loop::current().set_exception_handler([this](const eddy::unhandled_error& what) {
          errors.push_back(eddy::detail::describe_exception(what.error));
        })) {}
  ~handled() { eddy::event_loop::current().set_exception_handler(std::move(before_)); }
  journal errors;

 private:
  eddy::exception_handler before_;
};

EDDY_TEST(exit_stack, S30_opens_as_many_as_there_are_and_closes_them_in_reverse) {
  journal j;
  const std::vector<std::string> names{"a", "b", "c"};
  const int sum = co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<int> {
    std::vector<file*> files;
    for (const auto& name : names) {
      auto& opened = co_await stack.enter(file(j, name));
      files.push_back(&opened);
    }
    for (file* each : files) j.push_back("use " + each->name());
    co_return static_cast<int>(files.size());
  });
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(j, (journal{"open a", "open b", "open c", "use a", "use b", "use c", "close c, value", "close b, value",
                        "close a, value"}));
}

EDDY_TEST(exit_stack, S30_gives_what_aenter_gives_and_leaves_lvalues_where_they_are) {
  journal j;
  int target = 1;
  file mine(j, "mine");
  co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
    std::unique_ptr<int>& seven = co_await stack.enter(number());
    EXPECT_EQ(*seven, 7);
    int& there = co_await stack.enter(reference(target));
    there = 2;
    file& same = co_await stack.enter(mine);
    EXPECT_EQ(&same, &mine);
  });
  EXPECT_EQ(target, 2);
  EXPECT_EQ(j, (journal{"open mine", "close mine, value"}));
}

EDDY_TEST(exit_stack, S30_calls_what_was_pushed_with_or_without_the_outcome_awaiting_or_not) {
  journal j;
  try {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      stack.push([&] { j.push_back("first"); });
      stack.push([&](const eddy::outcome<>& how) { j.push_back("second, " + end_of(how)); });
      stack.push([&]() -> coro<int> {
        co_await eddy::sleep(1ms);
        j.push_back("third");
        co_return 3;
      });
      stack.push([&](const eddy::outcome<>& how) -> coro<> {
        co_await eddy::sleep(1ms);
        j.push_back("fourth, " + end_of(how));
      });
      stack.push([&] { return eddy::sleep(1ms); });
      auto owned = std::make_unique<int>(6);
      stack.push([&, kept = std::move(owned)] { j.push_back("sixth, " + std::to_string(*kept)); });
      throw std::runtime_error("body");
      co_return;
    });
  } catch (const std::runtime_error& e) {
    j.push_back(e.what());
  }
  EXPECT_EQ(j, (journal{"sixth, 6", "fourth, body", "third", "second, body", "first", "body"}));
}

EDDY_TEST(exit_stack, S30_closes_all_even_when_some_fail_and_the_first_error_goes_on) {
  journal j;
  handled late;
  std::string text;
  try {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      for (const char* name : {"a", "broken 1", "b", "broken 2", "c"}) co_await stack.enter(file(j, name));
      j.clear();
    });
  } catch (const std::logic_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "closing broken 2");
  EXPECT_EQ(j, (journal{"close c, value", "close broken 2, value", "close b, closing broken 2",
                        "close broken 1, closing broken 2", "close a, closing broken 2"}));
  EXPECT_EQ(late.errors, journal{"std::logic_error: closing broken 1"});
}

EDDY_TEST(exit_stack, S30_an_error_of_the_body_goes_before_those_of_closing) {
  journal j;
  handled late;
  std::string text;
  try {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      co_await stack.enter(file(j, "broken 1"));
      co_await stack.enter(file(j, "broken 2"));
      j.clear();
      throw std::runtime_error("body");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "body");
  EXPECT_EQ(j, (journal{"close broken 2, body", "close broken 1, body"}));
  EXPECT_EQ(late.errors.size(), 2U);
}

EDDY_TEST(exit_stack, S30_a_resource_that_cannot_be_opened_is_not_closed_but_the_others_are) {
  journal j;
  std::string text;
  try {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      co_await stack.enter(file(j, "a"));
      co_await stack.enter(file(j, "missing"));
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "no such file");
  EXPECT_EQ(j, (journal{"open a", "close a, no such file"}));
}

EDDY_TEST(exit_stack, L3_a_cancelled_body_closes_all_and_each_is_told) {
  journal j;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      for (const char* name : {"a", "b"}) co_await stack.enter(file(j, name));
      j.clear();
      co_await eddy::sleep(1h);
    });
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(job);
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(j, (journal{"close b, cancelled", "close a, cancelled"}));
}

EDDY_TEST(exit_stack, L3_16_one_that_cannot_be_closed_keeps_none_of_the_others_open) {
  journal j;
  handled late;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      stack.push([&] { j.push_back("pushed"); });
      for (const char* name : {"a", "stuck", "b"}) co_await stack.enter(file(j, name));
      j.clear();
      co_await eddy::sleep(1h);
    });
  });
  co_await eddy::sleep(1s);
  co_await eddy::cancel_and_join(job);
  // After the grace each is begun still, and runs up to its first wait; what does not wait is done.
  EXPECT_EQ(j, (journal{"close b, cancelled", "close stuck, cancelled", "pushed"}));
  EXPECT_TRUE(job.cancelled());
  EXPECT_EQ(late.errors.size(), 1U);  // overdue
}

EDDY_TEST(exit_stack, S30_what_closing_pushes_is_closed_too) {
  journal j;
  co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
    stack.push([&] { j.push_back("last"); });
    stack.push([&] { stack.push([&] { j.push_back("pushed late"); }); });
    co_return;
  });
  EXPECT_EQ(j, (journal{"pushed late", "last"}));
}

EDDY_TEST(exit_stack, S30_resources_may_be_opened_at_once) {
  journal j;
  const auto begin = eddy::now();
  co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
    auto both = co_await eddy::gather(stack.enter(file(j, "a")), stack.enter(file(j, "b")));
    EXPECT_EQ(std::get<1>(both).name(), "b");
    EXPECT_EQ(eddy::now() - begin, 1ms);
    j.clear();
  });
  EXPECT_EQ(j, (journal{"close b, value", "close a, value"}));
}

EDDY_TEST(exit_stack, L8_closing_very_many_needs_no_deep_stack) {
  int closed = 0;
  co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
    for (int i = 0; i < 100'000; ++i) {
      if (i % 2 == 0)
        stack.push([&closed] { ++closed; });
      else
        stack.push([&closed]() -> coro<> {
          ++closed;
          co_return;
        });
    }
    co_return;
  });
  EXPECT_EQ(closed, 100'000);
}

EDDY_TEST(exit_stack, L5_used_bare_it_says_what_to_write) {
  exit_stack bare;
  std::string text;
  try {
    bare.push([] {});
  } catch (const eddy::misuse_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("co_await with(exit_stack(), body)"), std::string::npos) << text;
  EXPECT_THROW((void)bare.enter(number()), eddy::misuse_error);
  co_return;
}

EDDY_TEST(exit_stack, L3_12_closing_that_throws_before_it_is_a_coroutine_is_an_error_like_any_other) {
  journal j;
  std::string text;
  try {
    co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
      co_await stack.enter(file(j, "a"));
      stack.push([]() -> coro<> { throw std::runtime_error("no coroutine"); });
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "no coroutine");
  EXPECT_EQ(j.back(), "close a, no coroutine");
}

TEST(exit_stack, L3_all_are_closed_once_wherever_it_is_cancelled) {
  int pushed = 0;
  int called = 0;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        pushed = called = 0;
        co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
          co_await stack.enter(tracked("a"));
          ++pushed;
          stack.push([&]() -> coro<> {
            co_await eddy::sleep(1ms);
            ++called;
          });
          co_await stack.enter(tracked("b"));
          co_await eddy::sleep(1ms);
        });
      },
      eddy::testing::explore_options().check(
          [&] { return pushed == called ? std::string() : "what was pushed was not called once"; }));
  EXPECT_GE(went.cancel_points, 15U);
}

TEST(exit_stack, L3_shutdown_closes_all) {
  journal j;
  eddy::testing::shut_down_during(
      [&]() -> coro<> {
        co_await eddy::with(exit_stack(), [&](exit_stack& stack) -> coro<> {
          stack.push([&] { j.push_back("first"); });
          stack.push([&]() -> coro<> {
            co_await eddy::sleep(1ms);
            j.push_back("second");
          });
          co_await eddy::sleep(1h);
        });
      },
      5);
  EXPECT_EQ(j, (journal{"second", "first"}));
}

}  // namespace
