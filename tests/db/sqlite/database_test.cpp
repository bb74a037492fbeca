// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/database.hpp"

#include <gtest/gtest.h>

#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {
namespace {

class sqlite_database : public ::testing::Test {
 protected:
  int count() { return db_.fetch_one_as<int>("select count(*) from t").value(); }

  temporary_directory directory_;
  database db_{directory_.file("a.db")};
};

class sqlite_database_with_table : public sqlite_database {
 protected:
  sqlite_database_with_table() { db_.execute("create table t(id integer primary key, name text unique)"); }
};

TEST_F(sqlite_database, a_file_is_opened_for_many_readers_and_one_writer) {
  EXPECT_EQ(db_.fetch_one_as<std::string>("pragma journal_mode"), "wal");
  EXPECT_EQ(db_.fetch_one_as<int>("pragma foreign_keys"), 1);
  EXPECT_EQ(db_.fetch_one_as<int>("pragma synchronous"), 1);
}

TEST_F(sqlite_database, the_options_are_obeyed) {
  open_options options;
  options.write_ahead_log = false;
  options.foreign_keys = false;
  options.synchronous_normal = false;
  database other(directory_.file("b.db"), options);
  EXPECT_EQ(other.fetch_one_as<std::string>("pragma journal_mode"), "delete");
  EXPECT_EQ(other.fetch_one_as<int>("pragma foreign_keys"), 0);
  EXPECT_EQ(other.fetch_one_as<int>("pragma synchronous"), 2);
}

TEST_F(sqlite_database_with_table, execute_tells_changes_and_the_last_rowid) {
  const auto inserted = db_.execute("insert into t(name) values (?), (?)", "a", "b");
  EXPECT_EQ(inserted.changes, 2);
  EXPECT_EQ(inserted.last_insert_rowid, 2);
  EXPECT_EQ(db_.execute("create table u(x)").changes, 0);
  EXPECT_EQ(db_.execute("update t set name = name || id").changes, 2);
  EXPECT_EQ(db_.execute("delete from t where id = 99").changes, 0);
  EXPECT_EQ(db_.execute("insert into t(name) values ('c'), ('d') returning id").changes, 2);
}

TEST_F(sqlite_database_with_table, what_was_stored_is_there_after_opening_again) {
  db_.execute("insert into t values (7, 'x')");
  db_.close();
  db_ = database(directory_.file("a.db"));
  EXPECT_EQ(db_.fetch_one_as<std::string>("select name from t where id = ?", 7), "x");
}

TEST_F(sqlite_database_with_table, a_script_runs_all_its_statements) {
  db_.execute_script("insert into t values (1, 'a'); -- one\n\n insert into t values (2, 'b') ; /* end */ ");
  db_.execute_script("");
  EXPECT_EQ(count(), 2);
}

TEST_F(sqlite_database_with_table, prepare_tells_what_a_statement_is) {
  const auto insert = db_.prepare("insert into t values (?, ?)");
  EXPECT_EQ(insert.parameters, 2u);
  EXPECT_EQ(insert.columns, 0u);
  EXPECT_FALSE(insert.is_read_only);
  EXPECT_TRUE(db_.prepare("select * from t").is_read_only);
  EXPECT_EQ(db_.prepare("select * from t").columns, 2u);
}

TEST_F(sqlite_database, statements_are_kept_and_the_least_recently_used_goes) {
  open_options options;
  options.statement_cache = 2;
  database small(":memory:", options);
  small.execute("select 1");
  small.execute("select 2");
  small.execute("select 1");
  small.execute("select 3");
  EXPECT_EQ(small.statistics().idle, 2u);
  EXPECT_EQ(small.statistics().hits, 1u);
  small.execute("select 1");
  EXPECT_EQ(small.statistics().hits, 2u);
  small.execute("select 2");
  EXPECT_EQ(small.statistics().misses, 4u);
}

TEST_F(sqlite_database, a_cache_of_zero_keeps_none_and_very_long_texts_are_not_kept) {
  open_options options;
  options.statement_cache = 0;
  database none(":memory:", options);
  none.execute("select 1");
  EXPECT_EQ(none.statistics().idle, 0u);
  const auto before = db_.statistics().idle;
  db_.execute("select 1 /*" + std::string(20000, '.') + "*/");
  EXPECT_EQ(db_.statistics().idle, before);
}

TEST_F(sqlite_database_with_table, a_kept_statement_holds_no_old_parameters) {
  db_.execute("insert into t values (?, ?)", 1, "a");
  EXPECT_THROW(db_.execute("insert into t values (?, ?)", 2), usage_error);
  db_.execute("insert into t values (?, ?)", 2, nullptr);
  EXPECT_EQ(db_.fetch_one("select name from t where id = 2")->get<std::optional<std::string>>(0), std::nullopt);
}

TEST_F(sqlite_database_with_table, S58_a_transaction_commits_or_rolls_back) {
  db_.begin(transaction_kind::immediate);
  EXPECT_TRUE(db_.in_transaction());
  db_.execute("insert into t values (1, 'a')");
  db_.commit();
  db_.begin();
  db_.execute("insert into t values (2, 'b')");
  EXPECT_TRUE(db_.rollback());
  EXPECT_FALSE(db_.in_transaction());
  EXPECT_FALSE(db_.rollback());
  EXPECT_EQ(count(), 1);
}

TEST_F(sqlite_database_with_table, S58_savepoints_nest_whatever_their_names) {
  db_.begin();
  db_.savepoint("outer \" quote");
  db_.execute("insert into t values (1, 'a')");
  db_.savepoint("inner");
  db_.execute("insert into t values (2, 'b')");
  db_.rollback_to_savepoint("inner");
  db_.release_savepoint("inner");
  db_.release_savepoint("outer \" quote");
  db_.commit();
  EXPECT_EQ(db_.fetch_as<int>("select id from t"), std::vector<int>{1});
}

TEST_F(sqlite_database_with_table, closing_rolls_back_and_may_be_done_twice) {
  db_.begin();
  db_.execute("insert into t values (1, 'a')");
  db_.close();
  db_.close();
  EXPECT_FALSE(db_.is_open());
  db_ = database(directory_.file("a.db"));
  EXPECT_EQ(count(), 0);
}

TEST_F(sqlite_database_with_table, a_reader_sees_what_was_committed_while_another_writes) {
  open_options options;
  options.mode = open_mode::read_only;
  database reader(directory_.file("a.db"), options);
  db_.begin(transaction_kind::immediate);
  db_.execute("insert into t values (1, 'a')");
  EXPECT_EQ(reader.fetch_one_as<int>("select count(*) from t"), 0);
  db_.commit();
  EXPECT_EQ(reader.fetch_one_as<int>("select count(*) from t"), 1);
}

TEST_F(sqlite_database, full_text_search_is_there) {
  db_.execute("create virtual table pages using fts5(url unindexed, body)");
  db_.execute("insert into pages values (?, ?), (?, ?)", "a", "the unique pointer", "b", "shared things");
  EXPECT_EQ(db_.fetch_as<std::string>("select url from pages where pages match ?", "pointer"),
            std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace eddy::sqlite::tests
