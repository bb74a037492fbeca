// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/transaction.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/testing/explore.hpp"
#include "tests/db/sqlite/async_support.hpp"

namespace eddy::sqlite::tests {
namespace {

class sqlite_transaction : public sqlite_files {
 protected:
  /// Runs `body(connection&)` with an empty table t(a).
  template <class F>
  void on_table(F body) {
    on_loop([&](connection& db) -> coro<> {
      co_await db.execute("create table t(a)");
      co_await body(db);
    });
  }
  static coro<int> rows_in(connection& db) {
    auto count = co_await db.fetch_one_as<int>("select count(*) from t");
    co_return count.value();
  }
};

TEST_F(sqlite_transaction, S58_a_value_commits) {
  on_table([](connection& db) -> coro<> {
    auto result = co_await with(db.transaction(), [&](connection& tx) -> coro<int> {
      co_await tx.execute("insert into t values (1)");
      co_return 7;
    });
    EXPECT_EQ(result, 7);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_transaction, S58_an_exception_rolls_back_and_goes_on) {
  on_table([](connection& db) -> coro<> {
    auto thrown = co_await throws<std::out_of_range>([&] {
      return with(db.transaction(), [&](connection& tx) -> coro<> {
        co_await tx.execute("insert into t values (1)");
        throw std::out_of_range("on purpose");
      });
    });
    EXPECT_TRUE(thrown);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
  });
}

TEST_F(sqlite_transaction, S58_a_cancellation_rolls_back) {
  on_table([](connection& db) -> coro<> {
    auto timed_out = co_await throws<timeout_error>([&] {
      return timeout(5ms, [&]() -> coro<> {
        co_await with(db.transaction(), [&](connection& tx) -> coro<> {
          co_await tx.execute("insert into t values (1)");
          co_await sleep(1h);
        });
      });
    });
    EXPECT_TRUE(timed_out);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
  });
}

// Cancelled at each of its awaits, at each moment: all of it, or nothing, and the connection works afterwards.
TEST_F(sqlite_transaction, S58_cancelled_anywhere_it_is_all_or_nothing) {
  const auto path = file();
  {
    database db(path);
    db.execute("create table t(a)");
  }
  const auto body = [&]() -> coro<> {
    auto db = co_await open(path);
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("insert into t values (1)");
      co_await with(tx.transaction(),
                    [&](connection& inner) -> coro<> { co_await inner.execute("insert into t values (2)"); });
      co_await tx.execute("insert into t values (3)");
    });
    co_await db.close();
  };
  const auto check = [&]() -> std::string {
    database db(path);
    const auto count = db.fetch_one_as<int>("select count(*) from t").value();
    return count % 3 == 0 ? "" : "half a transaction was committed: " + std::to_string(count) + " rows";
  };
  const auto result =
      testing::explore(body, testing::explore_options().clock(testing::test_clock::real_time).check(check));
  EXPECT_GT(result.cancel_points, 10u);
}

TEST_F(sqlite_transaction, S58_nested_ones_are_savepoints) {
  on_table([](connection& db) -> coro<> {
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("insert into t values (1)");
      auto thrown = co_await throws<std::runtime_error>([&] {
        return with(tx.transaction(), [&](connection& inner) -> coro<> {
          co_await inner.execute("insert into t values (2)");
          co_await with(inner.transaction(),
                        [&](connection& third) -> coro<> { co_await third.execute("insert into t values (3)"); });
          throw std::runtime_error("on purpose");
        });
      });
      EXPECT_TRUE(thrown);
      auto inside = co_await rows_in(tx);
      EXPECT_EQ(inside, 1);
      co_await with(tx.transaction(),
                    [&](connection& inner) -> coro<> { co_await inner.execute("insert into t values (4)"); });
    });
    auto values = co_await db.fetch_as<int>("select a from t order by a");
    EXPECT_EQ(values, (std::vector<int>{1, 4}));
  });
}

TEST_F(sqlite_transaction, S58_ten_thousand_inserts) {
  on_table([](connection& db) -> coro<> {
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      for (int i = 0; i < 10'000; ++i) co_await tx.execute("insert into t values (?)", i);
    });
    auto sum = co_await db.fetch_one_as<std::int64_t>("select sum(a) from t");
    EXPECT_EQ(sum.value(), 49'995'000);
  });
}

TEST_F(sqlite_transaction, S58_others_wait_for_its_end_in_their_order) {
  on_table([](connection& db) -> coro<> {
    co_await gather(
        [](connection& c) -> coro<> {
          co_await with(c.transaction(), [&](connection& tx) -> coro<> {
            co_await tx.execute("insert into t values (1)");
            co_await sleep(5ms);
            co_await tx.execute("insert into t values (2)");
          });
        }(db),
        db.execute("insert into t values (3)"),
        [](connection& c) -> coro<> {
          co_await with(c.transaction(), [&](connection& tx) -> coro<> {
            co_await tx.execute("insert into t values (4)");
            co_await sleep(1ms);
          });
        }(db),
        db.execute("insert into t values (5)"));
    auto values = co_await db.fetch_as<int>("select a from t order by rowid");
    EXPECT_EQ(values, (std::vector<int>{1, 2, 3, 4, 5}));
  });
}

TEST_F(sqlite_transaction, L1_who_waits_for_its_end_can_be_cancelled) {
  on_table([](connection& db) -> coro<> {
    auto waits = create_task([&db]() -> coro<> {
      co_await sleep(1ms);
      co_await db.execute("insert into t values (2)");
    });
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("insert into t values (1)");
      co_await sleep(5ms);
      waits.cancel();
      co_await sleep(0ms);
    });
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_transaction, L9_the_outer_connection_inside_the_body_is_refused) {
  on_table([](connection& db) -> coro<> {
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      auto refused = co_await throws<misuse_error>([&] { return db.execute("insert into t values (1)"); });
      EXPECT_TRUE(refused);
      auto nested = co_await throws<misuse_error>([&] {
        return with(db.transaction(), [](connection& again) -> coro<> { co_await again.execute("select 1"); });
      });
      EXPECT_TRUE(nested);
      auto closing = co_await throws<usage_error>([&] { return tx.close(); });
      EXPECT_TRUE(closing);
      co_await tx.execute("insert into t values (1)");
    });
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

TEST_F(sqlite_transaction, L9_its_connection_ends_with_it) {
  on_table([](connection& db) -> coro<> {
    std::optional<connection> kept;
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("insert into t values (1)");
      kept.emplace(std::move(tx));
    });
    auto refused = co_await throws<usage_error>([&] { return kept->execute("select 1"); });
    EXPECT_TRUE(refused);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 1);
  });
}

// An interrupted change makes SQLite roll the whole transaction back: what follows must not be written outside of it.
TEST_F(sqlite_transaction, S58_nothing_slips_out_after_sqlite_has_rolled_back) {
  on_table([](connection& db) -> coro<> {
    auto failed = co_await throws<error>([&] {
      return with(db.transaction(), [&](connection& tx) -> coro<> {
        co_await tx.execute("insert into t values (1)");
        auto timed_out = co_await throws<timeout_error>([&] {
          return wait_for(
              tx.execute(
                  "insert into t with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"),
              5ms);
        });
        EXPECT_TRUE(timed_out);
        auto refused = co_await throws<error>([&] { return tx.execute("insert into t values (2)"); });
        EXPECT_TRUE(refused);
      });
    });
    EXPECT_TRUE(failed);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
  });
}

TEST_F(sqlite_transaction, S58_a_commit_that_fails_rolls_back) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute_script(
        "create table p(id integer primary key);"
        "create table t(a references p(id) deferrable initially deferred)");
    auto refused = co_await throws<constraint_error>([&] {
      return with(db.transaction(), [&](connection& tx) -> coro<> { co_await tx.execute("insert into t values (1)"); });
    });
    EXPECT_TRUE(refused);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
    co_await with(db.transaction(), [&](connection& tx) -> coro<> { co_await tx.execute("insert into p values (1)"); });
  });
}

TEST_F(sqlite_transaction, S58_beginning_that_fails_lets_others_on) {
  on_table([&](connection& db) -> coro<> {
    database holder(file());
    holder.begin(transaction_kind::immediate);
    auto timed_out = co_await throws<timeout_error>([&] {
      return timeout(5ms, [&]() -> coro<> {
        co_await with(db.transaction(), [](connection& tx) -> coro<> { co_await tx.execute("select 1"); });
      });
    });
    EXPECT_TRUE(timed_out);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
    holder.rollback();
  });
}

TEST_F(sqlite_transaction, L3_lifted_shields_roll_back_all_the_same) {
  const auto path = file();
  {
    database db(path);
    db.execute("create table t(a)");
  }
  std::string reported;
  eddy::run(run_options().grace(1ms), [&]() -> coro<> {
    event_loop::current().set_exception_handler([&](const unhandled_error& what) { reported += what.message; });
    auto db = co_await open(path);
    event busy;
    auto task = create_task([&]() -> coro<> {
      co_await with(db.transaction(), [&](connection& tx) -> coro<> {
        co_await tx.execute("insert into t values (1)");
        // Keeps the thread busy, so that the rollback has to wait for longer than the grace period.
        create_task([&tx]() -> coro<> {
          co_await throws<timeout_error>([&] { return wait_for(tx.execute(endless), 300ms); });
        });
        co_await sleep(2ms);
        busy.set();
        co_await sleep(1h);
      });
    });
    co_await busy.wait();
    task.cancel();
    auto done = co_await ended(task);
    EXPECT_TRUE(done);
    auto count = co_await rows_in(db);
    EXPECT_EQ(count, 0);
  });
  EXPECT_TRUE(contains(reported, "shields are lifted"));
}

}  // namespace
}  // namespace eddy::sqlite::tests
