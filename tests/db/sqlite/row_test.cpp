// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/row.hpp"

#include <gtest/gtest.h>

#include "eddy/base/describe.hpp"
#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {

struct user {
  int id = 0;
  std::string name;
  std::optional<double> score;
};
EDDY_DESCRIBE(user, id, name, score)

namespace {

static_assert(row_type<user> && row_type<int> && row_type<std::tuple<int, std::string>>);
static_assert(!row_type<std::string_view> && !row_type<std::tuple<std::string_view>> && !row_type<std::vector<int>>);
template <class T, class R>
concept gettable = requires(R&& from) { std::forward<R>(from).template get<T>("c"); };
static_assert(gettable<std::string_view, const row&> && !gettable<std::string_view, row>);

class sqlite_row : public ::testing::Test {
 protected:
  sqlite_row() {
    db_.execute_script(
        "create table users(id integer primary key, name varchar(20), score real, extra);"
        "insert into users values (1, 'ada', 1.5, 'x'), (2, 'bob', null, 'y')");
  }
  template <class T>
  column_error refusal(const std::string& sql) {
    return thrown_by<column_error>([&] { (void)db_.fetch_as<T>(sql); });
  }
  database db_{":memory:"};
};

TEST_F(sqlite_row, gets_columns_by_index_and_by_name_without_case) {
  const auto rows = db_.fetch("select id, name from users order by id");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].get<int>(0), 2);
  EXPECT_EQ(rows[1].get<std::string>("NAME"), "bob");
  EXPECT_EQ(rows[1].get<std::string_view>("name"), "bob");
  EXPECT_EQ(rows[1].number(), 2u);
  EXPECT_EQ(rows[0].columns()[1].declared_type, "varchar(20)");
  EXPECT_EQ(&rows[0].columns(), &rows[1].columns());
}

TEST_F(sqlite_row, an_unknown_or_ambiguous_column_is_an_error) {
  const auto found = db_.fetch_one("select id, id as ID, name from users").value();
  EXPECT_TRUE(contains(thrown_by<column_error>([&] { (void)found.get<int>("nmae"); }).what(),
                       "no column \"nmae\" in the result (it has: id, ID, name)"));
  EXPECT_TRUE(contains(thrown_by<column_error>([&] { (void)found.get<int>("id"); }).what(), "ambiguous"));
  EXPECT_TRUE(contains(thrown_by<column_error>([&] { (void)found.get<int>(3); }).what(), "no column 3"));
}

TEST_F(sqlite_row, S60_a_described_struct_takes_its_columns_by_name_and_leaves_the_others) {
  const auto users = db_.fetch_as<user>("select score, extra, name, id from users order by id");
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].id, 1);
  EXPECT_EQ(users[0].name, "ada");
  EXPECT_EQ(users[0].score, 1.5);
  EXPECT_EQ(users[1].score, std::nullopt);
}

TEST_F(sqlite_row, S60_a_missing_column_is_an_error_before_the_first_row) {
  const auto error = refusal<user>("select id, name from users");
  EXPECT_EQ(error.column(), "score");
  EXPECT_EQ(refusal<user>("select id, score from users where false").column(), "name");
}

TEST_F(sqlite_row, S60_an_ambiguous_column_is_an_error_before_the_first_row) {
  EXPECT_EQ(refusal<user>("select a.*, b.id from users a, users b where false").column(), "id");
}

TEST_F(sqlite_row, S60_a_type_that_does_not_fit_names_column_declared_type_and_row) {
  db_.execute("insert into users values (3, x'00', 0, 0)");
  const auto error = refusal<user>("select * from users order by id");
  EXPECT_EQ(error.message(), "column \"name\" (declared varchar(20)), row 3: expected text, got blob");
  EXPECT_EQ(error.column(), "name");
}

TEST_F(sqlite_row, S60_a_null_where_none_may_be_names_the_column) {
  db_.execute("insert into users values (3, null, 0, 0)");
  EXPECT_TRUE(contains(refusal<user>("select * from users").message(), "expected text, got null"));
}

TEST_F(sqlite_row, S60_a_tuple_is_read_by_position_and_has_to_fit_exactly) {
  using pair = std::tuple<int, std::string>;
  EXPECT_EQ(db_.fetch_as<pair>("select id, name from users where id = ?", 2), (std::vector<pair>{{2, "bob"}}));
  EXPECT_EQ(refusal<pair>("select id, name, score from users where false").message(),
            "expected 2 columns, the result has 3 (id, name, score)");
}

TEST_F(sqlite_row, S60_a_single_value_takes_exactly_one_column) {
  EXPECT_EQ(db_.fetch_as<int>("select id from users order by id"), (std::vector<int>{1, 2}));
  EXPECT_EQ(db_.fetch_one_as<std::string>("select name from users where id = 9"), std::nullopt);
  EXPECT_EQ(refusal<int>("select id, name from users").code(), 20);
}

TEST_F(sqlite_row, text_is_moved_out_of_a_row_that_is_given_up) {
  auto taken = db_.fetch_one("select 'a text that does not fit into the string itself' as c").value();
  const auto* before = taken["c"].text()->data();
  const auto text = std::move(taken).get<std::string>("c");
  EXPECT_EQ(text.data(), before);
}

TEST_F(sqlite_row, columns_follow_a_schema_that_changed_under_a_kept_statement) {
  EXPECT_EQ(db_.fetch_one("select * from users")->size(), 4u);
  db_.execute("alter table users add column more");
  const auto wider = db_.fetch_one("select * from users").value();
  EXPECT_EQ(wider.size(), 5u);
  EXPECT_EQ(wider.columns()[4].name, "more");
}

}  // namespace
}  // namespace eddy::sqlite::tests
