// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/queue.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

using item = std::unique_ptr<int>;

/// A queue and the books about it: every item that was put is got, finished or still there, and exactly once.
struct market {
  explicit market(std::size_t max_size) : items(max_size) {}

  eddy::queue<item> items;
  std::vector<int> given;     // put() took it
  std::vector<int> kept;      // put() was cancelled, the owner has it
  std::vector<int> received;  // got, or finished with a lease
};

coro<> give(market& m, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    auto mine = std::make_unique<int>(i);
    auto book = eddy::on_exit([&] { (mine ? m.kept : m.given).push_back(i); });
    co_await m.items.put(std::move(mine));
  }
}

coro<> get_some(market& m, int count) {
  for (int i = 0; i < count; ++i) {
    const item got = co_await m.items.get();
    m.received.push_back(*got);
    m.items.task_done();
  }
}

coro<> lease_some(market& m, int count) {
  for (int i = 0; i < count; ++i) {
    auto job = co_await m.items.take();
    co_await eddy::sleep(1ms);
    m.received.push_back(**job);
    job.done();
  }
}

std::string judge(market& m, bool in_order = true) {
  std::string problems;
  eddy::testing::require(
      problems, m.items.unfinished() == m.items.size(),
      std::to_string(m.items.unfinished()) + " unfinished, " + std::to_string(m.items.size()) + " there");
  eddy::testing::require(problems, !in_order || std::ranges::is_sorted(m.received), "not first in, first out");
  std::multiset<int> put(m.given.begin(), m.given.end());
  std::multiset<int> found(m.received.begin(), m.received.end());
  while (auto left = m.items.try_get()) {
    eddy::testing::require(problems, *left != nullptr, "an empty item is in the queue");
    if (*left) found.insert(**left);
  }
  eddy::testing::require(problems, put == found,
                         std::to_string(put.size()) + " put, " + std::to_string(found.size()) + " found");
  return problems;
}

EDDY_TEST(queue, S34_hands_items_over_first_in_first_out) {
  market m(2);
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.create_task(give, std::ref(m), 0, 10);
    group.create_task(get_some, std::ref(m), 10);
    co_return;
  });
  EXPECT_EQ(m.received.size(), 10U);
  EXPECT_EQ(judge(m), "");
}

EDDY_TEST(queue, S34_put_waits_while_it_is_full) {
  eddy::queue<int> q(1);
  co_await q.put(1);
  EXPECT_TRUE(q.full());
  EXPECT_FALSE(q.try_put(2));
  auto second = eddy::create_task([&]() -> coro<> { co_await q.put(2); });
  co_await eddy::sleep(1s);
  EXPECT_FALSE(second.done());
  const int first = co_await q.get();
  EXPECT_EQ(first, 1);
  co_await second;
  EXPECT_EQ(q.size(), 1U);
  EXPECT_EQ(*q.try_get(), 2);
  EXPECT_EQ(q.try_get(), std::nullopt);
}

EDDY_TEST(queue, S34_a_refused_try_put_leaves_the_item) {
  eddy::queue<item> q(1);
  EXPECT_TRUE(q.try_put(std::make_unique<int>(1)));
  auto mine = std::make_unique<int>(2);
  EXPECT_FALSE(q.try_put(std::move(mine)));
  EXPECT_NE(mine, nullptr);
  co_return;
}

EDDY_TEST(queue, S34_join_waits_until_everything_is_dealt_with) {
  eddy::queue<int> q;
  co_await q.join();  // nothing was put
  for (int i = 0; i < 3; ++i) co_await q.put(i);
  auto joined = eddy::create_task([&]() -> coro<> { co_await q.join(); });
  for (int i = 0; i < 3; ++i) {
    co_await q.get();
    co_await eddy::sleep(1s);
    EXPECT_FALSE(joined.done());
    q.task_done();
  }
  co_await joined;
  EXPECT_THROW(q.task_done(), eddy::misuse_error);
}

EDDY_TEST(queue, L1_4_a_lease_that_is_dropped_goes_back_to_the_head) {
  eddy::queue<int> q;
  co_await q.put(1);
  co_await q.put(2);
  auto worker = eddy::create_task([&]() -> coro<> {
    auto job = co_await q.take();
    co_await eddy::sleep(1h);
    job.done();
  });
  co_await eddy::sleep(1s);
  EXPECT_EQ(q.size(), 1U);
  co_await eddy::cancel_and_join(worker);
  EXPECT_EQ(q.size(), 2U);
  EXPECT_EQ(q.unfinished(), 2U);
  auto job = co_await q.take();
  EXPECT_EQ(*job, 1);
  job.done();
  job.done();  // says nothing new
  const int second = co_await q.get();
  EXPECT_EQ(second, 2);
  q.task_done();
  co_await q.join();
}

EDDY_TEST(queue, L1_4_a_dropped_lease_goes_to_whoever_waits) {
  eddy::queue<int> q;
  co_await q.put(1);
  auto holder = eddy::create_task([&]() -> coro<> {
    auto job = co_await q.take();
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(0s);
  auto waiter = eddy::create_task([&]() -> coro<int> {
    auto job = co_await q.take();
    job.done();
    co_return *job;
  });
  auto joined = eddy::create_task([&]() -> coro<> { co_await q.join(); });
  co_await eddy::sleep(0s);
  holder.cancel();
  const int got = co_await waiter;
  EXPECT_EQ(got, 1);
  co_await joined;
}

EDDY_TEST(queue, S34_a_returned_lease_may_stand_above_the_limit_and_lets_nobody_in_before_it_is_gone) {
  eddy::queue<int> q(1);
  co_await q.put(1);
  std::optional<eddy::queue<int>::lease> job;
  job.emplace(co_await q.take());
  co_await q.put(2);
  job.reset();
  EXPECT_EQ(q.size(), 2U);
  auto third = eddy::create_task([&]() -> coro<> { co_await q.put(3); });
  co_await eddy::sleep(0s);
  EXPECT_EQ(*q.try_get(), 1);
  co_await eddy::sleep(0s);
  EXPECT_FALSE(third.done());
  EXPECT_EQ(*q.try_get(), 2);
  co_await third;
  EXPECT_EQ(*q.try_get(), 3);
}

EDDY_TEST(queue, L1_an_item_given_to_a_getter_that_is_cancelled_reaches_it) {
  eddy::queue<int> q;
  int got = 0;
  auto getter = eddy::create_task([&]() -> coro<> {
    got = co_await q.get();
    co_await eddy::checkpoint();
  });
  co_await eddy::sleep(0s);
  q.try_put(5);
  getter.cancel();
  co_await eddy::sleep(0s);
  EXPECT_EQ(got, 5);
  EXPECT_TRUE(getter.cancelled());
}

EDDY_TEST(queue, L1_a_put_that_is_cancelled_leaves_the_item_with_its_owner) {
  eddy::queue<item> q(1);
  co_await q.put(std::make_unique<int>(1));
  bool kept = false;
  auto putter = eddy::create_task([&]() -> coro<> {
    auto mine = std::make_unique<int>(2);
    auto look = eddy::on_cancel([&] { kept = mine != nullptr; });
    co_await q.put(std::move(mine));
  });
  co_await eddy::sleep(0s);
  co_await eddy::cancel_and_join(putter);
  EXPECT_TRUE(kept);
  EXPECT_EQ(q.size(), 1U);
}

TEST(queue, L1_no_item_is_lost_or_doubled_wherever_get_and_put_are_cancelled) {
  std::optional<market> m;
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const auto went = eddy::testing::explore(
        [&]() -> coro<> {
          m.emplace(limit);
          co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
            group.create_task(get_some, std::ref(*m), 3);
            group.create_task(give, std::ref(*m), 0, 5);
            co_await eddy::sleep(1ms);
            co_await get_some(*m, 2);
            co_await m->items.join();
          });
        },
        eddy::testing::explore_options().check([&] { return judge(*m); }));
    EXPECT_GE(went.cancel_points, 15U);
  }
}

TEST(queue, L1_4_no_item_is_lost_or_doubled_wherever_leases_are_cancelled) {
  std::optional<market> m;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        m.emplace(2);
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          group.create_task(lease_some, std::ref(*m), 2);
          group.create_task(lease_some, std::ref(*m), 3);
          co_await give(*m, 0, 5);
          co_await m->items.join();
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*m, false); }));
  EXPECT_GE(went.cancel_points, 30U);
}

TEST(queue, L1_no_item_is_lost_when_get_is_due_in_the_turn_of_its_deadline) {
  std::optional<market> m;
  eddy::testing::explore(
      [&]() -> coro<> {
        m.emplace(1);
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          group.create_task([&m = *m]() -> coro<> {
            for (int i = 0; i < 6; ++i) {
              co_await eddy::sleep(1ms);
              co_await give(m, i, 1);
            }
          });
          for (int got = 0; got < 6;) {
            try {
              const item one = co_await eddy::wait_for(m->items.get(), 1ms);
              m->received.push_back(*one);
              m->items.task_done();
              ++got;
            } catch (const eddy::timeout_error&) {
            }
          }
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*m); }));
}

EDDY_TEST(queue, L1_3_a_race_over_two_queues_filled_in_one_turn_loses_nothing) {
  eddy::queue<int> a;
  eddy::queue<int> b;
  auto filler = eddy::create_task([&]() -> coro<> {
    a.try_put(1);
    b.try_put(2);
    co_return;
  });
  auto both = co_await eddy::race(a.get(), b.get());
  EXPECT_EQ(both.index(), 0U);
  const int sum =
      both.get<0>().value_or(0) + both.get<1>().value_or(0) + a.try_get().value_or(0) + b.try_get().value_or(0);
  EXPECT_EQ(sum, 3);
  co_await filler;
}

TEST(queue, L1_shutdown_leaves_every_item) {
  market m(1);
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task(give, std::ref(m), 0, 5);
      group.create_task(lease_some, std::ref(m), 5);
      co_return;
    });
  });
  EXPECT_EQ(judge(m), "");
  EXPECT_FALSE(m.given.empty());
}

EDDY_IO_TEST(queue, S34_is_fed_from_another_thread_by_way_of_the_loop) {
  eddy::queue<int> q;
  eddy::testing::from_thread other([&] { q.try_put(42); });
  const int got = co_await q.get();
  EXPECT_EQ(got, 42);
}

EDDY_TEST(queue, S35_a_pool_of_workers_on_a_queue) {
  eddy::queue<int> jobs(3);
  int sum = 0;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& workers) -> coro<> {
    for (int i = 0; i < 4; ++i) {
      workers.create_task([&]() -> coro<> {
        while (true) {
          auto job = co_await jobs.take();
          co_await eddy::sleep(1s);
          sum += *job;
          job.done();
        }
      });
    }
    for (int i = 1; i <= 20; ++i) co_await jobs.put(i);
    co_await jobs.join();
    workers.cancel();
  });
  EXPECT_EQ(sum, 210);
}

/// An item whose next move throws.
class fragile {
 public:
  explicit fragile(int value, bool throws = false) : value_(value), throws_(throws) {}
  fragile(fragile&& other) : value_(other.value_), throws_(other.throws_) {
    if (throws_) throw std::runtime_error("a move failed");
  }
  fragile& operator=(fragile&&) = delete;
  int value() const noexcept { return value_; }

 private:
  int value_;
  bool throws_;
};

EDDY_TEST(queue, L6_a_waiting_put_whose_item_cannot_be_moved_gets_the_exception) {
  eddy::queue<fragile> q(1);
  fragile first(1);
  co_await q.put(std::move(first));
  fragile second(2, true);
  auto putter = eddy::create_task([&]() -> coro<> { co_await q.put(std::move(second)); });
  co_await eddy::sleep(0s);
  const fragile got = co_await q.get();  // makes room: the putter's trouble is not the getter's
  EXPECT_EQ(got.value(), 1);
  std::string text;
  try {
    co_await putter;
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "a move failed");
  EXPECT_TRUE(q.empty());
}

/// An item whose moves throw while that is asked of all of its kind.
struct shy {
  static inline bool throws = false;
  explicit shy(int v) : value(v) {}
  shy(shy&& other) : value(other.value) {
    if (throws) throw std::runtime_error("a move failed");
  }
  shy& operator=(shy&&) = delete;
  int value;
};

EDDY_TEST(queue, L6_a_put_that_fails_leaves_every_other_item_where_it_is) {
  eddy::queue<shy> q;
  for (int i = 0; i < 4; ++i) q.try_put(shy(i));  // so that a fifth takes more memory
  for (int size = 4; size < 40; ++size) {
    shy next(size);
    shy::throws = true;
    EXPECT_THROW(q.try_put(std::move(next)), std::runtime_error);
    shy::throws = false;
    EXPECT_EQ(q.size(), static_cast<std::size_t>(size));
    q.try_put(std::move(next));
  }
  for (int i = 0; i < 40; ++i) {
    const shy got = co_await q.get();
    EXPECT_EQ(got.value, i);
  }
}

TEST(queue_death, L9_destroyed_with_waiters_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto q = std::make_unique<eddy::queue<int>>();
                 eddy::create_task([&q]() -> coro<> { co_await q->get(); });
                 co_await eddy::sleep(0s);
                 q.reset();
               }),
               "queue was destroyed while tasks wait for it; let it outlive them");
}

}  // namespace
