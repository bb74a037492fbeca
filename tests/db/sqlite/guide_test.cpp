// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/sqlite.md: each region stands there word for word.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eddy/base/describe.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/db/sqlite/pool.hpp"
#include "tests/db/sqlite/async_support.hpp"

namespace guide {

namespace sqlite = eddy::sqlite;
using eddy::coro;
using namespace std::chrono_literals;

// [type]
struct user {
  std::int64_t id = 0;
  std::string name;
  std::optional<int> age;
};
EDDY_DESCRIBE(user, id, name, age)
// [type]

// [first]
coro<std::size_t> first_steps(std::string path) {
  auto db = co_await sqlite::pool(path).readers(2);
  co_await db.execute("create table users(id integer primary key, name text not null, age integer)");
  auto added = co_await db.execute("insert into users(name, age) values (?, ?)", "ann", 41);

  auto ann = co_await db.fetch_one_as<user>("select * from users where id = ?", added.last_insert_rowid);
  auto adults = co_await db.fetch_as<user>("select * from users where age >= ?", 18);
  auto count = co_await db.fetch_one_as<int>("select count(*) from users");
  co_return ann.has_value() && *count == 1 ? adults.size() : 0;
}
// [first]

// [transaction]
coro<> rename(sqlite::pool& db, std::int64_t id, std::string name) {
  co_await eddy::with(db.transaction(), [&](sqlite::connection& tx) -> coro<> {
    co_await tx.execute("update users set name = ? where id = ?", name, id);
    co_await tx.execute("insert into renamed values (?, ?)", id, name);
  });
}
// [transaction]

// [stream]
coro<std::size_t> longest_name(sqlite::pool& db) {
  std::size_t longest = 0;
  auto rows = db.rows("select name from users");
  while (auto row = co_await rows.next()) longest = std::max(longest, row->get<std::string>("name").size());
  co_return longest;
}
// [stream]

// [timeout]
coro<std::optional<int>> count_for_a_while(sqlite::pool& db) {
  try {
    co_return co_await eddy::wait_for(db.fetch_one_as<int>("select count(*) from users a, users b, users c"), 500ms);
  } catch (const eddy::timeout_error&) {
    co_return std::nullopt;  // the query was interrupted, its connection is as good as new
  }
}
// [timeout]

// [connection]
coro<int> in_memory() {
  auto db = co_await sqlite::open(":memory:");
  co_await db.execute_script("create table t(a); insert into t values (1), (2)");
  auto sum = co_await db.fetch_one_as<int>("select sum(a) from t");
  co_await db.close();
  co_return *sum;
}
// [connection]

}  // namespace guide

namespace eddy::sqlite::tests {
namespace {

using sqlite_guide = sqlite_files;

TEST_F(sqlite_guide, S57_its_code_does_what_it_says) {
  run_io([&]() -> coro<> {
    auto found = co_await guide::first_steps(file());
    EXPECT_EQ(found, 1u);
    auto db = co_await pool(file());
    co_await db.execute("create table renamed(id, name)");
    co_await guide::rename(db, 1, "anna");
    auto longest = co_await guide::longest_name(db);
    EXPECT_EQ(longest, 4u);
    auto count = co_await guide::count_for_a_while(db);
    EXPECT_EQ(count, 1);
    auto sum = co_await guide::in_memory();
    EXPECT_EQ(sum, 3);
  });
}

}  // namespace
}  // namespace eddy::sqlite::tests
