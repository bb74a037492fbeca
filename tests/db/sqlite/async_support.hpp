// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "eddy/coro/run.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/testing/run_test.hpp"
#include "tests/db/sqlite/support.hpp"

namespace eddy::sqlite::tests {

using namespace std::chrono_literals;

/// A query that computes until it is interrupted.
constexpr const char* endless =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

/// Awaits `body(db)` with a connection to a fresh file in `directory`, then closes it.
template <class F>
coro<> on_connection(std::string path, F body) {
  auto db = co_await open(std::move(path));
  co_await body(db);
  co_await db.close();
}

/// A test with files in a directory of its own.
class sqlite_files : public ::testing::Test {
 protected:
  /// Runs `body(connection&)` on a loop.
  template <class F>
  void on_loop(F body) {
    run_io([&]() -> coro<> { return on_connection(file(), std::ref(body)); });
  }
  /// Runs `body()` on a loop; fails when it leaves a task, a job, a frame or a descriptor.
  template <class F>
  void run_io(F body) {
    testing::run_test(std::ref(body), testing::test_clock::real_time);
  }
  std::string file() const { return directory_.file("a.db"); }

  temporary_directory directory_;
};

/// Waits for a task, whatever its end.
template <class T>
coro<bool> ended(T task) {
  try {
    co_await task;
  } catch (const cancelled_error&) {
  }
  co_return task.done();
}

/// Whether the awaitable that `make` gives throws an Error.
template <class Error, class F>
coro<bool> throws(F make) {
  try {
    co_await make();
  } catch (const Error&) {
    co_return true;
  }
  co_return false;
}

}  // namespace eddy::sqlite::tests
