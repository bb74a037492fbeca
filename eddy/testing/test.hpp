// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include "eddy/testing/run_test.hpp"
#include "eddy/testing/tracked.hpp"

// GoogleTest cases that are coroutines. Write co_await on a line of its own and check its result in the next: g++ 12
// does not bear co_await inside a macro's argument.

/// A test whose body is a coroutine, on a virtual clock: `EDDY_TEST(timeout, an_hour_takes_no_time) { co_await ...; }`.
///
/// For in-memory work. An hour of sleeps takes no time. It fails when a task, timer, operation, frame, descriptor or
/// child process is left, when an error reached nobody, and when nothing can run any more (with the tree of tasks).
#define EDDY_TEST(suite, name) EDDY_DETAIL_TEST(suite, name, virtual_time)

/// The same on the real clock: for real descriptors, threads and children. It fails after a minute.
#define EDDY_IO_TEST(suite, name) EDDY_DETAIL_TEST(suite, name, real_time)

#define EDDY_DETAIL_TEST(suite, name, clock)                                                                          \
  static ::eddy::coro<> eddy_body_of_##suite##_##name();                                                              \
  TEST(suite, name) { ::eddy::testing::run_test(eddy_body_of_##suite##_##name, ::eddy::testing::test_clock::clock); } \
  static ::eddy::coro<> eddy_body_of_##suite##_##name()

// ASSERT_* returns, which a coroutine cannot: these end the body with co_return.
#define EDDY_ASSERT_RESULT(result)                               \
  if (const ::testing::AssertionResult eddy_result = (result)) { \
  } else {                                                       \
    ADD_FAILURE() << eddy_result.message();                      \
    co_return;                                                   \
  }                                                              \
  static_assert(true)

#define EDDY_ASSERT_TRUE(condition)                              \
  EDDY_ASSERT_RESULT((condition) ? ::testing::AssertionSuccess() \
                                 : ::testing::AssertionFailure() << #condition << " is false")
#define EDDY_ASSERT_FALSE(condition)                              \
  EDDY_ASSERT_RESULT(!(condition) ? ::testing::AssertionSuccess() \
                                  : ::testing::AssertionFailure() << #condition << " is true")
#define EDDY_ASSERT_EQ(a, b) EDDY_ASSERT_RESULT(::testing::internal::EqHelper::Compare(#a, #b, a, b))
#define EDDY_ASSERT_NE(a, b) EDDY_ASSERT_RESULT(::testing::internal::CmpHelperNE(#a, #b, a, b))
#define EDDY_ASSERT_LT(a, b) EDDY_ASSERT_RESULT(::testing::internal::CmpHelperLT(#a, #b, a, b))
#define EDDY_ASSERT_LE(a, b) EDDY_ASSERT_RESULT(::testing::internal::CmpHelperLE(#a, #b, a, b))
#define EDDY_ASSERT_GT(a, b) EDDY_ASSERT_RESULT(::testing::internal::CmpHelperGT(#a, #b, a, b))
#define EDDY_ASSERT_GE(a, b) EDDY_ASSERT_RESULT(::testing::internal::CmpHelperGE(#a, #b, a, b))
