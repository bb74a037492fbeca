// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/bounded_semaphore.hpp"

#include <optional>
#include <string>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

EDDY_TEST(bounded_semaphore, S33_one_release_too_many_is_misuse_and_says_so) {
  eddy::bounded_semaphore s(2);
  EXPECT_THROW(s.release(), eddy::misuse_error);
  auto permit = co_await s.acquire();
  try {
    s.release();  // the permit gives itself back: that would be a third one
    ADD_FAILURE() << "a release too many went unseen";
  } catch (const eddy::misuse_error& e) {
    EXPECT_NE(std::string(e.what()).find("a permit gives itself back"), std::string::npos) << e.what();
  }
  permit.release();
  EXPECT_EQ(s.available(), 2U);
}

EDDY_TEST(bounded_semaphore, S33_a_detached_permit_is_released_by_hand_once) {
  eddy::bounded_semaphore s(1);
  auto permit = co_await s.acquire();
  permit.detach();
  permit.detach();  // holds nothing any more
  EXPECT_FALSE(permit);
  auto waiter = eddy::create_task([&]() -> coro<> { auto mine = co_await s.acquire(); });
  co_await eddy::sleep(1s);
  EXPECT_FALSE(waiter.done());
  s.release();
  co_await waiter;
  EXPECT_EQ(s.available(), 1U);
  EXPECT_THROW(s.release(), eddy::misuse_error);
}

coro<> use(eddy::bounded_semaphore& s, bool by_hand) {
  auto permit = co_await s.acquire();
  if (by_hand) {
    permit.detach();
    s.release();
  }
  co_await eddy::sleep(1ms);
}

TEST(bounded_semaphore, L1_18_permits_are_whole_wherever_somebody_is_cancelled) {
  std::optional<eddy::bounded_semaphore> s;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        s.emplace(1U);
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 3; ++i) group.create_task(use, std::ref(*s), i % 2 == 1);
          co_await use(*s, false);
        });
      },
      eddy::testing::explore_options().check([&] {
        return s->available() == 1 ? std::string() : std::to_string(s->available()) + " permits are free instead of 1";
      }));
  EXPECT_GE(went.cancel_points, 15U);
}

TEST(bounded_semaphore, L1_18_shutdown_leaves_every_permit) {
  eddy::bounded_semaphore s(1);
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < 3; ++i) group.create_task(use, std::ref(s), false);
      co_return;
    });
  });
  EXPECT_EQ(s.available(), 1U);
}

}  // namespace
