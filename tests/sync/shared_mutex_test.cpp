// SPDX-License-Identifier: BSL-1.0
#include "eddy/sync/shared_mutex.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

static_assert(!std::is_copy_constructible_v<eddy::shared_mutex::guard> &&
              std::is_nothrow_move_constructible_v<eddy::shared_mutex::guard>);

struct library {
  eddy::shared_mutex door;
  int readers = 0;
  int writers = 0;
  int most_readers = 0;
  bool mixed = false;
  std::string order;  // who came in
};

void note_in(library& l, int& count, char who) {
  ++count;
  l.order += who;
  l.most_readers = std::max(l.most_readers, l.readers);
  l.mixed |= l.writers > 1 || (l.writers == 1 && l.readers > 0);
}

coro<> read(library& l, char who) {
  auto held = co_await l.door.lock_shared();
  note_in(l, l.readers, who);
  auto leave = eddy::on_exit([&] { --l.readers; });
  co_await eddy::sleep(1ms);
}

coro<> write(library& l, char who) {
  auto held = co_await l.door.lock();
  note_in(l, l.writers, who);
  auto leave = eddy::on_exit([&] { --l.writers; });
  co_await eddy::sleep(1ms);
}

std::string judge(library& l) {
  std::string problems;
  eddy::testing::require(problems, !l.mixed, "a writer was not alone");
  eddy::testing::require(problems, l.readers == 0 && l.writers == 0, "somebody never left");
  eddy::testing::require(problems, !l.door.locked() && l.door.readers() == 0, "the lock is held by nobody");
  auto again = l.door.try_lock();
  eddy::testing::require(problems, static_cast<bool>(again), "the lock cannot be taken again");
  return problems;
}

EDDY_TEST(shared_mutex, S33_lets_readers_in_together_and_writers_alone) {
  library l;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (const char who : {'a', 'b', 'c'}) group.create_task(read, std::ref(l), who);
    group.create_task(write, std::ref(l), 'X');
    group.create_task(write, std::ref(l), 'Y');
    co_return;
  });
  EXPECT_EQ(l.most_readers, 3);
  EXPECT_EQ(l.order, "abcXY");
  EXPECT_EQ(judge(l), "");
}

EDDY_TEST(shared_mutex, L7_a_waiting_writer_stops_later_readers) {
  library l;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.create_task(read, std::ref(l), 'a');
    group.create_task(write, std::ref(l), 'X');
    group.create_task(read, std::ref(l), 'b');
    group.create_task(read, std::ref(l), 'c');
    group.create_task(write, std::ref(l), 'Y');
    group.create_task(read, std::ref(l), 'd');
    co_await eddy::sleep(0s);
    EXPECT_FALSE(l.door.try_lock_shared()) << "nobody barges in";
    EXPECT_EQ(l.door.readers(), 1U);
  });
  EXPECT_EQ(l.order, "aXbcYd");
  EXPECT_EQ(l.most_readers, 2);
  EXPECT_EQ(judge(l), "");
}

EDDY_TEST(shared_mutex, S33_try_forms_and_guards_move) {
  eddy::shared_mutex m;
  auto first = m.try_lock_shared();
  auto second = m.try_lock_shared();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(m.try_lock());
  EXPECT_EQ(m.readers(), 2U);
  second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT: the subject
  EXPECT_EQ(m.readers(), 1U);
  second.unlock();
  second.unlock();
  auto alone = m.try_lock();
  EXPECT_TRUE(alone && m.locked());
  EXPECT_FALSE(m.try_lock_shared());
  EXPECT_FALSE(m.try_lock());
  alone = eddy::shared_mutex::guard();
  EXPECT_FALSE(m.locked());
  co_return;
}

EDDY_TEST(shared_mutex, L1_a_cancelled_writer_lets_the_readers_behind_it_in) {
  library l;
  auto inside = co_await l.door.lock_shared();
  auto writer = eddy::create_task(write, std::ref(l), 'X');
  auto reader = eddy::create_task(read, std::ref(l), 'a');
  co_await eddy::sleep(0s);
  EXPECT_EQ(l.order, "");
  writer.cancel();
  co_await reader;  // although one reader is still inside
  EXPECT_EQ(l.order, "a");
  inside.unlock();
  EXPECT_EQ(judge(l), "");
}

EDDY_TEST(shared_mutex, L1_a_lock_handed_to_a_waiter_that_is_cancelled_is_not_lost) {
  library l;
  auto inside = co_await l.door.lock();
  bool had_it = false;
  auto waiter = eddy::create_task([&]() -> coro<> {
    auto mine = co_await l.door.lock();
    had_it = true;
    co_await eddy::checkpoint();
    ADD_FAILURE() << "the cancellation was lost";
  });
  co_await eddy::sleep(0s);
  inside.unlock();
  waiter.cancel();
  co_await eddy::sleep(0s);
  EXPECT_TRUE(had_it && waiter.cancelled());
  EXPECT_EQ(judge(l), "");
}

TEST(shared_mutex, L1_is_atomic_wherever_somebody_is_cancelled) {
  std::optional<library> l;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        l.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          group.create_task(read, std::ref(*l), 'a');
          group.create_task(write, std::ref(*l), 'X');
          group.create_task(read, std::ref(*l), 'b');
          co_await eddy::sleep(0s);
          co_await write(*l, 'Y');
          co_await read(*l, 'c');
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*l); }));
  EXPECT_GE(went.cancel_points, 20U);
}

TEST(shared_mutex, L1_is_atomic_under_limits_that_end_waiters_one_by_one) {
  std::optional<library> l;
  eddy::testing::explore(
      [&]() -> coro<> {
        l.emplace();
        co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
          for (int i = 0; i < 5; ++i) {
            group.create_task([&l = *l, i]() -> coro<> {
              try {
                if (i % 2 == 0)
                  co_await eddy::wait_for(read(l, 'r'), 2ms);  // due when the lock is handed over
                else
                  co_await eddy::wait_for(write(l, 'w'), 2ms);
              } catch (const eddy::timeout_error&) {
              }
            });
          }
          co_return;
        });
      },
      eddy::testing::explore_options().check([&] { return judge(*l); }));
}

TEST(shared_mutex, L1_shutdown_leaves_it_free) {
  library l;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      group.create_task(read, std::ref(l), 'a');
      group.create_task(write, std::ref(l), 'X');
      group.create_task(read, std::ref(l), 'b');
      co_return;
    });
  });
  EXPECT_EQ(judge(l), "");
  EXPECT_EQ(l.order, "a");
}

EDDY_IO_TEST(shared_mutex, S33_is_unlocked_from_another_thread_by_way_of_the_loop) {
  eddy::shared_mutex m;
  auto held = co_await m.lock_shared();
  eddy::testing::from_thread other([&] { held.unlock(); });
  auto mine = co_await m.lock();
  EXPECT_TRUE(mine);
}

TEST(shared_mutex_death, L9_destroyed_with_waiters_or_holders_says_what_to_do) {
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto m = std::make_unique<eddy::shared_mutex>();
                 auto held = co_await m->lock();
                 eddy::create_task([&m]() -> coro<> { auto mine = co_await m->lock_shared(); });
                 co_await eddy::sleep(0s);
                 m.reset();
               }),
               "shared_mutex was destroyed while tasks wait for it; let it outlive them");
  EXPECT_DEATH(eddy::run([]() -> coro<> {
                 auto m = std::make_unique<eddy::shared_mutex>();
                 auto held = co_await m->lock_shared();
                 m.reset();
               }),
               "shared_mutex was destroyed while it is locked; let it outlive its guards");
}

}  // namespace
