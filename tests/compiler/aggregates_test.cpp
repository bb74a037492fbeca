// SPDX-License-Identifier: BSL-1.0
// Aggregates and co_await: rules G3, G4, G5, G7 and the second half of G15.
#include <gtest/gtest.h>

#include <array>
#include <concepts>
#include <string>
#include <utility>

#include "tests/compiler/known.hpp"
#include "tests/compiler/lazy.hpp"
#include "tests/compiler/tracked.hpp"

namespace compiler_test {
namespace {

struct aggregate {
  tracked first;
  int second = 0;
};

struct constructed {
  constructed(tracked first_value, int second_value) : first(std::move(first_value)), second(second_value) {}
  tracked first;
  int second;
};

/// Options that are set one by one, as eddy's builders are.
class builder {
 public:
  builder& first(tracked value) {
    first_ = std::move(value);
    return *this;
  }
  builder& second(int value) {
    second_ = value;
    return *this;
  }
  int sum() const { return first_.value() + second_; }

 private:
  tracked first_;
  int second_ = 0;
};

lazy<int> take_aggregate(aggregate options) { co_return options.second; }
lazy<int> take_aggregate_by_reference(const aggregate& options) { co_return options.second; }
lazy<int> take_array(std::array<tracked, 2> values) { co_return values[0].value(); }
lazy<int> take_constructed(constructed options) { co_return options.second; }
lazy<int> take_builder(builder options) { co_return options.sum(); }
lazy<tracked> make(int value) { co_return tracked(value); }

TEST(compiler_aggregates, G3_an_aggregate_made_inside_a_co_await_expression) {
  expect_known("G3", "f(aggregate{...})",
               !balanced([]() -> lazy<> { co_await take_aggregate(aggregate{tracked(1), 2}); }));
  expect_known("G3", "f(aggregate{...}) by reference",
               !balanced([]() -> lazy<> { co_await take_aggregate_by_reference(aggregate{tracked(1), 2}); }));
  expect_known("G3", "f({.first = ...})",
               !balanced([]() -> lazy<> { co_await take_aggregate({.first = tracked(1), .second = 2}); }));
  expect_known("G3", "f(std::array{...})",
               !balanced([]() -> lazy<> { co_await take_array(std::array<tracked, 2>{tracked(1), tracked(2)}); }));
}

TEST(compiler_aggregates, G3_instead_a_constructor_or_a_builder_or_a_name) {
  EXPECT_TRUE(balanced([]() -> lazy<> { co_await take_constructed(constructed(tracked(1), 2)); }));
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const int sum = co_await take_builder(builder().first(tracked(1)).second(2));
    EXPECT_EQ(sum, 3);
  }));
  EXPECT_TRUE(balanced([]() -> lazy<> {
    aggregate options{tracked(1), 2};
    co_await take_aggregate(std::move(options));
  }));
}

struct aggregate_awaiter {
  tracked value;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const { return value.value(); }
};

class constructed_awaiter {
 public:
  explicit constructed_awaiter(tracked value) : value_(std::move(value)) {}
  constructed_awaiter(const constructed_awaiter&) = delete;
  constructed_awaiter& operator=(const constructed_awaiter&) = delete;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const { return value_.value(); }

 private:
  tracked value_;
};

TEST(compiler_aggregates, G4_an_aggregate_as_awaiter) {
  expect_known("G4", "co_await awaiter{member}", !balanced([]() -> lazy<> {
                 tracked member(1);
                 co_await aggregate_awaiter{member};
               }));
}

aggregate_awaiter make_awaiter(int value) { return {tracked(value)}; }

TEST(compiler_aggregates, G4_instead_a_constructor_or_a_function) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const int value = co_await constructed_awaiter(tracked(4));
    EXPECT_EQ(value, 4);
  }));
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const int value = co_await make_awaiter(4);
    EXPECT_EQ(value, 4);
  }));
}

template <std::convertible_to<std::string>... Words>
lazy<std::size_t> total_length(Words... words) {
  co_return (std::string(words).size() + ...);
}

// `co_await f({a, b})` for an initializer_list does not compile: compiles/initializer_list.cpp.
TEST(compiler_aggregates, G5_instead_of_an_initializer_list_variadic_arguments) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const std::size_t length = co_await total_length(std::string("one"), std::string("three"));
    EXPECT_EQ(length, 8u);
  }));
}

struct pair_of_tracked {
  tracked first;
  tracked second;
};

TEST(compiler_aggregates, G7_co_await_inside_an_aggregates_braces) {
  expect_known("G7", "aggregate x{co_await a(), co_await b()}", !balanced([]() -> lazy<> {
                 pair_of_tracked both{co_await make(1), co_await make(2)};
                 EXPECT_EQ(both.second.value(), 2);
               }));
}

TEST(compiler_aggregates, G7_instead_name_each_result) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    tracked first = co_await make(1);
    tracked second = co_await make(2);
    pair_of_tracked both{first, second};
    EXPECT_EQ(both.second.value(), 2);
  }));
}

TEST(compiler_aggregates, G15_co_await_inside_an_arrays_braces) {
  expect_known("G15", "object array[2] = {x(), co_await y()}", !balanced([]() -> lazy<> {
                 tracked array[2] = {tracked(1), co_await make(2)};
                 EXPECT_EQ(array[1].value(), 2);
               }));
  expect_known("G15", "std::array{x(), co_await y()}", !balanced([]() -> lazy<> {
                 auto array = std::array{tracked(1), co_await make(2)};
                 EXPECT_EQ(array[1].value(), 2);
               }));
}

TEST(compiler_aggregates, G15_instead_await_before_the_braces) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    tracked second = co_await make(2);
    auto array = std::array{tracked(1), second};
    EXPECT_EQ(array[1].value(), 2);
  }));
}

}  // namespace
}  // namespace compiler_test
