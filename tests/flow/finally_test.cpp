// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/finally.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::tracked;

namespace {

coro<int> seven() {
  co_await eddy::sleep(1ms);
  co_return 7;
}

EDDY_TEST(finally, S70_runs_the_clean_up_after_a_value_and_gives_the_value) {
  bool cleaned = false;
  const int got = co_await eddy::finally(seven, [&]() -> coro<> {
    co_await eddy::sleep(1s);
    cleaned = true;
  });
  EXPECT_EQ(got, 7);
  EXPECT_TRUE(cleaned);
}

EDDY_TEST(finally, S70_takes_a_coroutine_and_a_clean_up_that_does_not_await) {
  bool cleaned = false;
  const int got = co_await eddy::finally(seven(), [&] { cleaned = true; });
  EXPECT_EQ(got, 7);
  EXPECT_TRUE(cleaned);
}

EDDY_TEST(finally, S70_takes_named_callables_that_own_something) {
  auto owned = std::make_unique<int>(7);
  bool cleaned = false;
  auto body = [mine = std::make_unique<int>(7)]() -> coro<int> { co_return *mine; };
  auto clean_up = [mine = std::move(owned), &cleaned] { cleaned = *mine == 7; };
  const int got = co_await eddy::finally(std::ref(body), std::ref(clean_up));
  EXPECT_EQ(got, 7);
  EXPECT_TRUE(cleaned);

  auto shared = std::make_shared<int>(8);
  auto copied = [shared]() -> coro<int> { co_return *shared; };
  const int again = co_await eddy::finally(copied, [] {});
  EXPECT_EQ(again, 8);
  EXPECT_EQ(shared.use_count(), 2);
}

EDDY_TEST(finally, S70_tells_the_clean_up_how_it_ended) {
  std::string text;
  try {
    co_await eddy::finally([]() -> coro<> { throw std::runtime_error("body"); },
                           [&](const eddy::outcome<>& how) -> coro<> {
                             co_await eddy::sleep(1ms);
                             text = eddy::detail::describe_exception(how.exception());
                           });
    ADD_FAILURE() << "the exception was lost";
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(text, "std::runtime_error: body");
}

EDDY_TEST(finally, S70_runs_although_the_cancellation_came_before_the_body_could_start) {
  bool ran = false;
  bool cleaned = false;
  auto job = eddy::create_task([&]() -> coro<> {
    auto pending = eddy::context::current().cancel_requested();
    EXPECT_FALSE(pending);
    static_cast<eddy::detail::task_state&>(eddy::context::current()).cancel("by itself");
    co_await eddy::finally(
        [&]() -> coro<> {
          ran = true;
          co_return;
        },
        [&]() -> coro<> {
          co_await eddy::sleep(1ms);
          cleaned = true;
        });
  });
  co_await eddy::sleep(1s);
  EXPECT_TRUE(job.cancelled());
  EXPECT_FALSE(ran);
  EXPECT_TRUE(cleaned);
}

TEST(finally, L3_cleans_up_once_wherever_it_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> coro<> {
    tracked::note_open("by hand");
    co_await eddy::finally(
        []() -> coro<> {
          co_await eddy::sleep(1ms);
          co_await eddy::sleep(1ms);
        },
        []() -> coro<> {
          co_await eddy::sleep(1ms);
          tracked::note_close("by hand");
        });
  });
  EXPECT_GE(went.cancel_points, 9U);
}

TEST(finally, L3_shutdown_cleans_up) {
  bool cleaned = false;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::finally([] { return eddy::sleep(1h); },
                           [&]() -> coro<> {
                             co_await eddy::sleep(1ms);
                             cleaned = true;
                           });
  });
  EXPECT_TRUE(cleaned);
}

}  // namespace
