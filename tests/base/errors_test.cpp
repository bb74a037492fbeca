// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/errors.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "eddy/base/exception_group.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::detail::describe_exception;
using eddy::detail::format_duration;

static_assert(std::is_base_of_v<eddy::error, eddy::cancelled_error>);
static_assert(std::is_base_of_v<std::logic_error, eddy::misuse_error> &&
              !std::is_base_of_v<eddy::error, eddy::misuse_error>);
static_assert(std::is_base_of_v<eddy::misuse_error, eddy::wrong_thread>);

struct duration_row {
  const char* name;
  std::chrono::nanoseconds duration;
  const char* text;
};

class format_duration_table : public testing::TestWithParam<duration_row> {};

TEST_P(format_duration_table, gives_the_shortest_exact_form) {
  EXPECT_EQ(format_duration(GetParam().duration), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    errors, format_duration_table,
    testing::Values(duration_row{"zero", 0ns, "0 s"}, duration_row{"a_nanosecond", 1ns, "1 ns"},
                    duration_row{"ns", 999ns, "999 ns"}, duration_row{"us", 10us, "10 us"},
                    duration_row{"half_us", 1500ns, "1.5 us"}, duration_row{"ms", 250ms, "250 ms"},
                    duration_row{"second", 1s, "1 s"}, duration_row{"half_second", 1500ms, "1.5 s"},
                    duration_row{"just_below_a_second", 999'999'999ns, "999.999999 ms"},
                    duration_row{"just_above_a_second", 1'000'000'001ns, "1.000000001 s"},
                    duration_row{"minute", 1min, "1 min"}, duration_row{"ninety_seconds", 90s, "90 s"},
                    duration_row{"ninety_minutes", 90min, "90 min"}, duration_row{"hour", 1h, "1 h"},
                    duration_row{"day", 24h, "24 h"}, duration_row{"odd_hour", 3600s + 500ms, "3600.5 s"},
                    duration_row{"negative", -5ms, "-5 ms"}, duration_row{"negative_part", -1500ms, "-1.5 s"},
                    duration_row{"longest", std::chrono::nanoseconds::max(), "9223372036.854775807 s"},
                    duration_row{"most_negative", std::chrono::nanoseconds::min(), "-9223372036.854775808 s"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(errors, format_place_drops_the_folders) {
  const std::string text = eddy::detail::format_place(std::source_location::current());
  EXPECT_EQ(text, "errors_test.cpp:" + std::to_string(__LINE__ - 1));
}

TEST(errors, S21_timeout_error_names_limit_place_and_what_was_awaited) {
  const auto here = std::source_location::current();
  const eddy::timeout_error error(1500ms, here, "queue::get");
  EXPECT_EQ(error.limit(), 1500ms);
  EXPECT_EQ(error.where().line(), here.line());
  const std::string text = error.what();
  EXPECT_NE(text.find("1.5 s"), std::string::npos) << text;
  EXPECT_NE(text.find("errors_test.cpp:" + std::to_string(here.line())), std::string::npos) << text;
  EXPECT_NE(text.find("queue::get"), std::string::npos) << text;
}

TEST(errors, timeout_error_of_an_absolute_deadline_has_no_limit) {
  const eddy::timeout_error error("the deadline has passed");
  EXPECT_EQ(error.limit(), 0ns);
  EXPECT_STREQ(error.what(), "the deadline has passed");
}

TEST(errors, describe_exception_gives_type_and_text) {
  EXPECT_EQ(describe_exception(std::make_exception_ptr(std::runtime_error("full"))), "std::runtime_error: full");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(eddy::broken_promise())),
            "eddy::broken_promise: the promise was dropped without a value or an exception");
}

TEST(errors, describe_exception_names_the_type_of_what_is_no_exception) {
  EXPECT_EQ(describe_exception(std::make_exception_ptr(7)), "an exception of type int");
}

template <class Inner>
void fails_because(int depth, const Inner& innermost) {
  std::function<void()> fail = innermost;
  for (int level = 0; level <= depth; ++level)
    fail = [level, inner = std::move(fail)] {
      try {
        inner();
      } catch (...) {
        std::throw_with_nested(std::runtime_error("level " + std::to_string(level)));
      }
    };
  fail();
}

template <class F>
std::exception_ptr thrown_by(F f) {
  try {
    f();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

TEST(errors, S76_describe_exception_follows_the_causes) {
  const auto error = thrown_by([] { fails_because(1, [] { throw std::out_of_range("at the\nbottom"); }); });
  EXPECT_EQ(describe_exception(error),
            "std::runtime_error: level 1\n"
            "  caused by std::runtime_error: level 0\n"
            "    caused by std::out_of_range: at the\n"
            "    bottom");
}

TEST(errors, S76_a_cause_that_is_no_exception_is_named_by_its_type) {
  const auto error = thrown_by([] { fails_because(0, [] { throw 7; }); });
  EXPECT_EQ(describe_exception(error), "std::runtime_error: level 0\n  caused by an exception of type int");
}

TEST(errors, S76_very_many_causes_are_cut_short) {
  const std::string text = describe_exception(thrown_by([] { fails_because(100, [] { throw 7; }); }));
  EXPECT_NE(text.find("level 84"), std::string::npos) << text;
  EXPECT_EQ(text.find("level 83\n"), std::string::npos) << text;
  EXPECT_NE(text.find("and further causes"), std::string::npos) << text;
}

TEST(errors, S76_a_cause_may_be_a_group_and_a_group_may_hold_causes) {
  const auto inner = thrown_by([] { fails_because(0, [] { throw std::out_of_range("x"); }); });
  const auto group = thrown_by([&] {
    try {
      throw eddy::exception_group("task_group", {inner, std::make_exception_ptr(std::logic_error("y"))},
                                  {"task \"a\" (a.cpp:1)", "the body"});
    } catch (...) {
      std::throw_with_nested(std::runtime_error("order 7"));
    }
  });
  EXPECT_EQ(describe_exception(group),
            "std::runtime_error: order 7\n"
            "  caused by eddy::exception_group: task_group (2 errors)\n"
            "    - task \"a\" (a.cpp:1): std::runtime_error: level 0\n"
            "        caused by std::out_of_range: x\n"
            "    - the body: std::logic_error: y");
}

TEST(errors, S21_timeout_error_of_a_deadline_names_the_place) {
  const auto here = std::source_location::current();
  const eddy::timeout_error error(here, "sleep(1 h)");
  EXPECT_EQ(error.limit(), 0ns);
  EXPECT_EQ(error.where().line(), here.line());
  EXPECT_EQ(std::string(error.what()), "deadline reached, set at errors_test.cpp:" + std::to_string(here.line()) +
                                           ", while waiting for sleep(1 h)");
}

TEST(errors, describe_exception_bears_null) { EXPECT_EQ(describe_exception(nullptr), "no exception"); }

TEST(errors, demangle_leaves_what_is_not_mangled) {
  EXPECT_EQ(eddy::detail::demangle("not mangled"), "not mangled");
  EXPECT_EQ(eddy::detail::demangle("_ZN4eddy5errorE"), "eddy::error");
}

TEST(errors_death, L9_fatal_says_its_sentence) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(eddy::detail::fatal("do this instead"), "eddy: do this instead");
}

TEST(errors_death, L9_an_assertion_says_what_to_do_instead) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const bool kept = std::numeric_limits<int>::is_signed;
  EXPECT_DEATH(EDDY_ASSERT(!kept, "keep the rule"), "eddy: keep the rule");
  EDDY_ASSERT(kept, "is kept");
}

}  // namespace
