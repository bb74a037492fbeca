// SPDX-License-Identifier: BSL-1.0
// A database: rows as structs, and a transaction that commits or takes everything back. Run: `example_110_sqlite`.
#include <eddy/eddy.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

using eddy::coro;
namespace sqlite = eddy::sqlite;

// [rows]
struct account {
  int id = 0;
  std::string owner;
  int balance = 0;
};
EDDY_DESCRIBE(account, id, owner, balance)

coro<> print_accounts(sqlite::connection& db) {
  auto accounts = co_await db.fetch_as<account>("select id, owner, balance from account where balance >= ?", 0);
  for (const account& each : accounts) std::cout << each.owner << " has " << each.balance << '\n';
}
// [rows]

// [transaction]
coro<> transfer(sqlite::connection& db, int from, int to, int amount) {
  co_await eddy::with(db.transaction(), [&](sqlite::connection& tx) -> coro<> {
    co_await tx.execute("update account set balance = balance + ? where id = ?", amount, to);
    co_await tx.execute("update account set balance = balance - ? where id = ?", amount, from);
    auto left = co_await tx.fetch_one_as<int>("select balance from account where id = ?", from);
    if (*left < 0) throw std::runtime_error("not enough money");
  });  // a value: committed; an exception, or cancelled: rolled back
}
// [transaction]

coro<> main_coro() {
  auto db = co_await sqlite::open(":memory:");
  co_await db.execute_script(
      "create table account (id integer primary key, owner text not null, balance integer not null);"
      "insert into account values (1, 'ada', 100), (2, 'bob', 20);");
  co_await transfer(db, 1, 2, 30);
  try {
    co_await transfer(db, 1, 2, 1000);
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << '\n';
  }
  co_await print_accounts(db);
  co_await db.close();
}

int main() { eddy::run(main_coro); }
