// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/cancellation.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/coro.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

struct balance {
  int now = 100;
};

// [guard]
class transaction {
 public:
  explicit transaction(balance& b) : balance_(b), before_(b.now) {}
  transaction(const transaction&) = delete;
  ~transaction() {
    if (std::uncaught_exceptions() > exceptions_) balance_.now = before_;  // rolled back
  }

 private:
  balance& balance_;
  int before_;
  int exceptions_ = std::uncaught_exceptions();
};

coro<> pay(balance& from) {
  transaction guard(from);
  from.now -= 30;
  co_await eddy::sleep(1h);  // cancelled here: rolled back, as if this had thrown
}
// [guard]

EDDY_TEST(cancellation, guards_roll_back) {
  balance account;
  auto end = co_await eddy::as_outcome(eddy::wait_for(pay(account), 1s));
  EXPECT_TRUE(end.has_exception());
  EXPECT_EQ(account.now, 100);
}

// [atomic]
coro<std::optional<int>> get_within(eddy::queue<int>& numbers, std::chrono::milliseconds limit) {
  try {
    co_return co_await eddy::wait_for(numbers.get(), limit);
  } catch (const eddy::timeout_error&) {
    co_return std::nullopt;  // nothing was taken: whatever comes later is still in the queue
  }
}
// [atomic]

EDDY_TEST(cancellation, a_get_that_timed_out_took_nothing) {
  eddy::queue<int> numbers;
  auto none = co_await get_within(numbers, 10ms);
  co_await numbers.put(7);
  auto seven = co_await get_within(numbers, 10ms);
  EXPECT_EQ(none, std::nullopt);
  EXPECT_EQ(seven, 7);
}

// [lines]
coro<> read_lines(eddy::stream& connection, std::vector<std::string>& seen) {
  auto lines = connection.reader().lines();
  while (true) {
    try {
      auto line = co_await eddy::wait_for(lines.next(), 30s);
      if (!line) co_return;
      seen.push_back(*line);
    } catch (const eddy::timeout_error&) {
      seen.push_back("(silence)");  // the lines go on afterwards; half a line waits for its other half
    }
  }
}
// [lines]

EDDY_TEST(cancellation, lines_go_on_after_a_limit) {
  auto ends = eddy::memory_pipe();
  std::vector<std::string> seen;
  auto reading = eddy::create_task(read_lines, std::ref(ends.first), std::ref(seen));
  co_await ends.second.writer().write("half ");
  co_await eddy::sleep(31s);
  co_await ends.second.writer().write("a line\n");
  co_await ends.second.close();
  co_await reading;
  EXPECT_THAT(seen, testing::ElementsAre("(silence)", "half a line"));
}

// [shield]
coro<> deliver(std::vector<int>& delivered) {
  co_await eddy::sleep(10ms);
  delivered.push_back(1);
}

coro<> deliver_all_or_nothing(std::vector<int>& delivered) {
  co_await eddy::shield(deliver(delivered));  // not torn apart
  co_await eddy::sleep(1h);                   // the cancellation takes effect here
}
// [shield]

EDDY_TEST(cancellation, a_shield_completes_first) {
  std::vector<int> delivered;
  auto delivering = eddy::create_task(deliver_all_or_nothing, std::ref(delivered));
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(delivering);
  EXPECT_THAT(delivered, testing::ElementsAre(1));
}

coro<std::string> fetch(std::string name) {
  co_await eddy::sleep(10ms);
  if (name.empty()) throw std::runtime_error("no name");
  co_return "page of " + std::move(name);
}

// [finally_outcome]
coro<> with_a_record(std::vector<std::string>& record) {
  auto body = []() -> coro<> { co_await eddy::sleep(1h); };
  auto note = [&](const eddy::outcome<>& how) {
    if (how.cancelled()) record.push_back(how.reason());
  };
  co_await eddy::finally(body, note);
}
// [finally_outcome]

EDDY_TEST(cancellation, clean_up_learns_why) {
  std::vector<std::string> record;
  auto working = eddy::create_task(with_a_record, std::ref(record));
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(working, "closing time");
  EXPECT_THAT(record, testing::ElementsAre("closing time"));
}

// [result_of_a_task]
coro<std::string> what_came_of(eddy::task<std::string> fetching) {
  auto end = co_await eddy::as_outcome(fetching);
  if (end.has_value()) co_return *end;
  if (end.cancelled()) co_return "somebody cancelled the task: " + end.reason();
  try {
    std::rethrow_exception(end.exception());
  } catch (const std::exception& error) {
    co_return error.what();
  }
}
// [result_of_a_task]

EDDY_TEST(cancellation, news_about_another_task_is_an_outcome) {
  auto good = eddy::create_task(fetch, "a");
  auto bad = eddy::create_task(fetch, "");
  auto gone = eddy::create_task(fetch, "b");
  gone.cancel("not needed");
  auto first = co_await what_came_of(good);
  auto second = co_await what_came_of(bad);
  auto third = co_await what_came_of(gone);
  EXPECT_EQ(first, "page of a");
  EXPECT_EQ(second, "no name");
  EXPECT_EQ(third, "somebody cancelled the task: not needed");
}

}  // namespace
