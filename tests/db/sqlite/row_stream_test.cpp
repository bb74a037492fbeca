// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/row_stream.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/testing/explore.hpp"
#include "tests/db/sqlite/async_support.hpp"

namespace eddy::sqlite::tests {
namespace {

constexpr const char* thousand =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) select i from n";

// Rows one to three at once, the fourth never.
constexpr const char* three_then_endless =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n where i < 4 or i < 0";

using sqlite_row_stream = sqlite_files;

coro<std::vector<int>> all_of(row_stream& rows) {
  std::vector<int> all;
  while (true) {
    auto each = co_await rows.next();
    if (!each) break;
    all.push_back(each->get<int>(0));
  }
  co_return all;
}

std::vector<int> up_to(int last) {
  std::vector<int> all;
  for (int i = 1; i <= last; ++i) all.push_back(i);
  return all;
}

TEST_F(sqlite_row_stream, S59_gives_every_row_in_order_and_then_its_end) {
  on_loop([](connection& db) -> coro<> {
    auto rows = db.rows(thousand);
    auto all = co_await all_of(rows);
    EXPECT_EQ(all, up_to(1000));
    auto end = co_await rows.next();
    EXPECT_FALSE(end.has_value());
  });
}

TEST_F(sqlite_row_stream, S59_works_with_for_each_and_parameters) {
  on_loop([](connection& db) -> coro<> {
    int sum = 0;
    co_await for_each(db.rows("select ? union all select ?", 3, 4), [&](const row& each) { sum += each.get<int>(0); });
    EXPECT_EQ(sum, 7);
  });
}

TEST_F(sqlite_row_stream, S59_an_error_is_told_once_behind_the_rows_before_it) {
  on_loop([](connection& db) -> coro<> {
    auto rows = db.rows("select 1 union all select abs(-9223372036854775807 - 1)");
    auto first = co_await rows.next();
    EXPECT_EQ(first.value().get<int>(0), 1);
    auto failed = co_await throws<error>([&] { return rows.next(); });
    EXPECT_TRUE(failed);
    auto end = co_await rows.next();
    EXPECT_FALSE(end.has_value());
    auto missing = db.rows("select * from nowhere");
    auto refused = co_await throws<error>([&] { return missing.next(); });
    EXPECT_TRUE(refused);
  });
}

TEST_F(sqlite_row_stream, L12_a_cancelled_next_loses_no_row) {
  on_loop([](connection& db) -> coro<> {
    auto rows = db.rows(thousand);
    std::vector<int> seen;
    int cancelled = 0;
    for (int i = 0; seen.size() < 1000; ++i) {
      auto reads = create_task([&]() -> coro<> {
        auto each = co_await rows.next();
        seen.push_back(each.value().get<int>(0));
      });
      if (i % 2 == 0) {
        co_await sleep(std::chrono::microseconds(i % 64));
        reads.cancel();
      }
      auto gone = co_await throws<cancelled_error>([&] { return reads; });
      cancelled += gone ? 1 : 0;
    }
    EXPECT_EQ(seen, up_to(1000));
    EXPECT_GT(cancelled, 0);
  });
}

TEST_F(sqlite_row_stream, L12_cancelled_at_each_await_it_goes_on_behind) {
  const auto path = file();
  const auto body = [&]() -> coro<> {
    auto db = co_await open(path);
    auto rows = db.rows(thousand);
    for (int i = 0; i < 40; ++i) co_await rows.next();
    co_await db.close();
  };
  const auto result =
      testing::explore(body, testing::explore_options().clock(testing::test_clock::real_time).limit(150));
  EXPECT_GT(result.cancel_points, 40u);
}

TEST_F(sqlite_row_stream, L12_cancelling_a_next_that_computes_takes_a_moment_and_the_rows_before_stay) {
  on_loop([](connection& db) -> coro<> {
    const auto start = clock::now();
    {
      auto rows = db.rows(three_then_endless);
      auto timed_out = co_await throws<timeout_error>([&] { return wait_for(rows.next(), 5ms); });
      EXPECT_TRUE(timed_out);
    }
    auto healthy = co_await db.fetch_one_as<int>("select 1");
    EXPECT_EQ(healthy.value(), 1);
    EXPECT_LT(clock::now() - start, 2s);
  });
}

TEST_F(sqlite_row_stream, S59_dropped_early_it_lets_the_connection_go) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table t(a)");
    {
      auto rows = db.rows(thousand);
      auto first = co_await rows.next();
      EXPECT_TRUE(first.has_value());
    }
    co_await db.execute("drop table t");  // refused while a query is open
  });
}

TEST_F(sqlite_row_stream, L7_several_waiters_are_served_in_order) {
  on_loop([](connection& db) -> coro<> {
    auto rows = db.rows("select 1 union all select 2");
    auto got = co_await gather(rows.next(), rows.next(), rows.next());
    EXPECT_EQ(std::get<0>(got).value().get<int>(0), 1);
    EXPECT_EQ(std::get<1>(got).value().get<int>(0), 2);
    EXPECT_FALSE(std::get<2>(got).has_value());
  });
}

TEST_F(sqlite_row_stream, S59_fails_when_its_connection_closes) {
  on_loop([](connection& db) -> coro<> {
    auto rows = db.rows(thousand);
    auto first = co_await rows.next();
    EXPECT_TRUE(first.has_value());
    co_await db.close();
    bool failed = false;
    try {
      while (co_await rows.next()) {
      }
    } catch (const error&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
  });
}

TEST_F(sqlite_row_stream, S58_ends_with_the_rollback_of_its_transaction) {
  on_loop([](connection& db) -> coro<> {
    std::optional<row_stream> kept;
    auto thrown = co_await throws<std::runtime_error>([&] {
      return with(db.transaction(), [&](connection& tx) -> coro<> {
        kept.emplace(tx.rows(thousand));
        auto first = co_await kept->next();
        EXPECT_TRUE(first.has_value());
        throw std::runtime_error("on purpose");
      });
    });
    EXPECT_TRUE(thrown);
    bool failed = false;
    try {
      while (co_await kept->next()) {
      }
    } catch (const error&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
    co_await db.execute("select 1");
  });
}

TEST_F(sqlite_row_stream, S59_a_next_outside_waits_for_an_open_transaction) {
  on_loop([](connection& db) -> coro<> {
    auto rows = db.rows("select 1");
    bool inside = true;
    auto reads = create_task([&]() -> coro<> {
      co_await sleep(1ms);
      co_await rows.next();
      EXPECT_FALSE(inside);
    });
    co_await with(db.transaction(), [&](connection& tx) -> coro<> {
      co_await tx.execute("select 1");
      co_await sleep(5ms);
      inside = false;
    });
    co_await reads;
  });
}

}  // namespace
}  // namespace eddy::sqlite::tests
