// SPDX-License-Identifier: BSL-1.0
// Every awaitable that needs no system, through everything that explore and explore_orders can do to it.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "eddy/coro/future.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/map_concurrent.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/retry.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/expect_at_end.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/explore_orders.hpp"
#include "eddy/testing/ledger.hpp"
#include "eddy/testing/tracked.hpp"
#include "tests/testing/every_awaitable.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::testing::explore_options;
using eddy::testing::order_options;
using eddy::testing::sample;
using eddy::testing::tracked;

namespace {

coro<int> after(std::chrono::nanoseconds pause, int value) {
  co_await eddy::sleep(pause);
  co_return value;
}
coro<> wait_a_little() { co_await eddy::sleep(1ms); }
coro<> in_a_resource() {
  co_await eddy::with(tracked("resource"), [](tracked&) { return wait_a_little(); });
}

// -- sync

coro<> use_event() {
  eddy::event ready;
  const auto wait = [&]() -> coro<> { co_await ready.wait(); };
  const auto set = [&]() -> coro<> {
    co_await wait_a_little();
    ready.set();
  };
  co_await eddy::gather(wait(), wait(), set());
}

coro<> use_mutex() {
  eddy::mutex door;
  const eddy::testing::free_at_end free(door);
  const auto enter = [&]() -> coro<> {
    auto held = co_await door.lock();
    co_await wait_a_little();
  };
  co_await eddy::gather(enter(), enter(), enter());
}

coro<> use_semaphore() {
  eddy::semaphore permits(2);
  const eddy::testing::whole_at_end whole(permits, 2);
  const auto enter = [&]() -> coro<> {
    auto held = co_await permits.acquire();
    co_await wait_a_little();
  };
  co_await eddy::gather(enter(), enter(), enter());
}

/// A queue with its books, whichever way items are taken.
class market {
 public:
  market()
      : rest_("what is left is counted", [this] {
          while (auto each = items.try_get()) books.left(*each);
          return true;
        }) {}
  coro<> give(int count) {
    for (int i = 0; i < count; ++i) {
      const int item = books.next_item();
      co_await items.put(item);
      books.put(item);
    }
  }
  eddy::testing::ledger books{"items"};
  eddy::queue<int> items{1};

 private:
  eddy::testing::expect_at_end rest_;
};

coro<> use_queue() {
  market m;
  const auto get = [&]() -> coro<> {
    for (int i = 0; i < 2; ++i) {
      const int got = co_await m.items.get();
      m.books.took(got);
      m.items.task_done();
    }
  };
  const auto join = [&]() -> coro<> { co_await m.items.join(); };
  co_await eddy::gather(get(), m.give(4), get(), join());
}

coro<> use_leases() {
  market m;
  const auto take = [&]() -> coro<> {
    for (int i = 0; i < 2; ++i) {
      auto job = co_await m.items.take();
      co_await wait_a_little();
      m.books.took(*job);
      job.done();
    }
  };
  co_await eddy::gather(take(), m.give(4), take());
}

// -- tasks and futures

coro<> use_future() {
  eddy::promise<int> promise;
  auto future = promise.get_future();
  const auto set = [&]() -> coro<> {
    co_await wait_a_little();
    promise.set_value(7);
  };
  co_await eddy::gather(set(), [](eddy::future<int> f) -> coro<> { co_await f; }(std::move(future)));
}

coro<> use_tasks() {
  co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
    auto left = group.create_task(after, 1ms, 1);
    auto right = group.create_task(in_a_resource);
    co_await left;
    co_await eddy::cancel_and_join(right);
  });
}

coro<> use_wait() {
  co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
    std::vector<eddy::task<int>> tasks{group.create_task(after, 1ms, 1), group.create_task(after, 2ms, 2)};
    auto first = co_await eddy::wait(tasks).until(eddy::first_completed);
    EXPECT_FALSE(first.done.empty());
    auto all = co_await eddy::wait(tasks).limit(1h);
    EXPECT_EQ(all.done.size() + all.pending.size(), 2U);
  });
}

// -- flow

coro<> use_sleep() {
  co_await eddy::sleep(1ms);
  co_await eddy::sleep_until(eddy::now() + 1ms);
  co_await eddy::checkpoint();
}

coro<> use_gather() { co_await eddy::gather(after(1ms, 1), in_a_resource(), eddy::sleep(2ms)); }

coro<> use_outcomes() {
  auto ends = co_await eddy::gather(eddy::return_exceptions, after(1ms, 1), in_a_resource());
  EXPECT_EQ(std::get<0>(ends).value(), 1);
  if (std::get<1>(ends).has_exception()) std::rethrow_exception(std::get<1>(ends).exception());
}

coro<> use_race() { co_await eddy::race(after(1ms, 1), in_a_resource(), eddy::sleep(1ms)); }

coro<> use_wait_for() {
  auto in_time = co_await eddy::as_outcome(eddy::wait_for(after(1ms, 1), 1h));
  static_cast<void>(in_time.cancelled());
  auto late = co_await eddy::as_outcome(eddy::timeout(1ms, [] { return after(1h, 1); }));
  EXPECT_FALSE(late.has_value());
}

coro<> use_shield() { co_await eddy::shield(in_a_resource()); }

coro<> use_finally() {
  co_await eddy::finally(in_a_resource, [] { return wait_a_little(); });
}

coro<> use_group() {
  co_await eddy::with(eddy::task_group(), [](eddy::task_group& group) -> coro<> {
    group.create_task(in_a_resource);
    group.create_task(in_a_resource);
    co_await wait_a_little();
  });
}

coro<> use_map() {
  const std::vector<int> input{1, 2, 3};
  co_await eddy::with(eddy::map_concurrent(input, 2, [](int each) { return after(1ms, each); }),
                      [](auto& results) -> coro<> {
                        while (auto each = co_await results.next()) static_cast<void>(each->has_value());
                      });
}

coro<> use_retry() {
  int attempts = 0;
  auto fails_once = [&attempts]() -> coro<> {
    co_await wait_a_little();
    if (attempts++ == 0) throw eddy::error("on purpose");
  };
  co_await eddy::retry(eddy::retry_policy(), fails_once);
}

// -- streams

coro<> use_lines() {
  auto ends = eddy::memory_pipe(eddy::memory_pipe_options().capacity(4));
  const auto write = [&]() -> coro<> {
    co_await ends.first.writer().write("one\ntwo\nthree\n");
    co_await ends.first.writer().write_eof();
  };
  const auto read = [&]() -> coro<> {
    auto lines = ends.second.reader().lines();
    int count = 0;
    while (auto line = co_await lines.next()) ++count;
    EXPECT_EQ(count, 3);
  };
  co_await eddy::gather(write(), read());
}

coro<> use_reads() {
  auto ends = eddy::memory_pipe(eddy::memory_pipe_options().capacity(4));
  const auto write = [&]() -> coro<> {
    co_await ends.first.writer().write("0123456789;rest");
    co_await ends.first.writer().drain();
    co_await ends.first.close();
  };
  const auto read = [&]() -> coro<> {
    const std::string exactly = co_await ends.second.reader().read_exactly(5);
    EXPECT_EQ(exactly, "01234");
    const std::string until = co_await ends.second.reader().read_until(";");
    EXPECT_EQ(until, "56789;");
    const std::string all = co_await ends.second.reader().read_all(100);
    EXPECT_EQ(all, "rest");
  };
  co_await eddy::gather(write(), read());
}

const sample samples[] = {
    {"event", use_event},       {"mutex", use_mutex},   {"semaphore", use_semaphore}, {"queue", use_queue},
    {"leases", use_leases},     {"future", use_future}, {"tasks", use_tasks},         {"wait", use_wait},
    {"sleep", use_sleep},       {"gather", use_gather}, {"outcomes", use_outcomes},   {"race", use_race},
    {"wait_for", use_wait_for}, {"shield", use_shield}, {"finally", use_finally},     {"group", use_group},
    {"map", use_map},           {"retry", use_retry},   {"lines", use_lines},         {"reads", use_reads},
};

class every_awaitable : public testing::TestWithParam<sample> {};

TEST_P(every_awaitable, L1_L5_bears_every_disturbance) {
  const auto went = eddy::testing::explore(GetParam().body, explore_options().everything());
  EXPECT_TRUE(went.repeatable) << went.why_unrepeatable;
  EXPECT_GE(went.cancel_points, 3U);
}

TEST_P(every_awaitable, L7_L10_is_right_in_every_order) {
  const auto went = eddy::testing::explore_orders(GetParam().body, order_options().cancelling().slow_steps());
  EXPECT_GT(went.orders, 100U);
}

INSTANTIATE_TEST_SUITE_P(in_memory, every_awaitable, testing::ValuesIn(samples), eddy::testing::name_of_sample);

}  // namespace
