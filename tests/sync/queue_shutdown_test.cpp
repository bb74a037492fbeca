// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/priority_queue.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

using item = std::unique_ptr<int>;

EDDY_TEST(queue_shutdown, S34_nothing_more_is_put_and_what_is_there_is_taken) {
  eddy::queue<int> q;
  co_await q.put(1);
  co_await q.put(2);
  EXPECT_FALSE(q.is_shutdown());
  q.shutdown();
  q.shutdown();
  EXPECT_TRUE(q.is_shutdown());
  const auto refused = co_await eddy::as_outcome(q.put(3));
  EXPECT_THROW(refused.throw_if_failed(), eddy::queue_shutdown);
  EXPECT_FALSE(q.try_put(3));
  const int first = co_await q.get();
  EXPECT_EQ(first, 1);
  {
    auto job = co_await q.take();
    EXPECT_EQ(*job, 2);
    const auto none = co_await eddy::as_outcome(q.take());
    EXPECT_THROW(none.throw_if_failed(), eddy::queue_shutdown);
  }  // dropped: it is there again, and can be taken
  const int second = co_await q.get();
  EXPECT_EQ(second, 2);
  const auto empty = co_await eddy::as_outcome(q.get());
  EXPECT_THROW(empty.throw_if_failed(), eddy::queue_shutdown);
  EXPECT_EQ(q.try_get(), std::nullopt);
  q.task_done();
  q.task_done();
  co_await q.join();
}

EDDY_TEST(queue_shutdown, S34_those_who_wait_are_told_and_a_waiting_put_keeps_its_item) {
  eddy::queue<item> full(1);
  co_await full.put(std::make_unique<int>(1));
  bool kept = false;
  auto putter = eddy::create_task([&]() -> coro<> {
    auto mine = std::make_unique<int>(2);
    const auto end = co_await eddy::as_outcome(full.put(std::move(mine)));
    EXPECT_THROW(end.throw_if_failed(), eddy::queue_shutdown);
    kept = mine != nullptr;  // NOLINT: the subject
  });
  eddy::queue<int> none(0, "orders");
  auto getter = eddy::create_task([&]() -> coro<> { co_await none.get(); });
  auto taker = eddy::create_task([&]() -> coro<> { auto job = co_await none.take(); });
  co_await eddy::sleep(0s);
  EXPECT_EQ(full.statistics().putting, 1U);
  EXPECT_EQ(none.statistics().getting, 2U);
  full.shutdown();
  none.shutdown();
  co_await putter;
  EXPECT_TRUE(kept);
  EXPECT_EQ(full.size(), 1U);
  const auto got = co_await eddy::as_outcome(getter);
  EXPECT_THROW(got.throw_if_failed(), eddy::queue_shutdown);
  const auto took = co_await eddy::as_outcome(taker);
  try {
    took.throw_if_failed();
  } catch (const eddy::queue_shutdown& e) {
    EXPECT_NE(std::string(e.what()).find("queue::take \"orders\""), std::string::npos) << e.what();
  }
}

EDDY_TEST(queue_shutdown, S34_immediate_hands_back_what_is_left_and_lets_join_return) {
  eddy::queue<int> q;
  for (int i = 0; i < 4; ++i) co_await q.put(i);
  auto job = co_await q.take();
  auto joined = eddy::create_task([&]() -> coro<> { co_await q.join(); });
  co_await eddy::sleep(0s);
  const std::vector<int> left = q.shutdown(eddy::immediate);
  EXPECT_EQ(left, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(q.unfinished(), 1U);
  co_await eddy::sleep(1s);
  EXPECT_FALSE(joined.done()) << "one is on lease";
  job.done();
  co_await joined;
  EXPECT_TRUE(q.shutdown(eddy::immediate).empty());
}

EDDY_TEST(queue_shutdown, S34_immediate_ends_join_at_once_when_nobody_works) {
  eddy::priority_queue<int> q;
  for (const int i : {2, 3, 1}) co_await q.put(i);
  auto joined = eddy::create_task([&]() -> coro<> { co_await q.join(); });
  co_await eddy::sleep(0s);
  EXPECT_EQ(q.shutdown(eddy::immediate), (std::vector<int>{1, 2, 3}));
  co_await joined;
}

EDDY_TEST(queue_shutdown, S34_statistics_count_what_is_there_and_who_waits) {
  eddy::queue<int> q(2);
  co_await q.put(1);
  co_await q.put(2);
  auto job = co_await q.take();
  const eddy::queue_statistics now = q.statistics();
  EXPECT_EQ(now.size, 1U);
  EXPECT_EQ(now.max_size, 2U);
  EXPECT_EQ(now.unfinished, 2U);
  EXPECT_EQ(now.leased, 1U);
  auto joiner = eddy::create_task([&]() -> coro<> { co_await q.join(); });
  co_await eddy::sleep(0s);
  EXPECT_EQ(q.statistics().joining, 1U);
  co_await eddy::cancel_and_join(joiner);
}

TEST(queue_shutdown, L1_4_workers_that_end_with_the_queue_lose_nothing_wherever_they_are_cancelled) {
  std::optional<eddy::queue<int>> q;
  int done = 0;
  int put = 0;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        q.emplace(2U);
        done = put = 0;
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 2; ++i) {
            group.create_task([&]() -> coro<> {
              try {
                while (true) {
                  auto job = co_await q->take();
                  co_await eddy::sleep(1ms);
                  ++done;
                  job.done();
                }
              } catch (const eddy::queue_shutdown&) {
              }
            });
          }
          for (int i = 0; i < 4; ++i) {
            co_await q->put(i);
            ++put;
          }
          q->shutdown();
        });
      },
      eddy::testing::explore_options().check([&] {
        std::string problems;
        const int there = done + static_cast<int>(q->size());
        eddy::testing::require(problems, there == put || there == put + 1,
                               std::to_string(put) + " put, " + std::to_string(there) + " found");
        eddy::testing::require(problems, q->unfinished() == q->size(), "unfinished items that are not there");
        return problems;
      }));
  EXPECT_GE(went.cancel_points, 20U);
}

TEST(queue_death, L9_destroyed_with_leases_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto q = std::make_unique<eddy::queue<int>>();
                 co_await q->put(1);
                 auto job = co_await q->take();
                 q.reset();
               }),
               "queue was destroyed while items of it are on lease; let it outlive its leases");
}

}  // namespace
