// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/outcome.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace {

using eddy::outcome;

static_assert(std::is_nothrow_move_constructible_v<outcome<std::unique_ptr<int>>>);
static_assert(!std::is_copy_constructible_v<outcome<std::unique_ptr<int>>>);
static_assert(!std::is_copy_assignable_v<outcome<std::unique_ptr<int>>>);
static_assert(std::is_copy_constructible_v<outcome<std::string>> && std::is_copy_assignable_v<outcome<>>);
static_assert(std::is_same_v<decltype(std::declval<outcome<int>&>().value()), int&>);
static_assert(std::is_same_v<decltype(std::declval<const outcome<int>&>().value()), const int&>);
static_assert(std::is_same_v<decltype(std::declval<outcome<int&>&>().value()), int&>);

TEST(outcome, is_cancelled_when_nothing_was_said) {
  const outcome<int> end;
  EXPECT_TRUE(end.cancelled());
  EXPECT_FALSE(end.has_value() || end.has_exception() || end);
  EXPECT_EQ(end.reason(), "");
  EXPECT_THROW(end.value(), eddy::cancelled_error);
}

TEST(outcome, keeps_a_value) {
  auto end = outcome<std::string>::from_value("text");
  EXPECT_TRUE(end);
  EXPECT_EQ(*end, "text");
  EXPECT_EQ(end->size(), 4U);
  EXPECT_EQ(end.exception(), nullptr);
  const std::string moved = std::move(end).value();
  EXPECT_EQ(moved, "text");
}

TEST(outcome, keeps_a_move_only_value) {
  auto end = outcome<std::unique_ptr<int>>::from_value(std::make_unique<int>(3));
  const std::unique_ptr<int> taken = *std::move(end);
  EXPECT_EQ(*taken, 3);
}

TEST(outcome, keeps_a_reference) {
  int x = 1;
  auto end = outcome<int&>::from_value(x);
  end.value() = 5;
  EXPECT_EQ(x, 5);
  const auto& constant = end;
  EXPECT_EQ(&constant.value(), &x);
}

TEST(outcome, of_void_has_a_value_or_throws) {
  EXPECT_NO_THROW(outcome<>::from_value().value());
  EXPECT_THROW(outcome<>::from_exception(std::make_exception_ptr(1)).value(), int);
}

TEST(outcome, gives_the_exception_and_throws_it) {
  const auto end = outcome<int>::from_exception(std::make_exception_ptr(std::out_of_range("far")));
  EXPECT_TRUE(end.has_exception());
  EXPECT_NE(end.exception(), nullptr);
  EXPECT_THROW(end.value(), std::out_of_range);
  EXPECT_EQ(end.reason(), "");
}

TEST(outcome, a_cancelled_one_says_why) {
  const auto end = outcome<int>::from_cancelled("shutdown");
  EXPECT_EQ(end.reason(), "shutdown");
  try {
    end.throw_if_failed();
    FAIL();
  } catch (const eddy::cancelled_error& e) {
    EXPECT_STREQ(e.what(), "cancelled: shutdown");
  }
}

TEST(outcome, values_that_look_like_the_other_ends_are_values) {
  EXPECT_TRUE(outcome<std::string>::from_value("reason").has_value());
  EXPECT_TRUE(outcome<std::exception_ptr>::from_value(std::make_exception_ptr(1)).has_value());
}

// The variant by hand: each end turns into each other, by copy and by move.
TEST(outcome, takes_the_place_of_any_other_end) {
  const auto make = [](int end) {
    if (end == 0) return outcome<std::string>::from_value("value");
    if (end == 1) return outcome<std::string>::from_exception(std::make_exception_ptr(1));
    return outcome<std::string>::from_cancelled("reason");
  };
  const auto is = [](const outcome<std::string>& o, int end) {
    if (end == 0) return o.has_value() && *o == "value";
    return end == 1 ? o.has_exception() && o.exception() != nullptr : o.cancelled() && o.reason() == "reason";
  };
  for (int from = 0; from < 3; ++from) {
    for (int to = 0; to < 3; ++to) {
      outcome<std::string> copied = make(from);
      const outcome<std::string> other = make(to);
      copied = other;
      EXPECT_TRUE(is(copied, to) && is(other, to)) << from << " " << to;
      outcome<std::string> moved = make(from);
      moved = make(to);
      EXPECT_TRUE(is(moved, to)) << from << " " << to;
      EXPECT_TRUE(is(outcome<std::string>(copied), to)) << from << " " << to;
    }
  }
}

TEST(outcome, is_left_cancelled_when_the_making_of_a_value_throws) {
  struct fails {
    fails() = default;
    fails(const fails& other) : first(other.first) { throw 1; }
    std::string first = "what is made before the throw lies where the end did";
  };
  outcome<fails> end = outcome<fails>::from_value();
  const fails value;
  EXPECT_THROW(end.emplace(value), int);
  EXPECT_TRUE(end.cancelled());
  EXPECT_EQ(end.reason(), "");
  const outcome<fails> moved = std::move(end);
  EXPECT_TRUE(moved.cancelled());
}

}  // namespace
