// SPDX-License-Identifier: BSL-1.0
// co_await inside larger expressions: rules G6, G9, G10, G11, G12, G14 and X1.
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "tests/compiler/known.hpp"
#include "tests/compiler/lazy.hpp"
#include "tests/compiler/tracked.hpp"

namespace compiler_test {
namespace {

lazy<tracked> make(int value) { co_return tracked(value); }
lazy<bool> is_long(std::string text) { co_return text.size() > 3; }

/// An awaiter that holds something, and no frame of its own.
class holder {
 public:
  explicit holder(int value) : value_(value) {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const { return value_.value(); }

 private:
  tracked value_;
};

TEST(compiler_expressions, G6_a_choice_between_two_awaits) {
  expect_known("G6", "c ? co_await a() : co_await b()",
               !balanced(
                   [](bool choice) -> lazy<> {
                     tracked value = choice ? co_await make(1) : co_await make(2);
                     EXPECT_EQ(value.value(), 1);
                   },
                   true));
  expect_known("G6", "co_await (c ? a() : b())",
               !balanced([](bool choice) -> lazy<> { co_await (choice ? holder(1) : holder(2)); }, true));
}

TEST(compiler_expressions, G6_instead_if_and_else) {
  for (const bool choice : {true, false}) {
    EXPECT_TRUE(balanced(
        [](bool first) -> lazy<> {
          if (first) {
            tracked value = co_await make(1);
            EXPECT_EQ(value.value(), 1);
          } else {
            const int value = co_await holder(2);
            EXPECT_EQ(value, 2);
          }
        },
        choice));
  }
}

// `text + "x" == "y" && co_await f()` crashes g++ 12: compiles/logical_and.cpp.
TEST(compiler_expressions, G9_instead_of_a_condition_with_temporaries_two_statements) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const std::string text = "lon";
    bool both = text + "g" == "long";
    if (both) both = co_await is_long(text + "g");
    EXPECT_TRUE(both);
  }));
}

// co_await inside a statement expression crashes g++ 12: compiles/statement_expression.cpp.
TEST(compiler_expressions, G10_instead_of_a_statement_expression_statements) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    const std::string text = "long";
    const bool known = co_await is_long(text);
    const std::string result = text + (known ? "1" : "0");
    EXPECT_EQ(result, "long1");
  }));
}

struct two_tracked {
  tracked first;
  tracked second;
};
lazy<two_tracked> make_two() { co_return two_tracked{tracked(1), tracked(2)}; }

TEST(compiler_expressions, G12_a_structured_binding_straight_from_co_await) {
  expect_known("G12", "auto [a, b] = co_await f()", !balanced([]() -> lazy<> {
                 auto [first, second] = co_await make_two();
                 EXPECT_EQ(first.value() + second.value(), 3);
               }));
}

TEST(compiler_expressions, G12_instead_bind_a_named_result) {
  EXPECT_TRUE(balanced([]() -> lazy<> {
    auto both = co_await make_two();
    auto& [first, second] = both;
    EXPECT_EQ(first.value() + second.value(), 3);
  }));
}

struct service {
  lazy<std::size_t> length(std::string text) { co_return text.size() + offset; }
  std::size_t offset = 1;
};

template <typename Member, typename... Args>
lazy<std::size_t> call_member(service* object, Member member, Args... args) {
  auto call = (object->*member)(std::move(args)...);
  co_return co_await call;
}

// `co_await (object->*member)(std::move(args)...)` crashes later g++: compiles/member_pointer.cpp.
TEST(compiler_expressions, G14_instead_of_awaiting_a_member_pointers_call_name_the_call) {
  service object;
  auto coroutine = call_member(&object, &service::length, std::string("abc"));
  coroutine.start();
  EXPECT_EQ(coroutine.result(), 4u);
}

/// Knows its allocations, so that a test can see one leak, and free it.
class counted_allocation {
 public:
  counted_allocation(tracked first, int second) : first_(std::move(first)), second_(second) {}
  static void* operator new(std::size_t size) { return last = ::operator new(size); }
  static void operator delete(void* memory) {
    last = nullptr;
    ::operator delete(memory);
  }
  int sum() const { return first_.value() + second_; }

  static inline void* last = nullptr;

 private:
  tracked first_;
  int second_;
};

lazy<int> never(std::coroutine_handle<>& handle) {
  co_await suspend_to(handle);
  co_return 2;
}

TEST(compiler_expressions, X1_co_await_inside_a_new_expression_leaks_when_destroyed_there) {
  std::coroutine_handle<> handle;
  {
    auto coroutine = [](std::coroutine_handle<>& waiting) -> lazy<> {
      std::unique_ptr<counted_allocation> object(new counted_allocation(tracked(1), co_await never(waiting)));
      EXPECT_EQ(object->sum(), 3);
    }(handle);
    coroutine.start();
  }
  expect_known("X1", "new t(a, co_await b)", counted_allocation::last != nullptr);
  ::operator delete(std::exchange(counted_allocation::last, nullptr));
}

TEST(compiler_expressions, X1_instead_make_unique) {
  std::coroutine_handle<> handle;
  {
    auto coroutine = [](std::coroutine_handle<>& waiting) -> lazy<> {
      auto object = std::make_unique<counted_allocation>(tracked(1), co_await never(waiting));
      EXPECT_EQ(object->sum(), 3);
    }(handle);
    coroutine.start();
  }
  EXPECT_EQ(counted_allocation::last, nullptr);
}

}  // namespace
}  // namespace compiler_test
