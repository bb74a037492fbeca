// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/synchronisation.md and of the section on deadlocks in docs/guide/debugging.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eddy/coro/deadlock.hpp"
#include "eddy/coro/future.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/sync/barrier.hpp"
#include "eddy/sync/bounded_semaphore.hpp"
#include "eddy/sync/condition.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/lifo_queue.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/priority_queue.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/shared_mutex.hpp"
#include "eddy/testing/run_test.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

// [mutex]
class account {
 public:
  coro<bool> withdraw(int amount) {
    auto held = co_await lock_.lock();  // first come, first served
    if (balance_ < amount) co_return false;
    co_await write_down(amount);  // others wait in line, the loop goes on
    balance_ -= amount;
    co_return true;
  }

 private:
  coro<> write_down(int) { co_await eddy::sleep(1ms); }

  eddy::mutex lock_{"account"};  // the name stands in reports
  int balance_ = 100;
};
// [mutex]

EDDY_TEST(synchronisation, S33_mutex) {
  account a;
  int paid = 0;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) {
      group.create_task([&]() -> coro<> {
        const bool ok = co_await a.withdraw(40);
        paid += ok ? 40 : 0;
      });
    }
    co_return;
  });
  EXPECT_EQ(paid, 80);
}

// [shared_mutex]
class settings {
 public:
  coro<std::string> look_up(std::string key) {
    auto reading = co_await lock_.lock_shared();  // together with other readers
    co_await eddy::sleep(1ms);
    co_return values_[key];
  }
  coro<> change(std::string key, std::string value) {
    auto writing = co_await lock_.lock();  // alone; readers that come later wait behind it
    co_await eddy::sleep(1ms);
    values_[key] = std::move(value);
  }

 private:
  eddy::shared_mutex lock_;
  std::map<std::string, std::string> values_;
};
// [shared_mutex]

EDDY_TEST(synchronisation, S33_shared_mutex) {
  settings s;
  co_await s.change("colour", "green");
  const std::string colour = co_await s.look_up("colour");
  EXPECT_EQ(colour, "green");
}

// [condition]
class tank {
 public:
  coro<> fill(int litres) {
    auto held = co_await lock_.lock();
    litres_ += litres;
    changed_.notify_all();
  }
  coro<> take(int litres) {
    auto held = co_await lock_.lock();
    co_await changed_.wait(held, [&] { return litres_ >= litres; });  // unlocks while it waits
    litres_ -= litres;                                                // `held` holds the lock again
  }

 private:
  eddy::mutex lock_;
  eddy::condition changed_;
  int litres_ = 0;
};
// [condition]

EDDY_TEST(synchronisation, S33_condition) {
  tank t;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.create_task([&] { return t.take(3); });
    for (int i = 0; i < 3; ++i) {
      co_await eddy::sleep(1s);
      co_await t.fill(1);
    }
  });
}

EDDY_TEST(synchronisation, S33_semaphore) {
  int refused = 0;
  // [bounded]
  eddy::bounded_semaphore slots(2);
  auto permit = co_await slots.acquire();  // gives itself back at the end of its scope
  try {
    slots.release();  // one too many: nobody detached a permit
  } catch (const eddy::misuse_error&) {
    ++refused;
  }
  // [bounded]
  EXPECT_EQ(refused, 1);
}

// [barrier]
coro<> player(eddy::barrier& round, int& rounds) {
  for (int i = 0; i < 3; ++i) {
    co_await eddy::sleep(1ms);                        // the part that each does alone
    const std::size_t place = co_await round.wait();  // until all have come
    if (place == 0) ++rounds;                         // one of them does what only one should do
  }
}
// [barrier]

EDDY_TEST(synchronisation, S33_barrier) {
  eddy::barrier round(3);
  int rounds = 0;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(player, std::ref(round), std::ref(rounds));
    co_return;
  });
  EXPECT_EQ(rounds, 3);
}

// [queue]
coro<> worker(eddy::queue<int>& jobs, int& sum) {
  try {
    while (true) {
      auto job = co_await jobs.take();  // a lease: dropped without done(), the item goes back to the head
      co_await eddy::sleep(1ms);
      sum += *job;
      job.done();
    }
  } catch (const eddy::queue_shutdown&) {  // nothing is left, and nothing will come
  }
}

coro<int> add_up(int count) {
  eddy::queue<int> jobs(10, "jobs");  // put() waits while ten are there
  int sum = 0;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& workers) -> coro<> {
    for (int i = 0; i < 3; ++i) workers.create_task(worker, std::ref(jobs), std::ref(sum));
    for (int i = 1; i <= count; ++i) co_await jobs.put(i);
    jobs.shutdown();  // the workers take what is there, and end
  });
  co_return sum;
}
// [queue]

EDDY_TEST(synchronisation, S34_workers_end_with_the_queue) {
  const int sum = co_await add_up(100);
  EXPECT_EQ(sum, 5050);
}

EDDY_TEST(synchronisation, S34_orders) {
  std::vector<std::string> order;
  // [orders]
  struct call {
    int urgency;
    std::string who;
  };
  struct most_urgent {
    bool operator()(const call& a, const call& b) const { return a.urgency > b.urgency; }
  };
  eddy::priority_queue<call, most_urgent> calls;  // equals in the order they came
  calls.try_put(call{1, "a neighbour"});
  calls.try_put(call{9, "the fire brigade"});
  eddy::lifo_queue<std::string> plates;  // the last one first
  plates.try_put("lower");
  plates.try_put("upper");
  // [orders]
  while (auto next = calls.try_get()) order.push_back(next->who);
  while (auto next = plates.try_get()) order.push_back(*next);
  EXPECT_THAT(order, testing::ElementsAre("the fire brigade", "a neighbour", "upper", "lower"));
  co_return;
}

EDDY_TEST(synchronisation, S34_immediate) {
  std::vector<int> seen;
  const auto write_down = [&](int item) { seen.push_back(item); };
  // [immediate]
  eddy::queue<int> jobs;
  jobs.try_put(1);
  jobs.try_put(2);
  for (const int left : jobs.shutdown(eddy::immediate)) write_down(left);  // nothing is dropped silently
  // [immediate]
  EXPECT_THAT(seen, testing::ElementsAre(1, 2));
  co_return;
}

// [promise]
// Something with a callback, as a coroutine.
coro<int> measure(void (*start)(std::function<void(int)> done)) {
  auto result = std::make_shared<eddy::promise<int>>();  // shared, since std::function copies
  start([result](int value) { result->set_value(value); });
  auto value = result->get_future();
  result.reset();  // when the callback is dropped uncalled, the promise goes: broken_promise instead of a hang
  co_return co_await value;
}
// [promise]

EDDY_TEST(synchronisation, S13_promise) {
  const auto later = [](std::function<void(int)> done) {
    eddy::event_loop::current().call_later(1s, [done = std::move(done)] { done(7); });
  };
  const int value = co_await measure(later);
  EXPECT_EQ(value, 7);
  const auto forgets = [](std::function<void(int)>) {};
  const auto end = co_await eddy::as_outcome(measure(forgets));
  EXPECT_THROW(end.throw_if_failed(), eddy::broken_promise);
}

// [deadlock]
coro<> move_goods(eddy::mutex& from, eddy::mutex& to) {
  auto first = co_await from.lock();
  co_await eddy::sleep(1ms);
  auto second = co_await to.lock();
}

coro<> two_ways() {
  eddy::mutex stock("stock");
  eddy::mutex ledger("ledger");
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.create_task(move_goods, std::ref(stock), std::ref(ledger)).name("order 9");
    group.create_task(move_goods, std::ref(ledger), std::ref(stock)).name("order 4");
    co_return;
  });
}
// [deadlock]

TEST(debugging, S33_a_deadlock_explains_itself) {
  const auto result = eddy::testing::run_body(two_ways, eddy::testing::test_clock::virtual_time);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_THAT(result.problems[0], testing::HasSubstr("waits for mutex \"ledger\" (synchronisation_test.cpp:"));
  EXPECT_THAT(result.problems[0], testing::HasSubstr(": a deadlock"));
}

// [explain]
coro<> watch() {
  while (true) {
    co_await eddy::sleep(10s);
    if (const std::string circles = eddy::explain_waits(); !circles.empty()) std::cerr << circles << '\n';
  }
}
// [explain]

EDDY_TEST(debugging, S33_explain_waits_on_demand) {
  auto watching = eddy::create_task(watch);
  co_await eddy::sleep(1min);
  EXPECT_EQ(eddy::explain_waits(), "");
  co_await eddy::cancel_and_join(watching);
}

}  // namespace
