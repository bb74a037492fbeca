// SPDX-License-Identifier: BSL-1.0
// How coroutines meet the machine: rules G8, G13, C1 to C4, and the places that eddy records.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <source_location>
#include <thread>
#include <utility>

#include "tests/compiler/known.hpp"
#include "tests/compiler/lazy.hpp"
#include "tests/compiler/tracked.hpp"

namespace compiler_test {
namespace {

/// How far apart the deepest and the shallowest call stood that looked at it.
class stack_range {
 public:
  [[gnu::noinline]] void look() {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    low_ = std::min(low_, here);
    high_ = std::max(high_, here);
  }
  std::uintptr_t bytes() const { return high_ - low_; }

 private:
  std::uintptr_t low_ = std::numeric_limits<std::uintptr_t>::max();
  std::uintptr_t high_ = 0;
};

lazy<> ready_at_once(stack_range& stack) {
  stack.look();
  co_return;
}

lazy<> await_often(stack_range& stack, int times) {
  for (int i = 0; i < times; ++i) co_await ready_at_once(stack);
}

std::uintptr_t stack_used_by_ready_awaits(int times) {
  stack_range stack;
  auto coroutine = await_often(stack, times);
  coroutine.start();
  return stack.bytes();
}

// g++ makes symmetric transfer a tail call only at -O2 and above without AddressSanitizer and
// ThreadSanitizer, and no macro tells -O1 from -O2: what is asserted is what the rule protects against.
TEST(compiler_machine, G8_symmetric_transfer_grows_the_stack_by_a_bounded_amount_an_await_or_not_at_all) {
  const auto grown = stack_used_by_ready_awaits(1000);
#ifdef __clang__
  EXPECT_LT(grown, 4096u);
#else
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  if (__GNUC__ == 12) {
    EXPECT_GT(grown, 1000u * 16) << "g++ makes a tail call now: see whether the trampoline can go";
  }
#endif
  EXPECT_LT(grown, 1000u * 4096);
#endif
}

/// Resumes what it is told to, one after the other: awaiting posts and returns instead of transferring.
class trampoline {
 public:
  void post(std::coroutine_handle<> next) { next_ = next; }
  void run() {
    while (next_) std::exchange(next_, nullptr).resume();
  }

 private:
  std::coroutine_handle<> next_;
};

class bounce {
 public:
  explicit bounce(trampoline& through) : through_(&through) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const noexcept { through_->post(self); }
  void await_resume() const noexcept {}

 private:
  trampoline* through_;
};

lazy<> bounce_often(trampoline& through, stack_range& stack, int times) {
  for (int i = 0; i < times; ++i) {
    stack.look();
    co_await bounce(through);
  }
}

TEST(compiler_machine, G8_instead_a_trampoline_keeps_the_stack_constant) {
  trampoline through;
  stack_range stack;
  auto coroutine = bounce_often(through, stack, 100'000);
  coroutine.start();
  through.run();
  EXPECT_TRUE(coroutine.done());
  EXPECT_LT(stack.bytes(), 4096u);
}

/// Runs at once and destroys itself at its end.
struct fire_and_forget {
  struct promise_type {
    fire_and_forget get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
  };
};

struct destroy_here {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const noexcept { self.destroy(); }
  void await_resume() const noexcept {}
};

fire_and_forget destroyed_in_await_suspend() {
  tracked local(1);
  co_await destroy_here();
  ADD_FAILURE() << "a destroyed coroutine went on";
}

fire_and_forget destroyed_later(std::coroutine_handle<>& handle) {
  tracked local(1);
  co_await suspend_to(handle);
  ADD_FAILURE() << "a destroyed coroutine went on";
}

TEST(compiler_machine, G13_destroying_the_frame_inside_await_suspend) {
  tracker::instance().reset();
  destroyed_in_await_suspend();
  expect_known("G13", "handle.destroy() in await_suspend", !tracker::instance().balanced());
}

TEST(compiler_machine, G13_instead_destroy_after_await_suspend_has_returned) {
  tracker::instance().reset();
  std::coroutine_handle<> handle;
  destroyed_later(handle);
  handle.destroy();
  EXPECT_TRUE(tracker::instance().balanced());
}

/// Goes on, on a thread of its own, before await_suspend has returned.
class hand_over {
 public:
  explicit hand_over(std::thread& other) noexcept : other_(&other) {}
  bool await_ready() const noexcept { return false; }
  // Out of line, and nothing of the awaiter or the frame is touched after the handle is out of hand.
  [[gnu::noinline]] void await_suspend(std::coroutine_handle<> self) const {
    std::thread& other = *other_;
    other = std::thread([self] { self.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  std::thread* other_;
};

lazy<> hop(std::thread& other, std::thread::id& before, std::thread::id& after) {
  before = std::this_thread::get_id();
  co_await hand_over(other);
  after = std::this_thread::get_id();
}

TEST(compiler_machine, C1_a_hand_over_to_another_thread_is_out_of_line_and_touches_nothing_afterwards) {
  for (int i = 0; i < 100; ++i) {
    std::thread other;
    std::thread::id before;
    std::thread::id after;
    auto coroutine = hop(other, before, after);
    coroutine.start();
    other.join();
    EXPECT_TRUE(coroutine.done());
    EXPECT_NE(before, after);
  }
}

thread_local int of_this_thread = 0;
[[gnu::noinline]] int* address_of_this_threads() { return &of_this_thread; }

lazy<> look_twice(std::coroutine_handle<>& handle, int*& before, int*& after) {
  before = address_of_this_threads();
  co_await suspend_to(handle);
  after = address_of_this_threads();
}

TEST(compiler_machine, C2_a_thread_local_behind_a_noinline_function_is_the_running_threads) {
  std::coroutine_handle<> handle;
  int* before = nullptr;
  int* after = nullptr;
  auto coroutine = look_twice(handle, before, after);
  coroutine.start();
  std::thread([&] {
    handle.resume();
    EXPECT_EQ(after, &of_this_thread);
  }).join();
  EXPECT_EQ(before, &of_this_thread);
  EXPECT_NE(before, after);
}

struct argument_count;
struct counts_arguments {
  using promise_type = argument_count;
  int arguments;
};
struct argument_count {
  argument_count() = default;
  template <typename Only>
  explicit argument_count(const Only&) : count(1) {}
  template <typename Closure, typename Argument>
  argument_count(const Closure&, const Argument&) : count(2) {}

  counts_arguments get_return_object() const noexcept { return {count}; }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_never final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  void unhandled_exception() const noexcept {}
  int count = 0;
};

TEST(compiler_machine, C3_a_promise_accepts_a_lambdas_arguments_with_and_without_the_closure) {
  auto lambda = [](int) -> counts_arguments { co_return; };
  const int arguments = lambda(1).arguments;
#if defined(__clang__) && __clang_major__ <= 19
  EXPECT_EQ(arguments, 1);
#elif defined(__clang__)
  EXPECT_GE(arguments, 1);
#else
  EXPECT_EQ(arguments, 2);
#endif
}

struct alignas(64) over_aligned {
  unsigned char bytes[64] = {};
};

/// Gives its frames the least alignment that operator new promises, never more by luck.
struct barely_aligned {
  struct promise_type {
    static constexpr std::size_t least = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    static void* operator new(std::size_t size) {
      return static_cast<char*>(::operator new(size + least, std::align_val_t(64))) + least;
    }
    static void operator delete(void* frame) {
      ::operator delete(static_cast<char*>(frame) - least, std::align_val_t(64));
    }
    barely_aligned get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
  };
};

barely_aligned keep_over_aligned(std::coroutine_handle<>& handle, bool& aligned) {
  over_aligned local;
  co_await suspend_to(handle);
  // Through an asm, since a compiler may take the alignment that it promised for granted.
  over_aligned* address = &local;
  asm volatile("" : "+r"(address) : : "memory");
  aligned = reinterpret_cast<std::uintptr_t>(address) % 64 == 0;
}

TEST(compiler_machine, C4_over_aligned_locals_across_a_suspension) {
  bool aligned = false;
  std::coroutine_handle<> handle;
  keep_over_aligned(handle, aligned);
  handle.resume();
  expect_known("C4", "alignas(64) local", !aligned);
}

lazy<> keep_on_the_heap(std::coroutine_handle<>& handle, bool& aligned) {
  auto held = std::make_unique<over_aligned>();
  co_await suspend_to(handle);
  aligned = reinterpret_cast<std::uintptr_t>(held.get()) % 64 == 0;
}

TEST(compiler_machine, C4_instead_over_aligned_objects_on_the_heap) {
  bool aligned = false;
  std::coroutine_handle<> handle;
  auto coroutine = keep_on_the_heap(handle, aligned);
  coroutine.start();
  handle.resume();
  EXPECT_TRUE(aligned);
}

struct place_keeper;
struct keeps_places {
  using promise_type = place_keeper;
  std::coroutine_handle<place_keeper> frame;
};
struct place_keeper {
  keeps_places get_return_object() noexcept { return {std::coroutine_handle<place_keeper>::from_promise(*this)}; }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  void unhandled_exception() const noexcept {}
  std::suspend_never await_transform(int, std::source_location place = std::source_location::current()) noexcept {
    line = place.line();
    return {};
  }
  std::uint_least32_t line = 0;
};

keeps_places await_somewhere(std::uint_least32_t& line) {
  line = std::source_location::current().line() + 1;
  co_await 1;
}

TEST(compiler_machine, a_default_argument_of_await_transform_names_the_line_of_the_await) {
  std::uint_least32_t line = 0;
  auto coroutine = await_somewhere(line);
  EXPECT_EQ(coroutine.frame.promise().line, line);
  coroutine.frame.destroy();
}

}  // namespace
}  // namespace compiler_test
