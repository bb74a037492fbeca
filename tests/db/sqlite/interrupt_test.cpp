// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <thread>

#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {
namespace {

using namespace std::chrono_literals;

constexpr const char* endless =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

class sqlite_interrupt : public ::testing::Test {
 protected:
  temporary_directory directory_;
  database db_{directory_.file("a.db")};
};

TEST_F(sqlite_interrupt, stops_a_running_query_from_another_thread) {
  std::jthread other([&] {
    std::this_thread::sleep_for(2ms);
    db_.interrupt();
  });
  EXPECT_TRUE(contains(thrown_by<interrupted_error>([&] { db_.execute(endless); }).what(), "interrupted"));
}

TEST_F(sqlite_interrupt, comes_never_too_early_at_any_moment_of_the_start) {
  for (int i = 0; i < 200; ++i) {
    std::jthread other([&] { db_.interrupt(); });
    for (int wait = 0; wait < i; ++wait) std::this_thread::yield();
    EXPECT_THROW(db_.execute(endless), interrupted_error);
    other.join();
    db_.reset_interrupt();
  }
  EXPECT_EQ(db_.fetch_one_as<int>("select 1"), 1);
}

TEST_F(sqlite_interrupt, lasts_until_it_is_reset) {
  db_.interrupt();
  EXPECT_THROW(db_.execute("select 1"), interrupted_error);
  EXPECT_THROW(db_.execute_script("select 1"), interrupted_error);
  db_.reset_interrupt();
  db_.execute("select 1");
}

TEST_F(sqlite_interrupt, ends_the_wait_for_a_lock) {
  database holder(directory_.file("a.db"));
  holder.begin(transaction_kind::immediate);
  const auto start = std::chrono::steady_clock::now();
  std::jthread other([&] {
    std::this_thread::sleep_for(5ms);
    db_.interrupt();
  });
  EXPECT_THROW(db_.begin(transaction_kind::immediate), interrupted_error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST_F(sqlite_interrupt, a_lock_that_is_freed_in_time_is_taken) {
  database holder(directory_.file("a.db"));
  holder.begin(transaction_kind::immediate);
  std::jthread other([&] {
    std::this_thread::sleep_for(5ms);
    holder.rollback();
  });
  db_.begin(transaction_kind::immediate);
  EXPECT_TRUE(db_.in_transaction());
}

TEST_F(sqlite_interrupt, rollback_works_in_spite_of_it_and_of_open_cursors) {
  db_.execute("create table t(a)");
  db_.begin();
  db_.execute("insert into t values (1), (2)");
  auto rows = db_.query("select a from t");
  db_.interrupt();
  EXPECT_TRUE(db_.rollback());
  EXPECT_FALSE(db_.in_transaction());
  db_.reset_interrupt();
  EXPECT_EQ(db_.fetch_one_as<int>("select count(*) from t"), 0);
}

TEST_F(sqlite_interrupt, a_change_that_was_interrupted_rolls_the_transaction_back) {
  db_.execute("create table t(a)");
  db_.begin();
  db_.execute("insert into t values (1)");
  std::jthread other([&] {
    std::this_thread::sleep_for(2ms);
    db_.interrupt();
  });
  EXPECT_THROW(
      db_.execute("insert into t with recursive n(i) as (select 1 union all select i + 1 from n where i < 1e12)"
                  " select i from n where i < 0"),
      interrupted_error);
  other.join();
  db_.rollback();
  db_.reset_interrupt();
  EXPECT_EQ(db_.fetch_one_as<int>("select count(*) from t"), 0);
}

}  // namespace
}  // namespace eddy::sqlite::tests
