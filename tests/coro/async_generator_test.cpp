// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/async_generator.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/reports.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::async_generator;
using eddy::coro;
using eddy::testing::counted;
using eddy::testing::explore;
using eddy::testing::tracked;

namespace {

static_assert(std::is_nothrow_move_constructible_v<async_generator<int>> &&
              !std::is_copy_constructible_v<async_generator<int>>);
static_assert(std::is_same_v<async_generator<std::string>::item_type, std::optional<std::string>>);
static_assert(std::is_same_v<async_generator<const std::string&>::item_type, const std::string*>);

using journal = std::vector<std::string>;

async_generator<int> count_down(int from) {
  for (; from > 0; --from) {
    co_await eddy::sleep(1ms);
    co_yield from;
  }
}

async_generator<int> ready_at_once(int count) {
  for (int i = 0; i < count; ++i) co_yield i;
}

template <class T>
coro<std::vector<T>> all_of(async_generator<T> g) {
  std::vector<T> items;
  while (auto item = co_await g.next()) items.push_back(*std::move(item));
  co_return items;
}

std::string misuse_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const eddy::misuse_error& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("another: ") + e.what();
  }
  return "nothing was thrown";
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is missing in: " << text;
}

EDDY_TEST(async_generator, S31_gives_its_values_one_after_the_other_then_nothing) {
  auto g = count_down(3);
  std::vector<int> got;
  while (auto x = co_await g.next()) got.push_back(*x);
  EXPECT_EQ(got, (std::vector{3, 2, 1}));
  const auto again = co_await g.next();
  EXPECT_FALSE(again.has_value());
}

EDDY_TEST(async_generator, S31_for_each_is_the_whole_loop) {
  std::vector<int> got;
  co_await eddy::for_each(count_down(3), [&](int x) { got.push_back(x); });
  auto kept = count_down(2);
  co_await eddy::for_each(kept, [&](int x) -> coro<> {
    co_await eddy::sleep(1s);
    got.push_back(x);
  });
  EXPECT_EQ(got, (std::vector{3, 2, 1, 2, 1}));
}

EDDY_TEST(async_generator, S31_a_value_is_made_when_it_is_asked_for_and_not_before) {
  int made = 0;
  const auto make = [](int& count) -> async_generator<int> {
    while (true) {
      ++count;  // apart: clang 16 takes the operand of co_yield for two
      co_yield count;
    }
  };
  auto g = make(made);
  EXPECT_EQ(made, 0);
  for (int i = 1; i <= 3; ++i) {
    const auto x = co_await g.next();
    EXPECT_EQ(x, i);
    co_await eddy::sleep(1s);
    EXPECT_EQ(made, i);
  }
}

async_generator<std::unique_ptr<int>> boxes() {
  co_yield std::make_unique<int>(1);
  auto named = std::make_unique<int>(2);
  co_yield std::move(named);
  EXPECT_EQ(named, nullptr);
}

EDDY_TEST(async_generator, S31_values_that_can_only_be_moved) {
  auto got = co_await all_of(boxes());
  EDDY_ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(*got[0] + *got[1], 3);
}

async_generator<std::string> words() {
  co_yield "literal";
  std::string kept = "kept";
  co_yield kept;
  EXPECT_EQ(kept, "kept");  // a copy was handed over
  co_yield std::move(kept);
  co_yield std::string(100, 'x');
}

EDDY_TEST(async_generator, S31_a_yielded_lvalue_is_copied_and_conversions_work) {
  const auto got = co_await all_of(words());
  EXPECT_EQ(got, (journal{"literal", "kept", "kept", std::string(100, 'x')}));
}

struct immovable {
  explicit immovable(int v) : value(v) {}
  immovable(const immovable&) = delete;
  immovable& operator=(const immovable&) = delete;
  int value;
};

async_generator<immovable&> references() {
  immovable one(1);
  while (one.value < 100) co_yield one;
}

EDDY_TEST(async_generator, S31_references_are_handed_over_without_a_copy) {
  auto g = references();
  int rounds = 0;
  while (immovable* x = co_await g.next()) {
    x->value *= 10;  // in the generator's own object
    ++rounds;
  }
  EXPECT_EQ(rounds, 2);
  co_await eddy::for_each(references(), [](immovable& x) { x.value = 1000; });
}

async_generator<const std::string&> const_references() {
  co_yield "a temporary";
  const std::string named = "named";
  co_yield named;
}

EDDY_TEST(async_generator, S31_const_references_may_be_of_temporaries) {
  auto g = const_references();
  journal got;
  while (const std::string* word = co_await g.next()) got.push_back(*word);
  EXPECT_EQ(got, (journal{"a temporary", "named"}));
}

async_generator<int> failing(int after) {
  const counted local("local of the generator");
  for (int i = 0; i < after; ++i) {
    co_await eddy::sleep(1ms);
    co_yield i;
  }
  throw std::runtime_error("generator");
}

EDDY_TEST(async_generator, S31_an_exception_inside_reaches_the_consumer_once_then_it_is_empty) {
  auto g = failing(2);
  int got = 0;
  std::string text;
  try {
    while (co_await g.next()) ++got;
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(got, 2);
  EXPECT_EQ(text, "generator");
  const auto after = co_await g.next();
  EXPECT_FALSE(after.has_value());
}

EDDY_TEST(async_generator, S31_it_may_move_and_change_its_consumer_between_two_values) {
  auto first = count_down(3);
  auto taken = co_await eddy::create_task(
      [](async_generator<int>& g) -> coro<int> {
        auto x = co_await g.next();
        co_return *x;
      },
      std::ref(first));
  EXPECT_EQ(taken, 3);
  async_generator<int> second = std::move(first);
  const auto x = co_await second.next();
  EXPECT_EQ(x, 2);
  const auto rest = co_await all_of(std::move(second));
  EXPECT_EQ(rest, std::vector{1});
  const auto empty = co_await eddy::as_outcome([&]() -> coro<> { co_await first.next(); });
  expect_part(misuse_of(empty.exception()), "empty or was moved from");
}

// -- cancellation
// ---------------------------------------------------------------------------------------------------------------

TEST(async_generator, L2_it_is_unwound_with_its_consumer_wherever_that_is_cancelled) {
  const auto went = explore([]() -> coro<> {
    const auto inner = [](int x) -> coro<int> {
      const counted local("callee");
      co_await eddy::sleep(1ms);
      co_return x;
    };
    const auto make = [&]() -> async_generator<counted> {
      const counted local("generator");
      for (int i = 0; i < 2; ++i) {
        const int x = co_await inner(i);
        EXPECT_EQ(x, i);
        co_yield counted("item");
        co_await eddy::checkpoint();
      }
    };
    const counted local("consumer");
    auto g = make();
    while (auto item = co_await g.next()) co_await eddy::sleep(1ms);
  });
  EXPECT_GE(went.cancel_points, 15U);
}

EDDY_TEST(async_generator, L2_one_that_is_left_half_way_is_unwound_where_it_stands) {
  journal seen;
  const auto make = [&]() -> async_generator<int> {
    const auto guard = eddy::on_cancel([&] { seen.push_back("on_cancel"); });
    const auto count = eddy::on_exit([&] { seen.push_back(std::to_string(std::uncaught_exceptions())); });
    try {
      co_yield 1;
      seen.push_back("went on");
    } catch (...) {
      seen.push_back("caught");
    }
  };
  {
    auto g = make();
    const auto x = co_await g.next();
    EXPECT_EQ(x, 1);
  }
  EXPECT_EQ(seen, (journal{"1", "on_cancel"}));
  EXPECT_FALSE(eddy::unwinding());
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

// Program 8: in asyncio the generator is dead after the first timeout, and the rest looks like the end.
EDDY_TEST(async_generator, L12_8_one_that_was_cancelled_inside_next_says_so_and_where) {
  auto g = count_down(3);
  std::string text;
  for (int i = 0; i < 2; ++i) {
    try {
      co_await eddy::wait_for(g.next(), 100us);
    } catch (const eddy::timeout_error&) {
      text += "timeout; ";
    } catch (const eddy::misuse_error& e) {
      text += e.what();
    }
  }
  expect_part(text, "timeout; generator ");
  expect_part(text, "count_down (async_generator_test.cpp:");
  expect_part(text, "was cancelled inside next(), while it waited at async_generator_test.cpp:");
}

EDDY_TEST(async_generator, L12_a_next_that_is_cancelled_before_it_begins_leaves_the_generator_as_it_was) {
  auto g = ready_at_once(3);
  const auto first = co_await g.next();
  EXPECT_EQ(first, 0);
  eddy::task<> self;
  self = eddy::create_task([&]() -> coro<> {
    self.cancel();
    co_await g.next();
    ADD_FAILURE() << "next() is a cancellation point";
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(self.cancelled());
  const auto rest = co_await all_of(std::move(g));
  EXPECT_EQ(rest, (std::vector{1, 2}));
}

EDDY_TEST(async_generator, L11_co_yield_is_no_cancellation_point_what_was_made_is_handed_over) {
  eddy::task<> self;
  int got = 0;
  const auto make = [&]() -> async_generator<int> {
    self.cancel();
    co_yield 7;
  };
  self = eddy::create_task([&]() -> coro<> {
    auto g = make();
    const auto x = co_await g.next();
    got = x.value_or(0);
    co_await g.next();
    ADD_FAILURE() << "the next one is";
  });
  co_await eddy::sleep(1s);
  EXPECT_EQ(got, 7);
  EXPECT_TRUE(self.cancelled());
}

EDDY_TEST(async_generator, L7_one_that_never_waits_lets_others_run) {
  int others = 0;
  auto other = eddy::create_task([&]() -> coro<> {
    for (;; ++others) co_await eddy::sleep(0s);
  });
  auto g = ready_at_once(10'000);
  while (co_await g.next()) {
  }
  EXPECT_GE(others, 10'000 / 128 - 2);
  co_await eddy::cancel_and_join(other);
}

EDDY_TEST(async_generator, L9_two_consumers_at_a_time_are_refused) {
  auto g = count_down(2);
  auto first = eddy::create_task([&]() -> coro<> { co_await g.next(); });
  co_await eddy::sleep(0s);
  const auto second = co_await eddy::as_outcome([&]() -> coro<> { co_await g.next(); });
  const std::string text = misuse_of(second.exception());
  expect_part(text, "count_down (async_generator_test.cpp:");
  expect_part(text, "is being awaited already");
  co_await first;
  const auto x = co_await g.next();
  EXPECT_EQ(x, 1);
}

TEST(async_generator, L2_shutdown_unwinds_it) {
  int ended = 0;
  const auto make = [&]() -> async_generator<int> {
    const auto guard = eddy::on_cancel([&] { ++ended; });
    co_await eddy::sleep(1h);
    co_yield 1;
  };
  eddy::testing::shut_down_during([&]() -> coro<> { co_await eddy::for_each(make(), [](int) {}); });
  EXPECT_EQ(ended, 1);
}

// -- resources inside of it
// ---------------------------------------------------------------------------------------------------------------

std::string end_of(const eddy::outcome<>& how) {
  if (how.has_value()) return "value";
  return how.has_exception() ? "exception" : "cancelled";
}

/// Awaits in both and writes down what happens.
class noted {
 public:
  noted(std::string name, journal& j) : name_(std::move(name)), journal_(&j) {}
  coro<> aenter() {
    co_await eddy::sleep(1ms);
    tracked::note_open(name_);
    journal_->push_back("open " + name_);
  }
  coro<> aexit(const eddy::outcome<>& how) {
    co_await eddy::sleep(1ms);
    journal_->push_back("close " + name_ + " " + end_of(how));
    tracked::note_close(name_);
  }
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  journal* journal_;
};

/// Gives something else than itself.
class gives_value {
 public:
  std::unique_ptr<int> aenter() { return std::make_unique<int>(5); }
};
class gives_reference {
 public:
  int& aenter() noexcept { return number; }
  void aexit() noexcept { number = 0; }
  int number = 6;
};

async_generator<int> with_two(journal& j, int count, bool fails = false) {
  auto& a = co_await eddy::enter(noted("a", j));
  auto& b = co_await eddy::enter(noted("b", j));
  const counted local("local");
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(a.name() + b.name(), "ab");
    co_await eddy::sleep(1ms);
    co_yield i;
  }
  if (fails) throw std::runtime_error("generator");
}

EDDY_TEST(async_generator, S31_what_it_entered_is_closed_in_reverse_when_it_has_ended) {
  journal j;
  co_await eddy::for_each(with_two(j, 2), [&](int x) { j.push_back(std::to_string(x)); });
  EXPECT_EQ(j, (journal{"open a", "open b", "0", "1", "close b value", "close a value"}));
}

EDDY_TEST(async_generator, S31_enter_gives_what_aenter_gives) {
  gives_reference here;
  int seen = 0;
  const auto make = [&]() -> async_generator<int> {
    std::unique_ptr<int>& value = co_await eddy::enter(gives_value());
    int& reference = co_await eddy::enter(here);
    EXPECT_EQ(&reference, &here.number);
    seen = *value + reference;
    co_yield seen;
  };
  co_await eddy::for_each(make(), [](int) {});
  EXPECT_EQ(seen, 11);
  EXPECT_EQ(here.number, 0);
}

// Program 10.
EDDY_TEST(async_generator, L3_10_what_it_entered_is_closed_when_the_consumer_leaves_half_way) {
  journal j;
  co_await eddy::with(with_two(j, 5), [&](async_generator<int>& g) -> coro<> {
    const auto x = co_await g.next();
    EXPECT_EQ(x, 0);
  });
  EXPECT_EQ(j, (journal{"open a", "open b", "close b value", "close a value"}));
}

EDDY_TEST(async_generator, L3_10_and_when_it_throws_with_that_outcome) {
  journal j;
  std::string text;
  try {
    co_await eddy::for_each(with_two(j, 5), [](int x) {
      if (x == 1) throw std::runtime_error("consumer");
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "consumer");
  EXPECT_EQ(j, (journal{"open a", "open b", "close b exception", "close a exception"}));
}

EDDY_TEST(async_generator, L3_10_the_generators_own_end_goes_before_that_of_its_consumer) {
  journal j;
  co_await eddy::with(with_two(j, 1, true), [&](async_generator<int>& g) -> coro<> {
    try {
      while (co_await g.next()) {
      }
    } catch (const std::runtime_error&) {
      j.push_back("caught");
    }
  });
  EXPECT_EQ(j, (journal{"open a", "open b", "caught", "close b exception", "close a exception"}));
}

EDDY_TEST(async_generator, L3_10_a_generator_that_timed_out_inside_next_is_told_that_it_was_cancelled) {
  journal j;
  const auto make = [&]() -> async_generator<int> {
    co_await eddy::enter(noted("a", j));
    co_await eddy::sleep(1h);
    co_yield 1;
  };
  co_await eddy::with(make(), [&](async_generator<int>& g) -> coro<> {
    try {
      co_await eddy::wait_for(g.next(), 1s);
    } catch (const eddy::timeout_error&) {
    }
  });
  EXPECT_EQ(j, (journal{"open a", "close a cancelled"}));
}

TEST(async_generator, L3_10_what_it_entered_is_closed_once_wherever_the_consumer_is_cancelled) {
  journal j;
  const auto went = explore(
      [&]() -> coro<> { co_await eddy::for_each(with_two(j, 2), [&](int) -> coro<> { co_await eddy::sleep(1ms); }); });
  EXPECT_GE(went.cancel_points, 25U);
}

TEST(async_generator, L3_10_also_when_it_fails_or_is_left) {
  journal j;
  explore([&]() -> coro<> {
    try {
      co_await eddy::for_each(with_two(j, 1, true), [](int) {});
    } catch (const std::runtime_error&) {
    }
    co_await eddy::with(with_two(j, 2), [&](async_generator<int>& g) -> coro<> {
      co_await g.next();
      co_await eddy::sleep(1ms);
    });
  });
}

class fails_to_close {
 public:
  explicit fails_to_close(std::string text) : text_(std::move(text)) {}
  coro<> aexit() {
    co_await eddy::sleep(1ms);
    throw std::logic_error(text_);
  }

 private:
  std::string text_;
};

EDDY_TEST(async_generator, L6_all_are_closed_though_some_fail_and_no_error_is_lost) {
  journal j;
  journal handled;
  auto before = eddy::event_loop::current().set_exception_handler(
      [&](const eddy::unhandled_error& what) { handled.push_back(eddy::detail::describe_exception(what.error)); });
  const auto make = [&]() -> async_generator<int> {
    co_await eddy::enter(noted("a", j));
    co_await eddy::enter(fails_to_close("first in"));
    co_await eddy::enter(fails_to_close("last in"));
    co_yield 1;
  };
  std::string text;
  try {
    co_await eddy::for_each(make(), [](int) {});
  } catch (const std::logic_error& e) {
    text = e.what();
  }
  eddy::event_loop::current().set_exception_handler(std::move(before));
  EXPECT_EQ(text, "last in");
  EXPECT_EQ(handled, journal{"std::logic_error: first in"});
  EXPECT_EQ(j, (journal{"open a", "close a exception"}));
}

class never_closes {
 public:
  coro<> aexit() { co_await eddy::sleep(1h); }
};

TEST(async_generator, L3_16_after_the_grace_those_that_wait_are_cut_off_and_the_others_still_closed) {
  journal j;
  const auto run = eddy::testing::run_body(
      [&]() -> coro<> {
        const auto make = [&]() -> async_generator<int> {
          auto& a = co_await eddy::enter(gives_reference());
          co_await eddy::enter(never_closes());
          co_yield a;
          co_await eddy::sleep(1h);
        };
        auto task = eddy::create_task([&]() -> coro<> { co_await eddy::for_each(make(), [](int) {}); });
        co_await eddy::sleep(1s);
        const auto start = eddy::now();
        task.cancel();
        while (!task.done()) co_await eddy::sleep(100ms);
        EXPECT_LE(eddy::now() - start, 11s);
        EXPECT_TRUE(task.cancelled());
      },
      eddy::testing::test_clock::virtual_time);
  EXPECT_TRUE(run.exception.empty()) << run.exception;
  ASSERT_EQ(run.problems.size(), 1U);
  expect_part(run.problems[0], "grace");
}

EDDY_TEST(async_generator, L5_dropped_outside_of_for_each_it_aborts_safely_and_debug_mode_says_so) {
  journal j;
  journal reports;
  auto before = eddy::set_report_handler([&](const std::string& text) { reports.push_back(text); });
  eddy::event_loop::current().set_debug(true);
  {
    auto g = with_two(j, 2);
    co_await g.next();
  }
  eddy::event_loop::current().set_debug(false);
  eddy::set_report_handler(std::move(before));
  EXPECT_EQ(j, (journal{"open a", "open b"}));
  EDDY_ASSERT_EQ(reports.size(), 1U);
  expect_part(reports[0], "generator with_two (async_generator_test.cpp:");
  expect_part(reports[0], "noted");
  expect_part(reports[0], "use it in for_each or with");
  tracked::reset();  // they were aborted: nobody closed them
}

EDDY_TEST(async_generator, L9_one_that_was_left_half_way_does_not_pretend_to_be_at_its_end) {
  auto g = count_down(3);
  co_await eddy::with(g, [](async_generator<int>& it) -> coro<> { co_await it.next(); });
  const auto after = co_await eddy::as_outcome([&]() -> coro<> { co_await g.next(); });
  expect_part(misuse_of(after.exception()), "was closed by the for_each or with");
  const auto again = co_await eddy::as_outcome([&]() -> coro<> { co_await eddy::for_each(g, [](int) {}); });
  expect_part(misuse_of(again.exception()), "make a new one");
}

TEST(async_generator_death, L9_destroyed_while_next_is_awaited_says_what_to_do) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto g = std::make_unique<async_generator<int>>(count_down(1));
                 eddy::create_task([&]() -> coro<> { co_await g->next(); });
                 co_await eddy::sleep(0s);
                 g.reset();
               }),
               "generator was destroyed while its next\\(\\) is awaited; let it outlive that");
}

// Pages of three numbers each; notes when one is fetched.
async_generator<int> numbers_by_pages(int pages, journal& log) {
  for (int page = 0; page < pages; ++page) {
    co_await eddy::sleep(1ms);
    log.push_back("page " + std::to_string(page));
    for (int i = 0; i < 3; ++i) co_yield 3 * page + i;
  }
}

EDDY_TEST(async_generator, S32_the_next_page_is_asked_for_when_the_last_was_used_up) {
  journal log;
  auto numbers = numbers_by_pages(2, log);
  while (auto number = co_await numbers.next()) {
    log.push_back(std::to_string(*number));
    co_await eddy::sleep(10ms);  // a slow consumer is not overtaken
  }
  EXPECT_EQ(log, (journal{"page 0", "0", "1", "2", "page 1", "3", "4", "5"}));
}

EDDY_TEST(async_generator, S32_a_page_that_nobody_wants_is_never_fetched) {
  journal log;
  {
    auto numbers = numbers_by_pages(100, log);
    for (int i = 0; i < 3; ++i) log.push_back(std::to_string((co_await numbers.next()).value()));
  }
  EXPECT_EQ(log, (journal{"page 0", "0", "1", "2"}));
}

}  // namespace
