// SPDX-License-Identifier: BSL-1.0
// No allocation on the way: in the steady state frames come from the pool, and everything else lives in them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/barrier.hpp"
#include "eddy/sync/condition.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/sync/shared_mutex.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/counts_allocations.hpp"

#if EDDY_COUNTS_ALLOCATIONS
namespace {
long allocations = 0;
}  // namespace

// Never inlined: g++ would see free() meet operator new and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif

using namespace std::chrono_literals;

namespace {

#if !EDDY_COUNTS_ALLOCATIONS

TEST(allocation, is_not_counted_under_sanitizers) {
  GTEST_SKIP() << "they bring an operator new of their own, and AddressSanitizer bypasses the frame pool";
}

#else

// Runs `once` until everything is warm, then counts what a hundred more allocate.
template <class F>
eddy::coro<long> allocations_of(F once) {
  for (int i = 0; i < 50; ++i) co_await once();
  const long before = allocations;
  for (int i = 0; i < 100; ++i) co_await once();
  co_return allocations - before;
}

eddy::coro<int> chain(int levels) {
  if (levels == 0) co_return 0;
  const int below = co_await chain(levels - 1);
  co_return below + 1;
}

EDDY_TEST(allocation, none_for_a_chain_of_calls) {
  const auto once = []() -> eddy::coro<> { co_await chain(20); };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_a_sleep) {
  const auto once = []() -> eddy::coro<> { co_await eddy::sleep(1ms); };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_a_task_and_its_join) {
  const auto once = []() -> eddy::coro<> {
    auto task = eddy::create_task(chain, 1);
    co_await task;
  };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_a_gather) {
  const auto once = []() -> eddy::coro<> { co_await eddy::gather(eddy::sleep(1ms), eddy::sleep(2ms)); };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_limits_and_shields) {
  const auto once = []() -> eddy::coro<> {
    co_await eddy::wait_for(eddy::sleep(1ms), 1h);
    co_await eddy::shield(eddy::sleep(1ms));
  };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_locks_events_and_semaphores) {
  eddy::mutex m;
  eddy::event e;
  eddy::semaphore s(0);
  const auto once = [&]() -> eddy::coro<> {
    auto held = co_await m.lock();
    auto other = eddy::create_task(
        [](eddy::mutex& lock, eddy::event& set, eddy::semaphore& permits) -> eddy::coro<> {
          set.set();
          permits.release();
          const auto mine = co_await lock.lock();
          set.clear();
        },
        std::ref(m), std::ref(e), std::ref(s));
    co_await e.wait();
    const auto permit = co_await s.acquire();
    co_await eddy::sleep(0s);
    held.unlock();
    co_await other;
    auto taken = s.try_acquire();
    taken.release();
  };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_shared_locks_conditions_and_barriers) {
  eddy::shared_mutex table;
  eddy::mutex m;
  eddy::condition changed;
  eddy::barrier both(2);
  bool ready = false;
  const auto once = [&]() -> eddy::coro<> {
    ready = false;
    auto other = eddy::create_task(
        [](auto& t, auto& lock, auto& c, auto& b, bool& r) -> eddy::coro<> {
          auto writing = co_await t.lock();
          writing.unlock();
          auto held = co_await lock.lock();
          r = true;
          c.notify();
          held.unlock();
          co_await b.wait();
        },
        std::ref(table), std::ref(m), std::ref(changed), std::ref(both), std::ref(ready));
    auto reading = co_await table.lock_shared();
    auto held = co_await m.lock();
    co_await eddy::sleep(0s);
    reading.unlock();
    co_await changed.wait(held, [&] { return ready; });
    co_await both.wait();
    co_await other;
  };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, none_for_a_hand_over_through_a_queue) {
  eddy::queue<int> q;
  const auto once = [&]() -> eddy::coro<> {
    auto giver = eddy::create_task([](eddy::queue<int>& to) -> eddy::coro<> { co_await to.put(1); }, std::ref(q));
    const int got = co_await q.get();
    EDDY_ASSERT_EQ(got, 1);
    co_await giver;
  };
  const long made = co_await allocations_of(once);
  EXPECT_EQ(made, 0);
}

EDDY_TEST(allocation, at_most_two_for_a_cancellation) {
  const auto once = []() -> eddy::coro<> {
    auto task = eddy::create_task([]() -> eddy::coro<> { co_await eddy::sleep(1h); });
    co_await eddy::sleep(1ms);
    co_await eddy::cancel_and_join(task);
  };
  const long made = co_await allocations_of(once);
  EXPECT_LE(made, 200);
}

#endif

}  // namespace
