// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/connection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <tuple>

#include "eddy/base/describe.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "tests/db/sqlite/async_support.hpp"

namespace eddy::sqlite::tests {

struct person {
  std::int64_t id = 0;
  std::string name;
};
EDDY_DESCRIBE(person, id, name)

namespace {

static_assert(!std::is_copy_constructible_v<connection> && std::is_nothrow_move_constructible_v<connection>);

using sqlite_connection = sqlite_files;

TEST_F(sqlite_connection, S59_has_the_verbs_of_the_database) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute_script(
        "create table people(id integer primary key, name text not null); create index i on people(name)");
    auto added = co_await db.execute("insert into people(name) values (?), (?)", "ann", std::string("bob"));
    EXPECT_EQ(added.changes, 2);
    EXPECT_EQ(added.last_insert_rowid, 2);

    auto all = co_await db.fetch("select * from people order by id");
    EXPECT_EQ(all.size(), 2u);
    EXPECT_EQ(all.at(1).get<std::string>("name"), "bob");
    auto first = co_await db.fetch_one("select name from people where id = ?", 1);
    EXPECT_TRUE(first.has_value());
    EXPECT_EQ(first->get<std::string>(0), "ann");
    auto none = co_await db.fetch_one("select name from people where id = ?", 99);
    EXPECT_FALSE(none.has_value());
  });
}

TEST_F(sqlite_connection, S60_gives_rows_as_types) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table people(id integer primary key, name text)");
    co_await db.execute("insert into people(name) values ('ann'), ('bob')");
    auto people = co_await db.fetch_as<person>("select * from people order by id");
    EXPECT_EQ(people.size(), 2u);
    EXPECT_EQ(people.at(1).name, "bob");
    auto one = co_await db.fetch_one_as<person>("select * from people where name = ?", "ann");
    EXPECT_EQ(one.value().id, 1);
    auto count = co_await db.fetch_one_as<int>("select count(*) from people");
    EXPECT_EQ(count.value(), 2);
    auto pairs = co_await db.fetch_as<std::tuple<int, std::string>>("select id, name from people");
    EXPECT_EQ(std::get<1>(pairs.at(0)), "ann");
    auto refused =
        co_await throws<column_error>([&] { return db.fetch_as<person>("select id from people where id = 99"); });
    EXPECT_TRUE(refused);
  });
}

TEST_F(sqlite_connection, S60_takes_parameters_that_were_made_before) {
  on_loop([](connection& db) -> coro<> {
    auto sum = co_await db.fetch_one_as<int>("select ? + ?", make_parameters(1, 2));
    EXPECT_EQ(sum.value(), 3);
  });
}

TEST_F(sqlite_connection, S59_errors_say_what_was_tried) {
  on_loop([](connection& db) -> coro<> {
    std::string text;
    try {
      co_await db.execute("insert into nowhere values (1)");
    } catch (const error& failure) {
      text = failure.what();
    }
    EXPECT_TRUE(contains(text, "no such table"));
    EXPECT_TRUE(contains(text, "insert into nowhere"));
    auto again = co_await db.fetch_one_as<int>("select 1");
    EXPECT_EQ(again.value(), 1);
  });
}

TEST_F(sqlite_connection, S59_opening_fails_with_the_path) {
  std::string text;
  run_io([&]() -> coro<> {
    try {
      auto db = co_await open("/nowhere/at/all/a.db");
    } catch (const open_error& failure) {
      text = failure.what();
    }
  });
  EXPECT_TRUE(contains(text, "/nowhere/at/all/a.db"));
}

TEST_F(sqlite_connection, L4_owns_its_arguments_when_it_is_awaited_later) {
  on_loop([](connection& db) -> coro<> {
    auto operation = db.fetch_one_as<std::string>(std::string("select ?") + std::string(64, ' '), std::string(64, 'x'));
    auto text = co_await std::move(operation);
    EXPECT_EQ(text.value(), std::string(64, 'x'));
  });
}

TEST_F(sqlite_connection, S59_does_what_several_tasks_ask_in_their_order) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table t(a)");
    auto results = co_await gather(db.execute("insert into t values (1)"), db.execute("update t set a = a + 1"),
                                   db.fetch_one_as<int>("select a from t"));
    EXPECT_EQ(std::get<2>(results).value(), 2);
  });
}

TEST_F(sqlite_connection, S59_two_connections_compute_in_parallel_with_the_loop) {
  run_io([&]() -> coro<> {
    auto a = co_await open(file());
    auto b = co_await open(file());
    auto busy = create_task([&a]() -> coro<> { co_await a.execute(endless); });
    auto answer = co_await b.fetch_one_as<int>("select 42");
    EXPECT_EQ(answer.value(), 42);
    EXPECT_FALSE(busy.done());
    busy.cancel();
    co_await ended(busy);
  });
}

TEST_F(sqlite_connection, S59_close_comes_after_what_was_asked_before) {
  run_io([&]() -> coro<> {
    auto db = co_await open(file());
    auto ends = co_await gather(return_exceptions, db.execute("create table t(a)"), db.close());
    EXPECT_TRUE(std::get<0>(ends).has_value());
    EXPECT_TRUE(std::get<1>(ends).has_value());
    EXPECT_FALSE(db.is_open());
    auto refused = co_await throws<usage_error>([&] { return db.execute("select 1"); });
    EXPECT_TRUE(refused);
    co_await db.close();
  });
}

TEST_F(sqlite_connection, S59_moving_from_it_leaves_a_closed_one) {
  on_loop([](connection& db) -> coro<> {
    connection other = std::move(db);
    EXPECT_FALSE(db.is_open());  // NOLINT: the subject
    auto refused = co_await throws<usage_error>([&] { return db.execute("select 1"); });
    EXPECT_TRUE(refused);
    db = std::move(other);
    co_await db.execute("select 1");
  });
}

// -- cancellation -----------------------------------------------------------------------------------------------------

TEST_F(sqlite_connection, L1_a_cancelled_query_is_interrupted_within_a_moment) {
  on_loop([](connection& db) -> coro<> {
    const auto start = clock::now();
    auto timed_out = co_await throws<timeout_error>([&] { return wait_for(db.execute(endless), 5ms); });
    EXPECT_TRUE(timed_out);
    EXPECT_LT(clock::now() - start, 2s);
    auto healthy = co_await db.fetch_one_as<int>("select 1");
    EXPECT_EQ(healthy.value(), 1);
    EXPECT_TRUE(db.is_healthy());
  });
}

TEST_F(sqlite_connection, L1_a_cancelled_change_has_no_effect) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table t(a)");
    auto timed_out = co_await throws<timeout_error>([&] {
      return wait_for(
          db.execute("insert into t with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"),
          5ms);
    });
    EXPECT_TRUE(timed_out);
    auto count = co_await db.fetch_one_as<int>("select count(*) from t");
    EXPECT_EQ(count.value(), 0);
  });
}

TEST_F(sqlite_connection, L1_a_statement_that_waits_for_its_turn_is_taken_back) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table t(a)");
    auto blocks = create_task([&db]() -> coro<> { co_await db.execute(endless); });
    auto waits = create_task([&db]() -> coro<> { co_await db.execute("insert into t values (1)"); });
    co_await sleep(2ms);
    waits.cancel();
    auto refused = co_await throws<cancelled_error>([&] { return waits; });
    EXPECT_TRUE(refused);
    EXPECT_FALSE(blocks.done());
    blocks.cancel();
    auto count = co_await db.fetch_one_as<int>("select count(*) from t");
    EXPECT_EQ(count.value(), 0);
  });
}

// Whatever the moment: an insert that is reported as cancelled left no row, and one that is not left one.
TEST_F(sqlite_connection, L1_done_or_cancelled_at_every_moment) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table t(a)");
    int done = 0;
    for (int i = 0; i < 150; ++i) {
      bool delivered = false;
      auto inserts = create_task([&]() -> coro<> {
        co_await db.execute("insert into t values (1)");
        delivered = true;
      });
      co_await sleep(std::chrono::microseconds(i));
      inserts.cancel();
      auto end = co_await throws<cancelled_error>([&] { return inserts; });
      EXPECT_EQ(end, !delivered);
      done += delivered ? 1 : 0;
    }
    auto count = co_await db.fetch_one_as<int>("select count(*) from t");
    EXPECT_EQ(count.value(), done);
  });
}

TEST_F(sqlite_connection, L11_a_cancelled_task_asks_nothing_more) {
  on_loop([](connection& db) -> coro<> {
    co_await db.execute("create table t(a)");
    auto task = create_task([&db]() -> coro<> { co_await db.execute("insert into t values (1)"); });
    task.cancel();
    auto cancelled = co_await throws<cancelled_error>([&] { return task; });
    EXPECT_TRUE(cancelled);
    auto count = co_await db.fetch_one_as<int>("select count(*) from t");
    EXPECT_EQ(count.value(), 0);
  });
}

TEST_F(sqlite_connection, L1_the_wait_for_another_programs_lock_is_cancelled) {
  on_loop([&](connection& db) -> coro<> {
    database holder(file());
    holder.begin(transaction_kind::immediate);
    const auto start = clock::now();
    auto timed_out = co_await throws<timeout_error>([&] { return wait_for(db.execute("create table t(a)"), 5ms); });
    EXPECT_TRUE(timed_out);
    EXPECT_LT(clock::now() - start, 2s);
    holder.rollback();
    co_await db.execute("create table t(a)");
  });
}

TEST_F(sqlite_connection, S59_waiting_for_a_lock_ends_with_the_busy_timeout) {
  run_io([&]() -> coro<> {
    database holder(file());
    holder.begin(transaction_kind::immediate);
    open_options options;
    options.busy_timeout = 5ms;
    auto db = co_await open(file(), options);
    std::string text;
    try {
      co_await db.execute("create table t(a)");
    } catch (const busy_error& failure) {
      text = failure.what();
    }
    EXPECT_TRUE(contains(text, "the busy timeout is 5 ms"));
    EXPECT_TRUE(contains(text, "create table t"));
  });
}

TEST_F(sqlite_connection, L1_a_cancelled_open_leaves_nothing) {
  run_io([&]() -> coro<> {
    auto opens = create_task([this]() -> coro<> { auto db = co_await open(file()); });
    co_await sleep(0ms);
    opens.cancel();
    auto done = co_await ended(opens);
    EXPECT_TRUE(done);
  });
}

// -- ends -------------------------------------------------------------------------------------------------------------

TEST_F(sqlite_connection, L4_its_destructor_ends_what_runs_and_what_waits) {
  run_io([&]() -> coro<> {
    auto db = std::make_unique<connection>(co_await open(file()));
    auto runs = create_task([&db]() -> coro<> { co_await db->execute(endless); });
    auto waits = create_task([&db]() -> coro<> { co_await db->execute("select 1"); });
    co_await sleep(200ms);  // by then the connection's thread has the first one, also on a busy machine
    db.reset();
    auto interrupted = co_await throws<interrupted_error>([&] { return runs; });
    EXPECT_TRUE(interrupted);
    auto closed = co_await throws<usage_error>([&] { return waits; });
    EXPECT_TRUE(closed);
  });
}

TEST_F(sqlite_connection, L4_the_loop_shuts_down_with_jobs_outstanding) {
  const auto start = clock::now();
  eddy::run([&]() -> coro<> {
    auto db = std::make_shared<connection>(co_await open(file()));
    create_task([db]() -> coro<> { co_await db->execute(endless); });
    create_task([db]() -> coro<> { co_await db->execute("select 1"); });
    co_await sleep(2ms);
  });
  EXPECT_LT(clock::now() - start, 2s);
}

TEST_F(sqlite_connection, L4_may_outlive_its_loop) {
  std::optional<connection> kept;
  std::optional<row_stream> stream;
  run_io([&]() -> coro<> {
    kept.emplace(co_await open(file()));
    stream.emplace(kept->rows("select 1 union select 2"));
    auto first = co_await stream->next();
    EXPECT_TRUE(first.has_value());
  });
  run_io([&]() -> coro<> {
    auto refused = co_await throws<std::exception>([&] { return kept->execute("select 1"); });
    EXPECT_TRUE(refused);
  });
  stream.reset();
}

TEST_F(sqlite_connection, L9_another_loop_is_refused) {
  on_loop([](connection& db) -> coro<> {
    bool refused = false;
    std::thread([&] {
      eddy::run([&]() -> coro<> { refused = co_await throws<wrong_thread>([&] { return db.execute("select 1"); }); });
    }).join();
    EXPECT_TRUE(refused);
    co_await db.execute("select 1");
  });
}

TEST_F(sqlite_connection, S59_several_live_on_one_loop_and_end_with_it) {
  run_io([&]() -> coro<> {
    std::vector<connection> all;
    for (int i = 0; i < 8; ++i) {
      auto each = co_await open(":memory:");
      all.push_back(std::move(each));
    }
    for (auto& each : all) co_await each.execute("create table t(a)");
  });
}

}  // namespace
}  // namespace eddy::sqlite::tests
