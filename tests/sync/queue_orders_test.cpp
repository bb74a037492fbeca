// SPDX-License-Identifier: BSL-1.0
// What the orders of a queue do; what they share is tested in queue_test.cpp and queue_shutdown_test.cpp.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/lifo_queue.hpp"
#include "eddy/sync/priority_queue.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

template <class Queue>
std::vector<typename Queue::value_type> drain(Queue& q) {
  std::vector<typename Queue::value_type> all;
  while (auto one = q.try_get()) all.push_back(std::move(*one));
  return all;
}

EDDY_TEST(priority_queue, S34_gives_the_least_first) {
  eddy::priority_queue<int> q;
  for (const int i : {3, 1, 4, 1, 5, 9, 2, 6}) co_await q.put(i);
  EXPECT_EQ(drain(q), (std::vector<int>{1, 1, 2, 3, 4, 5, 6, 9}));
  eddy::priority_queue<int, std::greater<>> greatest;
  for (const int i : {3, 1, 4}) co_await greatest.put(i);
  EXPECT_EQ(drain(greatest), (std::vector<int>{4, 3, 1}));
}

struct job {
  int urgency;
  std::string name;
};
struct more_urgent {
  bool operator()(const job& a, const job& b) const { return a.urgency > b.urgency; }
};

EDDY_TEST(priority_queue, S34_equals_keep_the_order_in_which_they_were_put) {
  eddy::priority_queue<job, more_urgent> q;
  for (const char* name : {"a", "b", "c", "d"}) {
    const job low{1, name};
    const job high{2, name};
    co_await q.put(low);
    co_await q.put(high);
  }
  std::string order;
  for (const job& j : drain(q)) order += j.name;
  EXPECT_EQ(order, "abcdabcd");
}

EDDY_TEST(priority_queue, L1_4_a_dropped_lease_goes_before_its_equals_and_behind_what_is_less) {
  eddy::priority_queue<std::pair<int, char>, decltype([](const auto& a, const auto& b) { return a.first < b.first; })>
      q;
  for (const char c : {'a', 'b', 'c'}) {
    std::pair<int, char> item(1, c);
    co_await q.put(std::move(item));
  }
  {
    auto first = co_await q.take();
    auto second = co_await q.take();
    EXPECT_EQ(first->second, 'a');
    EXPECT_EQ(second->second, 'b');
    std::pair<int, char> least(0, 'z');
    co_await q.put(std::move(least));
  }  // b comes back, then a
  std::string order;
  for (const auto& item : drain(q)) order += item.second;
  EXPECT_EQ(order, "zabc");
}

EDDY_TEST(priority_queue, S34_takes_items_that_can_only_be_moved) {
  struct by_value {
    bool operator()(const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) const { return *a < *b; }
  };
  eddy::priority_queue<std::unique_ptr<int>, by_value> q(2);
  co_await q.put(std::make_unique<int>(2));
  co_await q.put(std::make_unique<int>(1));
  auto third = eddy::create_task([&]() -> coro<> { co_await q.put(std::make_unique<int>(0)); });
  co_await eddy::sleep(1s);
  EXPECT_FALSE(third.done()) << "a full queue lets nobody in, however urgent";
  const auto first = co_await q.get();
  EXPECT_EQ(*first, 1);
  co_await third;
  const auto second = co_await q.get();
  EXPECT_EQ(*second, 0);
}

EDDY_TEST(lifo_queue, S34_gives_the_last_one_first) {
  eddy::lifo_queue<int> q;
  for (int i = 1; i <= 3; ++i) co_await q.put(i);
  {
    auto job = co_await q.take();
    EXPECT_EQ(*job, 3);
  }
  EXPECT_EQ(drain(q), (std::vector<int>{3, 2, 1}));
}

EDDY_TEST(lifo_queue, L7_waiters_are_served_first_come_first_served) {
  eddy::lifo_queue<int> q;
  std::vector<std::pair<int, int>> got;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int who = 0; who < 3; ++who) {
      group.create_task([&, who]() -> coro<> {
        const int item = co_await q.get();
        got.emplace_back(who, item);
      });
    }
    co_await eddy::sleep(0s);
    for (int i = 0; i < 3; ++i) q.try_put(i);
  });
  EXPECT_EQ(got, (std::vector<std::pair<int, int>>{{0, 0}, {1, 1}, {2, 2}}));
}

template <class Queue>
class queue_orders : public testing::Test {};
using orders = testing::Types<eddy::queue<int>, eddy::lifo_queue<int>, eddy::priority_queue<int>>;
TYPED_TEST_SUITE(queue_orders, orders);

// Every item that was put is received once, or still there, or has stayed with its owner.
TYPED_TEST(queue_orders, L1_no_item_is_lost_or_doubled_wherever_somebody_is_cancelled) {
  std::optional<TypeParam> q;
  std::vector<int> received;
  int put = 0;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        q.emplace(1U);
        received.clear();
        put = 0;
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          group.create_task([&]() -> coro<> {
            for (int i = 0; i < 2; ++i) {
              auto job = co_await q->take();
              co_await eddy::sleep(1ms);
              received.push_back(*job);
              job.done();
            }
          });
          group.create_task([&]() -> coro<> {
            const int item = co_await q->get();
            received.push_back(item);
            q->task_done();
          });
          for (int i = 0; i < 3; ++i) {
            co_await q->put(i);
            ++put;
          }
          co_await q->join();
        });
      },
      eddy::testing::explore_options().check([&] {
        std::string problems;
        std::set<int> found(received.begin(), received.end());
        std::size_t count = received.size();
        eddy::testing::require(problems, q->unfinished() == q->size(), "unfinished items that are not there");
        eddy::testing::require(problems, q->statistics().leased == 0, "a lease is left");
        for (const int item : drain(*q)) {
          found.insert(item);
          ++count;
        }
        eddy::testing::require(problems, found.size() == count, "an item came twice");
        // The last put may have been done and its caller cancelled before it could count that.
        const int there = static_cast<int>(count);
        eddy::testing::require(problems, there == put || there == put + 1,
                               std::to_string(put) + " put, " + std::to_string(there) + " found");
        return problems;
      }));
  EXPECT_GE(went.cancel_points, 15U);
}

}  // namespace
