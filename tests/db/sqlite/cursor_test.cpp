// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/cursor.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {
namespace {

static_assert(std::is_nothrow_move_constructible_v<cursor> && !std::is_copy_constructible_v<cursor>);

constexpr const char* count_to =
    "with recursive n(i) as (select 1 union all select i + 1 from n limit ?) select i from n";

class sqlite_cursor : public ::testing::Test {
 protected:
  database db_{":memory:"};
};

TEST_F(sqlite_cursor, gives_rows_in_batches_and_none_at_the_end) {
  auto rows = db_.query(count_to, 10);
  EXPECT_EQ(rows.fetch(4).size(), 4u);
  const auto second = rows.fetch(4);
  ASSERT_EQ(second.size(), 4u);
  EXPECT_EQ(second[0].get<int>("i"), 5);
  EXPECT_EQ(second[0].number(), 5u);
  EXPECT_EQ(rows.fetch(4).size(), 2u);
  EXPECT_TRUE(rows.is_done());
  EXPECT_TRUE(rows.fetch(4).empty());
  EXPECT_FALSE(rows.next());
}

TEST_F(sqlite_cursor, a_batch_is_bounded_in_bytes_but_never_empty) {
  auto rows = db_.query("select zeroblob(1000) from (values (1), (2), (3))");
  EXPECT_EQ(rows.fetch(100, 1500).size(), 2u);
  EXPECT_EQ(rows.fetch(100, 0).size(), 1u);
  EXPECT_EQ(rows.fetch(0).size(), 0u);
}

TEST_F(sqlite_cursor, columns_are_known_without_rows) {
  const auto rows = db_.query("select 1 as a, 2 as b where false");
  EXPECT_TRUE(rows.is_done());
  EXPECT_EQ(rows.result_columns().names(), "a, b");
}

TEST_F(sqlite_cursor, a_failure_comes_after_the_rows_before_it) {
  auto rows = db_.query("select abs(column1) as a from (values (1), (2), (-9223372036854775807 - 1), (4))");
  EXPECT_EQ(rows.fetch(10).size(), 2u);
  EXPECT_TRUE(contains(thrown_by<sqlite::error>([&] { rows.fetch(10); }).message(), "integer overflow"));
  EXPECT_TRUE(rows.fetch(10).empty());
  EXPECT_THROW((void)db_.fetch("select abs(column1) from (values (1), (-9223372036854775807 - 1))"), sqlite::error);
}

TEST_F(sqlite_cursor, two_of_the_same_text_are_independent) {
  auto one = db_.query(count_to, 3);
  auto two = db_.query(count_to, 2);
  EXPECT_EQ(db_.statistics().in_use, 2u);
  EXPECT_EQ(one.next()->get<int>(0), 1);
  EXPECT_EQ(two.fetch(9).size(), 2u);
  EXPECT_EQ(one.fetch(9).size(), 2u);
  EXPECT_EQ(db_.statistics().in_use, 0u);
  EXPECT_EQ(db_.statistics().idle, 1u);
}

TEST_F(sqlite_cursor, leaving_early_frees_the_statement) {
  {
    auto rows = db_.query(count_to, 100);
    rows.fetch(2);
    auto moved = std::move(rows);
    moved.fetch(2);
  }
  auto closed = db_.query(count_to, 100);
  closed.close();
  EXPECT_TRUE(closed.fetch(1).empty());
  EXPECT_EQ(db_.statistics().in_use, 0u);
}

TEST_F(sqlite_cursor, outlives_its_database_and_says_that_it_is_closed) {
  auto rows = db_.query(count_to, 100);
  rows.fetch(1);
  db_.close();
  EXPECT_EQ(thrown_by<usage_error>([&] { rows.fetch(1); }).message(), "the database is closed");
}

TEST_F(sqlite_cursor, a_rollback_ends_it) {
  db_.begin();
  auto rows = db_.query(count_to, 100);
  rows.fetch(1);
  EXPECT_TRUE(db_.rollback());
  EXPECT_TRUE(contains(thrown_by<sqlite::error>([&] { rows.fetch(1); }).message(), "rolled back"));
  EXPECT_TRUE(rows.fetch(1).empty());
}

}  // namespace
}  // namespace eddy::sqlite::tests
