// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/function.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace {

using eddy::detail::function;
using eddy::detail::invoke_callable;

struct adder {
  long base = 0;  // as wide as a pointer: g++ 12 thinks that plus could be virtual, and warns of a smaller object
  long plus(int more) const { return base + more; }
};

int twice(int n) { return 2 * n; }

TEST(function, calls_what_it_was_made_of) {
  int base = 40;
  EXPECT_EQ(function<int(int)>([base](int n) { return base + n; })(2), 42);
  EXPECT_EQ(function<int(int)>(twice)(21), 42);
  EXPECT_EQ(function<long(const adder&, int)>(&adder::plus)(adder{40}, 2), 42);
  EXPECT_EQ(function<int(int)>(std::function<int(int)>(twice))(21), 42);
}

TEST(function, none_is_what_null_pointers_and_empty_functions_give) {
  int (*const nothing)(int) = nullptr;
  EXPECT_FALSE(function<int(int)>());
  EXPECT_FALSE(function<int(int)>(nullptr));
  EXPECT_FALSE(function<int(int)>(nothing));
  EXPECT_FALSE(function<int(int)>(std::function<int(int)>()));
  EXPECT_TRUE(function<int(int)>(twice) != nullptr);
}

TEST(function, copies_share_nothing_and_each_destroys_its_own) {
  auto watched = std::make_shared<int>(7);
  {
    function<int()> first([watched, text = std::string("owned")] { return *watched + static_cast<int>(text.size()); });
    const function<int()> second = first;
    EXPECT_EQ(watched.use_count(), 3);
    function<int()> third = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): empty is what it is then
    EXPECT_EQ(watched.use_count(), 3);
    EXPECT_EQ(second() + third(), 24);
    third = nullptr;
    EXPECT_EQ(watched.use_count(), 2);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(function, a_callable_keeps_its_state_between_calls) {
  const function<int()> count([n = 0]() mutable { return ++n; });
  count();
  EXPECT_EQ(count(), 2);
}

TEST(function, a_result_may_be_dropped) {
  int called = 0;
  const function<void()> call([&] { return ++called; });
  call();
  EXPECT_EQ(called, 1);
}

TEST(invoke_callable, is_std_invoke) {
  const adder one{1};
  EXPECT_EQ(invoke_callable(&adder::plus, one, 2), 3);
  EXPECT_EQ(invoke_callable(&adder::plus, &one, 2), 3);
  EXPECT_EQ(invoke_callable(&adder::base, one), 1);
  EXPECT_EQ(invoke_callable(twice, 3), 6);
}

TEST(function_deathtest, calling_none_says_so) { EXPECT_DEATH(function<void()>()(), "an empty function was called"); }

}  // namespace
