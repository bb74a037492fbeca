// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/coro.hpp"

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
