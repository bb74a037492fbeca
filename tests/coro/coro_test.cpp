// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/coro.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;

namespace {

eddy::coro<int> later(int x) {
  co_await eddy::sleep(1s);
  co_return x;
}

EDDY_TEST(coro, S01_awaiting_gives_the_value) {
  const int got = co_await later(7);
  EXPECT_EQ(got, 7);
}

EDDY_TEST(coro, S01_it_is_lazy_and_runs_nothing_until_it_is_awaited) {
  bool ran = false;
  auto note = [&ran](int x) -> eddy::coro<int> {
    ran = true;
    co_return x;
  };
  auto made = note(7);
  co_await eddy::sleep(1s);
  EXPECT_TRUE(made && !ran);
  const int got = co_await std::move(made);
  EXPECT_TRUE(ran);
  EXPECT_EQ(got, 7);
}

EDDY_TEST(coro, S01_an_exception_comes_out_of_the_await) {
  auto fails = [](int x) -> eddy::coro<int> {
    co_await eddy::sleep(1s);
    if (x == 0) throw std::out_of_range("nothing");
    co_return x;
  };
  std::string text;
  try {
    co_await fails(0);
  } catch (const std::out_of_range& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "nothing");
}

EDDY_TEST(coro, S01_gives_references_what_can_only_be_moved_and_nothing) {
  int x = 1;
  auto refer = [&x]() -> eddy::coro<int&> { co_return x; };
  auto own = []() -> eddy::coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); };
  auto only_set = [&x]() -> eddy::coro<> {
    x = 3;
    co_return;
  };
  int& reference = co_await refer();
  auto owned = co_await own();
  co_await only_set();
  EXPECT_EQ(&reference, &x);
  EXPECT_EQ(*owned, 2);
  EXPECT_EQ(x, 3);
}

// Debug mode reports it: run_test.cpp. The compiler warns of the plainest form: coro.S01_a_forgotten_await....
EDDY_TEST(coro, S01_one_that_is_dropped_lets_its_arguments_go) {
  auto token = std::make_shared<int>(1);
  bool ran = false;
  auto body = [&ran](std::shared_ptr<int>) -> eddy::coro<> {
    ran = true;
    co_return;
  };
  {
    auto dropped = body(token);
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_FALSE(ran);
  co_return;
}

EDDY_TEST(coro, S66_an_hour_takes_no_time) {
  const auto start = eddy::now();
  co_await eddy::sleep(1h);
  EXPECT_EQ(eddy::now() - start, 1h);
}

TEST(coro, L3_a_resource_is_closed_wherever_its_body_is_cancelled) {
  const auto went = eddy::testing::explore([]() -> eddy::coro<> {
    co_await eddy::with(eddy::testing::tracked("a"), [](auto&) -> eddy::coro<> {
      co_await eddy::with(eddy::testing::tracked("b"), [](auto&) -> eddy::coro<> { co_await later(3); });
    });
  });
  EXPECT_EQ(went.cancel_points, 15U);
}

}  // namespace
