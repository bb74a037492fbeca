// SPDX-License-Identifier: BSL-1.0
// What goes wrong with a database, and what the error says.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {
namespace {

class sqlite_refusal : public ::testing::Test {
 protected:
  template <class Error>
  Error refused(const std::string& sql) {
    return thrown_by<Error>([&] { db_.execute(sql); });
  }
  open_options impatient() const {
    open_options options;
    options.busy_timeout = std::chrono::milliseconds(5);
    return options;
  }

  temporary_directory directory_;
  std::string path_ = directory_.file("a.db");
  database db_{path_, impatient()};
};

TEST_F(sqlite_refusal, a_syntax_error_has_its_position) {
  const auto error = refused<sqlite::error>("select 1,\n  from form t");
  EXPECT_EQ(error.position(), 12u);
  EXPECT_EQ(error.code(), 1);
  EXPECT_EQ(std::string(error.what()), "near \"from\": syntax error at line 2, column 3: select 1,   from form t");
}

TEST_F(sqlite_refusal, a_position_in_a_script_counts_from_the_scripts_start) {
  const auto error = thrown_by<sqlite::error>([&] { db_.execute_script("create table x(a);\nselekt 1"); });
  EXPECT_EQ(error.position(), 19u);
  EXPECT_EQ(db_.fetch_one_as<int>("select count(*) from x"), 0);
}

TEST_F(sqlite_refusal, a_missing_table_or_column_is_an_error_and_double_quotes_are_no_strings) {
  EXPECT_TRUE(contains(refused<sqlite::error>("select * from nowhere").what(), "no such table: nowhere"));
  EXPECT_TRUE(contains(refused<sqlite::error>("select \"nowhere\"").what(), "no such column: nowhere"));
}

TEST_F(sqlite_refusal, long_sql_is_cut_in_messages_between_characters) {
  std::string sql = "selekt ";
  while (sql.size() < 1000) sql += "\xc3\xa9";
  const auto error = refused<sqlite::error>(sql);
  EXPECT_LE(error.sql().size(), sqlite::error::quoted_sql_limit + 3);
  EXPECT_EQ(error.sql().substr(error.sql().size() - 5), "\xc3\xa9...");
}

TEST_F(sqlite_refusal, the_number_of_parameters_has_to_fit) {
  EXPECT_TRUE(contains(thrown_by<usage_error>([&] { db_.execute("select ?, ?", 1); }).what(),
                       "the statement takes 2 parameters, it was given 1"));
  EXPECT_THROW(db_.execute("select 1", 1), usage_error);
  EXPECT_EQ(db_.statistics().in_use, 0u);
}

TEST_F(sqlite_refusal, one_call_runs_one_statement) {
  EXPECT_TRUE(contains(refused<usage_error>("select 1; select 2").what(), "use execute_script()"));
  EXPECT_NO_THROW(db_.execute("select 1;  -- a comment is fine"));
  EXPECT_TRUE(contains(refused<usage_error>("  -- nothing").what(), "no statement"));
  EXPECT_TRUE(contains(refused<usage_error>("").what(), "no statement"));
}

TEST_F(sqlite_refusal, a_nul_byte_in_the_sql_or_the_path) {
  EXPECT_TRUE(contains(refused<usage_error>(std::string("select 1\0; drop table t", 23)).what(), "NUL byte"));
  EXPECT_THROW(db_.execute_script(std::string("select 1;\0", 10)), usage_error);
  EXPECT_THROW(database(std::string("/a\0b", 4)), usage_error);
}

TEST_F(sqlite_refusal, a_closed_database) {
  db_.close();
  EXPECT_TRUE(contains(refused<usage_error>("select 1").what(), "the database is closed: select 1"));
  EXPECT_THROW((void)db_.query("select 1"), usage_error);
  EXPECT_THROW(db_.execute_script("select 1"), usage_error);
  EXPECT_THROW(db_.begin(), usage_error);
  EXPECT_THROW(db_.rollback(), usage_error);
  EXPECT_FALSE(db_.in_transaction());
  db_.interrupt();
}

TEST_F(sqlite_refusal, constraints_say_which) {
  db_.execute_script(
      "create table t(id integer primary key, a text unique, b not null default 1, c check (c > 0) default 1,"
      " d references t(id)); insert into t(id, a) values (1, 'x')");
  EXPECT_TRUE(refused<constraint_error>("insert into t(a) values ('x')").is_unique());
  EXPECT_TRUE(refused<constraint_error>("insert into t(id) values (1)").is_unique());
  EXPECT_TRUE(refused<constraint_error>("insert into t(b) values (null)").is_not_null());
  EXPECT_TRUE(refused<constraint_error>("insert into t(c) values (0)").is_check());
  EXPECT_TRUE(refused<constraint_error>("insert into t(d) values (99)").is_foreign_key());
}

TEST_F(sqlite_refusal, a_full_disk) {
  db_.execute_script("create table t(a); pragma max_page_count = 10");
  db_.begin();
  EXPECT_EQ(refused<full_error>("insert into t values (zeroblob(1000000))").code(), 13);
  db_.rollback();
  db_.execute("insert into t values (1)");
  EXPECT_EQ(db_.fetch_one_as<int>("select count(*) from t"), 1);
}

TEST_F(sqlite_refusal, a_lock_held_by_another_connection) {
  database other(path_, impatient());
  other.begin(transaction_kind::immediate);
  const auto error = thrown_by<busy_error>([&] { db_.begin(transaction_kind::immediate); });
  EXPECT_TRUE(contains(error.what(), "database is locked (the busy timeout is 5 ms): begin immediate"));
  EXPECT_FALSE(error.is_snapshot());
  other.rollback();
  db_.begin(transaction_kind::immediate);
}

TEST_F(sqlite_refusal, a_write_after_somebody_else_has_written_says_snapshot) {
  db_.execute("create table t(a)");
  database other(path_, impatient());
  db_.begin();
  EXPECT_EQ(db_.fetch_one_as<int>("select count(*) from t"), 0);
  other.execute("insert into t values (1)");
  EXPECT_TRUE(refused<busy_error>("insert into t values (2)").is_snapshot());
}

TEST_F(sqlite_refusal, a_database_opened_for_reading) {
  open_options options;
  options.mode = open_mode::read_only;
  database reader(path_, options);
  EXPECT_THROW(reader.execute("create table t(a)"), read_only_error);
  EXPECT_THROW(database(directory_.file("missing.db"), options), open_error);
}

TEST_F(sqlite_refusal, a_file_that_may_not_be_written_is_refused_at_once) {
  // A running program's file cannot be opened for writing, not even by root.
  open_options options;
  options.mode = open_mode::read_write;
  const auto error = thrown_by<read_only_error>([&] { database("/proc/self/exe", options); });
  EXPECT_TRUE(contains(error.what(), "the file may only be read: \"/proc/self/exe\""));
}

TEST_F(sqlite_refusal, a_missing_file_directory_or_a_directory_in_its_place) {
  open_options options;
  options.mode = open_mode::read_write;
  EXPECT_THROW(database(directory_.file("missing.db"), options), open_error);
  EXPECT_THROW(database(directory_.file("missing/a.db")), open_error);
  EXPECT_THROW(database(directory_.file("")), open_error);
}

TEST_F(sqlite_refusal, a_file_that_is_no_database) {
  std::ofstream(directory_.file("text")) << std::string(5000, 'x');
  EXPECT_THROW(database(directory_.file("text")), corrupt_error);
  open_options options;
  options.mode = open_mode::read_only;
  EXPECT_THROW(database(directory_.file("text"), options), corrupt_error);
}

TEST_F(sqlite_refusal, a_damaged_database) {
  db_.execute_script("create table t(a); insert into t values (zeroblob(20000))");
  db_.close();
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(4096, '\xff');
  }
  database damaged(path_);
  EXPECT_THROW((void)damaged.fetch("select * from t"), corrupt_error);
}

TEST_F(sqlite_refusal, a_table_that_is_being_read_is_not_dropped) {
  db_.execute_script("create table t(a); insert into t values (1), (2)");
  auto rows = db_.query("select a from t");
  EXPECT_EQ(refused<sqlite::error>("drop table t").code(), 6);
  EXPECT_EQ(rows.fetch(10).size(), 2u);
}

}  // namespace
}  // namespace eddy::sqlite::tests
