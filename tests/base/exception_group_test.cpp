// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/exception_group.hpp"

#include <gtest/gtest.h>

#include <system_error>

namespace {

using eddy::exception_group;

template <class E>
std::exception_ptr made(E error) {
  return std::make_exception_ptr(std::move(error));
}

exception_group nested() {
  return exception_group("outer", {made(std::runtime_error("one")),
                                   made(exception_group("inner", {made(std::out_of_range("two")), made(3)})),
                                   made(std::system_error(ENOENT, std::generic_category(), "four"))});
}

TEST(exception_group, what_lists_every_error_indented) {
  const std::string text = nested().what();
  EXPECT_EQ(
      text.rfind("outer (3 errors)\n  - std::runtime_error: one\n  - eddy::exception_group: inner (2 errors)\n", 0), 0U)
      << text;
  EXPECT_NE(text.find("\n      - std::out_of_range: two\n      - an exception of type int\n  - "), std::string::npos)
      << text;
}

TEST(exception_group, one_error_is_said_in_the_singular) {
  EXPECT_STREQ(exception_group("unhandled", {made(std::runtime_error("x"))}).what(),
               "unhandled (1 error)\n  - std::runtime_error: x");
}

TEST(exception_group, S76_says_whose_error_each_is) {
  const exception_group group("task_group", {made(std::runtime_error("x")), made(std::runtime_error("y"))},
                              {"task \"fetch\" (crawl.cpp:42)", "the body"});
  EXPECT_STREQ(group.what(),
               "task_group (2 errors)\n"
               "  - task \"fetch\" (crawl.cpp:42): std::runtime_error: x\n"
               "  - the body: std::runtime_error: y");
  EXPECT_EQ(group.names().size(), 2U);
}

TEST(exception_group, find_gives_the_first_of_a_type) {
  const exception_group group = nested();
  const auto* found = group.find<std::runtime_error>();
  ASSERT_NE(found, nullptr);
  EXPECT_STREQ(found->what(), "one");
}

TEST(exception_group, find_looks_into_nested_groups) {
  const exception_group group = nested();
  const auto* found = group.find<std::out_of_range>();
  ASSERT_NE(found, nullptr);
  EXPECT_STREQ(found->what(), "two");
  const int* number = group.find<int>();
  ASSERT_NE(number, nullptr);
  EXPECT_EQ(*number, 3);
}

TEST(exception_group, find_of_a_base_of_groups_gives_an_error_and_no_group) {
  const exception_group group("outer", {made(exception_group("inner", {made(std::out_of_range("two"))}))});
  const auto* found = group.find<std::exception>();
  ASSERT_NE(found, nullptr);
  EXPECT_STREQ(found->what(), "two");
}

TEST(exception_group, find_gives_null_for_a_type_that_is_not_there) {
  EXPECT_EQ(nested().find<std::bad_alloc>(), nullptr);
}

TEST(exception_group, find_gives_a_nested_group_itself) {
  const exception_group group = nested();
  const auto* inner = group.find<exception_group>();
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ(inner->exceptions().size(), 2U);
}

TEST(exception_group, split_takes_nested_groups_apart_and_loses_nothing) {
  const auto parts = nested().split<std::runtime_error>();
  EXPECT_EQ(parts.first.size(), 2U);
  EXPECT_EQ(parts.second.size(), 2U);
  EXPECT_EQ(nested().split<std::exception>().first.size(),
            3U);  // the group itself is one, and is taken apart all the same
  const auto fine = nested().split<std::out_of_range>();
  EXPECT_EQ(fine.first.size(), 1U);
  EXPECT_EQ(fine.second.size(), 3U);
}

TEST(exception_group, split_keeps_the_order) {
  const auto parts = exception_group("g", {made(1), made('a'), made(2), made('b')}).split<int>();
  ASSERT_EQ(parts.first.size(), 2U);
  ASSERT_EQ(parts.second.size(), 2U);
  try {
    std::rethrow_exception(parts.first[1]);
  } catch (int second) {
    EXPECT_EQ(second, 2);
  }
}

TEST(exception_group, a_copy_shares_the_errors) {
  const exception_group group = nested();
  const exception_group copy = group;  // NOLINT: the copy is the subject
  EXPECT_EQ(copy.find<std::out_of_range>(), group.find<std::out_of_range>());
  EXPECT_STREQ(copy.what(), group.what());
}

TEST(exception_group, L9_a_group_of_nothing_is_misuse) { EXPECT_THROW(exception_group("g", {}), eddy::misuse_error); }

}  // namespace
