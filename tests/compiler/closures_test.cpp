// SPDX-License-Identifier: BSL-1.0
// Closures and co_await: rules G1, G2 and the first half of G15.
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "tests/compiler/known.hpp"
#include "tests/compiler/lazy.hpp"
#include "tests/compiler/tracked.hpp"

namespace compiler_test {
namespace {

template <typename Function>
lazy<int> call_by_value(Function function) {
  co_return function();
}
template <typename Function>
lazy<int> call_by_reference(Function&& function) {
  co_return function();
}
lazy<int> call_by_std_function(std::function<int()> function) { co_return function(); }
lazy<int> two() { co_return 2; }

TEST(compiler_closures, G1_an_owning_closure_made_inside_a_co_await_expression) {
  expect_known("G1", "taken by value", !balanced([]() -> lazy<> {
                 tracked owned(1);
                 co_await call_by_value([owned] { return owned.value(); });
               }));
  expect_known("G1", "taken by reference", !balanced([]() -> lazy<> {
                 tracked owned(1);
                 co_await call_by_reference([owned] { return owned.value(); });
               }));
  expect_known("G1", "taken as std::function", !balanced([]() -> lazy<> {
                 tracked owned(1);
                 co_await call_by_std_function([owned] { return owned.value(); });
               }));
}

TEST(compiler_closures, G1_instead_name_the_closure_first) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    tracked owned(1);
    auto function = [owned] { return owned.value(); };
    co_await call_by_value(std::move(function));
  }));
}

TEST(compiler_closures, G1_instead_capture_by_reference) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    tracked owned(1);
    co_await call_by_value([&] { return owned.value(); });
  }));
}

TEST(compiler_closures, G2_a_capturing_lambda_called_and_awaited_on_the_spot) {
  expect_known("G2", "co_await [x]() -> coro<> {...}()", !balanced([]() -> lazy<> {
                 co_await [owned = tracked(1)]() -> lazy<> {
                   static_cast<void>(owned.value());
                   co_return;
                 }();
               }));
}

/// Keeps the callable and its arguments until the coroutine has ended, as eddy does.
template <typename Function, typename... Args>
lazy<> keep_and_call(Function function, Args... args) {
  co_await function(std::move(args)...);
}

TEST(compiler_closures, G2_instead_pass_the_callable_and_its_arguments_apart) {
  int seen = 0;
  std::coroutine_handle<> resume;
  tracker::instance().reset();
  {
    auto body = [&](tracked owned) -> lazy<> {
      co_await suspend_to(resume);
      seen = owned.value();
    };
    auto coroutine = keep_and_call(body, tracked(7));
    coroutine.start();
    resume.resume();
  }
  EXPECT_EQ(seen, 7);
  EXPECT_TRUE(tracker::instance().balanced());
}

TEST(compiler_closures, G15_co_await_inside_a_capture_list) {
  expect_known("G15", "[a = x(), b = co_await y()] {}", !balanced([]() -> lazy<> {
                 auto function = [a = tracked(1), b = co_await two()] { return a.value() + b; };
                 EXPECT_EQ(function(), 3);
               }));
}

TEST(compiler_closures, G15_instead_await_before_the_capture_list) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const int b = co_await two();
    auto function = [a = tracked(1), b] { return a.value() + b; };
    EXPECT_EQ(function(), 3);
  }));
}

}  // namespace
}  // namespace compiler_test
