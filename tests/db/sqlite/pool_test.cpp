// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/pool.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/explore.hpp"
#include "tests/db/sqlite/async_support.hpp"

namespace eddy::sqlite::tests {
namespace {

class sqlite_pool : public sqlite_files {
 protected:
  /// Runs `body(pool&)` with an empty table t(a).
  template <class F>
  void on_pool(F body) {
    run_io([&]() -> coro<> {
      co_await with(pool(file()).readers(2).wait_limit(2s), [&](pool& db) -> coro<> {
        co_await db.execute("create table t(a)");
        co_await body(db);
      });
    });
  }
  static coro<int> rows_in(pool& db) {
    auto count = co_await db.fetch_one_as<int>("select count(*) from t");
    co_return count.value();
  }
};

TEST_F(sqlite_pool, S57_has_the_verbs_of_a_connection) {
  on_pool([](pool& db) -> coro<> {
    auto added = co_await db.execute("insert into t values (?), (?)", 1, 2);
    EXPECT_EQ(added.changes, 2);
    auto all = co_await db.fetch("select a from t order by a");
    EXPECT_EQ(all.size(), 2u);
    auto one = co_await db.fetch_one("select a from t where a = ?", 2);
    EXPECT_EQ(one.value().get<int>(0), 2);
    auto typed = co_await db.fetch_as<int>("select a from t order by a");
    EXPECT_EQ(typed, (std::vector<int>{1, 2}));
    co_await db.execute_script("insert into t values (3); insert into t values (4)");
    auto returned = co_await db.fetch_one_as<int>("insert into t values (5) returning a");
    EXPECT_EQ(returned.value(), 5);
    auto rows = db.rows("select a from t order by a");
    int sum = 0;
    while (true) {
      auto each = co_await rows.next();
      if (!each) break;
      sum += each->get<int>(0);
    }
    EXPECT_EQ(sum, 15);
  });
}

TEST_F(sqlite_pool, S57_can_be_awaited_and_lives_in_a_scope) {
  run_io([&]() -> coro<> {
    auto db = co_await pool(file()).readers(1);
    co_await db.execute("create table t(a)");
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(db.statistics().connections, 2u);
    pool lazy(file());
    EXPECT_EQ(lazy.statistics().connections, 0u);
    auto same = co_await rows_in(lazy);
    EXPECT_EQ(same, 0);
  });
}

TEST_F(sqlite_pool, S57_says_when_the_file_cannot_be_opened) {
  run_io([&]() -> coro<> {
    auto refused = co_await throws<open_error>([&] { return pool("/nowhere/at/all/a.db"); });
    EXPECT_TRUE(refused);
  });
}

TEST_F(sqlite_pool, S57_a_database_in_memory_has_one_connection) {
  run_io([&]() -> coro<> {
    auto db = co_await pool(":memory:");
    co_await db.execute("create table t(a)");
    co_await gather(db.execute("insert into t values (1)"), db.execute("insert into t values (2)"));
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(db.statistics().connections, 1u);
  });
}

TEST_F(sqlite_pool, S57_readers_do_not_wait_for_a_transaction_and_see_what_is_committed) {
  on_pool([](pool& db) -> coro<> {
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("insert into t values (1)");
      auto count = co_await rows_in(db);
      EXPECT_EQ(count, 0);
    });
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_pool, S58_nobody_else_writes_while_a_transaction_is_open) {
  on_pool([](pool& db) -> coro<> {
    event inside;
    auto writes = create_task([&]() -> coro<> {
      co_await inside.wait();
      co_await db.execute("insert into t values (2)");
    });
    auto thrown = co_await throws<std::runtime_error>([&] {
      return with(db.transaction(), [&](connection& tx) -> coro<> {
        co_await tx.execute("insert into t values (1)");
        inside.set();
        while (db.statistics().writers_waiting != 1) co_await sleep(1ms);
        co_await sleep(5ms);  // it goes on waiting
        EXPECT_EQ(db.statistics().writers_waiting, 1u);
        throw std::runtime_error("on purpose");
      });
    });
    EXPECT_TRUE(thrown);
    co_await writes;
    auto values = co_await db.fetch_as<int>("select a from t");
    EXPECT_EQ(values, std::vector<int>{2});
  });
}

TEST_F(sqlite_pool, L9_writing_through_the_pool_inside_its_transaction_is_refused) {
  on_pool([](pool& db) -> coro<> {
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      auto refused = co_await throws<misuse_error>([&] { return db.execute("insert into t values (1)"); });
      EXPECT_TRUE(refused);
      co_await tx.execute("insert into t values (2)");
    });
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_pool, L7_writers_are_served_in_order) {
  on_pool([](pool& db) -> coro<> {
    std::vector<coro<>> all;
    for (int i = 0; i < 20; ++i) {
      all.push_back([](pool& p, int n) -> coro<> {
        co_await with(p.transaction(), [&](connection& tx) -> coro<> {
          co_await tx.execute("insert into t values (?)", n);
          co_await sleep(0ms);
        });
      }(db, i));
    }
    co_await gather(std::move(all));
    auto values = co_await db.fetch_as<int>("select a from t order by rowid");
    for (int i = 0; i < 20; ++i) EXPECT_EQ(values.at(static_cast<std::size_t>(i)), i);
  });
}

TEST_F(sqlite_pool, S57_a_wait_ends_at_the_limit_and_says_why) {
  run_io([&]() -> coro<> {
    auto db = co_await pool(file()).wait_limit(5ms);
    std::string text;
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("create table t(a)");
      auto other = create_task([&]() -> coro<> {
        try {
          co_await db.execute("insert into t values (1)");
        } catch (const timeout_error& failure) {
          text = failure.what();
        }
      });
      co_await other;
    });
    EXPECT_TRUE(contains(text, "waited 5 ms for the writer"));
    EXPECT_TRUE(contains(text, file()));
    EXPECT_EQ(db.statistics().timed_out, 1u);
    co_await db.execute("insert into t values (1)");
  });
}

TEST_F(sqlite_pool, S57_statements_that_begin_by_hand_are_refused_and_undone) {
  on_pool([](pool& db) -> coro<> {
    auto refused = co_await throws<usage_error>([&] { return db.execute("begin"); });
    EXPECT_TRUE(refused);
    co_await db.execute("insert into t values (1)");
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_pool, L1_a_cancelled_query_gives_its_connection_back) {
  on_pool([](pool& db) -> coro<> {
    for (int i = 0; i < 4; ++i) {
      auto timed_out = co_await throws<timeout_error>([&] { return wait_for(db.fetch(endless), 3ms); });
      EXPECT_TRUE(timed_out);
    }
    EXPECT_EQ(db.statistics().readers_in_use, 0u);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
  });
}

TEST_F(sqlite_pool, L12_a_stream_keeps_a_reader_until_its_end) {
  on_pool([](pool& db) -> coro<> {
    co_await db.execute("insert into t values (1), (2)");
    auto rows = db.rows("select a from t order by a");
    auto first = co_await rows.next();
    EXPECT_EQ(first.value().get<int>(0), 1);
    EXPECT_EQ(db.statistics().readers_in_use, 1u);
    co_await rows.next();
    auto end = co_await rows.next();
    EXPECT_FALSE(end.has_value());
    EXPECT_EQ(db.statistics().readers_in_use, 0u);
    {
      auto dropped = db.rows("select a from t");
      co_await dropped.next();
    }
    EXPECT_EQ(db.statistics().readers_in_use, 0u);
    auto returning = db.rows("insert into t values (3) returning a");
    auto third = co_await returning.next();
    EXPECT_EQ(third.value().get<int>(0), 3);
  });
}

TEST_F(sqlite_pool, S57_a_connection_that_failed_hard_is_replaced) {
  run_io([&]() -> coro<> {
    auto db = co_await pool(file()).readers(1);
    co_await db.execute("create table t(a)");
    auto broken = co_await throws<corrupt_error>([&] {
      return with(db.transaction(), [](connection& tx) -> coro<> {
        co_await tx.run([](database&) -> int { throw corrupt_error({11, "damaged on purpose"}); });
      });
    });
    EXPECT_TRUE(broken);
    EXPECT_EQ(db.statistics().replaced, 1u);
    co_await db.execute("insert into t values (1)");
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_pool, S57_closing_fails_who_waits_and_what_comes_later) {
  run_io([&]() -> coro<> {
    auto db = co_await pool(file());
    task<> waits;
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("create table t(a)");
      waits = create_task([&db]() -> coro<> { co_await db.execute("insert into t values (1)"); });
      co_await sleep(2ms);
      co_await db.close();
    });
    auto closed = co_await throws<usage_error>([&] { return waits; });
    EXPECT_TRUE(closed);
    auto later = co_await throws<usage_error>([&] { return db.execute("select 1"); });
    EXPECT_TRUE(later);
    EXPECT_EQ(db.statistics().connections, 0u);
  });
}

TEST_F(sqlite_pool, L4_the_loop_shuts_down_with_jobs_outstanding) {
  const auto start = clock::now();
  eddy::run([&]() -> coro<> {
    auto db = std::make_shared<pool>(pool(file()));
    create_task([db]() -> coro<> { co_await db->fetch(endless); });
    create_task([db]() -> coro<> { co_await db->execute("create table t(a)"); });
    create_task([db]() -> coro<> { co_await db->fetch(endless); });
    co_await sleep(10ms);
  });
  EXPECT_LT(clock::now() - start, 3s);
}

TEST_F(sqlite_pool, S57_cancelled_anywhere_nothing_is_left) {
  const auto path = file();
  {
    database db(path);
    db.execute("create table t(a)");
  }
  const auto body = [&]() -> coro<> {
    co_await with(pool(path).readers(1), [&](pool& db) -> coro<> {
      co_await db.execute("insert into t values (0)");
      co_await with(db.transaction(), [&](connection& tx) -> coro<> {
        co_await tx.execute("insert into t values (1)");
        co_await tx.execute("insert into t values (1)");
      });
      auto rows = db.rows("select a from t");
      co_await rows.next();
    });
  };
  const auto check = [&]() -> std::string {
    database db(path);
    const auto ones = db.fetch_one_as<int>("select count(*) from t where a = 1").value();
    return ones % 2 == 0 ? "" : "half a transaction was committed";
  };
  const auto result =
      testing::explore(body, testing::explore_options().clock(testing::test_clock::real_time).check(check));
  EXPECT_GT(result.cancel_points, 20u);
}

}  // namespace
}  // namespace eddy::sqlite::tests
