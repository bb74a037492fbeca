// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/outcome.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace {

using eddy::outcome;

static_assert(std::is_nothrow_move_constructible_v<outcome<std::unique_ptr<int>>>);
static_assert(!std::is_copy_constructible_v<outcome<std::unique_ptr<int>>>);
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

}  // namespace
