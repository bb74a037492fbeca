// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/groups.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/flow/as_completed.hpp"
#include "eddy/flow/background_tasks.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/flow/worker_pool.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

coro<int> price(int shop) {
  co_await eddy::sleep(std::chrono::seconds(shop));
  if (shop == 2) throw std::runtime_error("closed");
  co_return 100 * shop;
}

// [return_exceptions]
coro<std::vector<std::string>> ask_all(eddy::task<int> asked_before) {
  auto [a, b, c] = co_await eddy::gather(eddy::return_exceptions, price(1), price(2), asked_before);
  std::vector<std::string> answers;
  for (const eddy::outcome<int>& each : {a, b, c}) {
    if (each.has_value())
      answers.push_back(std::to_string(*each));
    else if (each.cancelled())
      answers.push_back("cancelled: " + each.reason());
    else
      answers.push_back("failed");
  }
  co_return answers;
}
// [return_exceptions]

EDDY_TEST(groups, S05_go_on_when_some_fail) {
  auto asked = eddy::create_task(price, 3);
  asked.cancel("not needed any more");
  const auto answers = co_await ask_all(asked);
  EXPECT_THAT(answers, testing::ElementsAre("100", "failed", "cancelled: not needed any more"));
}

// [background]
class cache {
 public:
  void refresh(std::string key) { background_.create_task(fetch, std::ref(*this), std::move(key)); }

  coro<std::string> close() {
    const auto report = co_await background_.shutdown(5s);  // before what the tasks use goes away
    co_return std::to_string(report.ended.size()) + " ended, " + std::to_string(report.overdue.size()) + " overdue";
  }

  int errors = 0;

 private:
  static coro<> fetch(cache& self, std::string key) {
    co_await eddy::sleep(1s);
    if (key == "bad") throw std::runtime_error("no such key");
    self.keys_.push_back(std::move(key));
  }

  std::vector<std::string> keys_;
  eddy::background_tasks background_{[this](const eddy::unhandled_error&) { ++errors; }};
};
// [background]

EDDY_TEST(groups, S08_a_set_of_background_tasks) {
  cache c;
  c.refresh("good");
  c.refresh("bad");
  co_await eddy::sleep(2s);
  EXPECT_EQ(c.errors, 1);
  c.refresh("late");
  const std::string report = co_await c.close();
  EXPECT_EQ(report, "1 ended, 0 overdue");
}

// [wait]
coro<std::size_t> first_answers(std::vector<eddy::task<int>> asked) {
  auto so_far = co_await eddy::wait(asked).until(eddy::first_completed).limit(5s);
  for (eddy::task<int>& each : so_far.pending) each.cancel("too slow");  // wait() itself leaves them alone
  co_return so_far.done.size();
}
// [wait]

EDDY_TEST(groups, S09_wait_for_the_first_or_for_some_time) {
  std::vector<eddy::task<int>> asked;
  for (const int shop : {3, 1, 4}) asked.push_back(eddy::create_task(price, shop));
  const auto done = co_await first_answers(asked);
  EXPECT_EQ(done, 1U);
  EXPECT_EQ(asked[1].result(), 100);
  co_await eddy::sleep(0s);
  EXPECT_TRUE(asked[0].cancelled());
}

// [as_completed]
coro<int> first_good_price(std::vector<coro<int>> prices) {
  co_return co_await eddy::with(eddy::as_completed(std::move(prices)), [](auto& answers) -> coro<int> {
    while (auto answer = co_await answers.next())
      if (answer->has_value()) co_return answer->value();  // the others are cancelled, and have ended when with() does
    throw std::runtime_error("nobody has it");
  });
}
// [as_completed]

// [as_completed_for_each]
coro<> print_all(std::vector<coro<int>> prices, std::vector<std::string>& lines) {
  co_await eddy::for_each(eddy::as_completed(std::move(prices)), [&](eddy::outcome<int> answer) {
    lines.push_back(answer.has_value() ? std::to_string(answer.value()) : "failed");
  });
}
// [as_completed_for_each]

EDDY_TEST(groups, S10_handle_results_as_they_come) {
  std::vector<coro<int>> prices;
  for (const int shop : {3, 2, 4}) prices.push_back(price(shop));
  const int good = co_await first_good_price(std::move(prices));
  EXPECT_EQ(good, 300);
  prices.clear();
  for (const int shop : {3, 2, 1}) prices.push_back(price(shop));
  std::vector<std::string> lines;
  co_await print_all(std::move(prices), lines);
  EXPECT_THAT(lines, testing::ElementsAre("100", "failed", "300"));
}

// [race]
coro<std::string> newer_of_two(eddy::queue<std::string>& orders, eddy::queue<std::string>& alarms) {
  auto first = co_await eddy::race(orders.get(), alarms.get());
  if (auto& order = first.get<0>()) {
    if (auto& alarm = first.get<1>()) co_return *order + ", " + *alarm;  // both came in one turn: neither is lost
    co_return *order;
  }
  co_return *first.get<1>();
}
// [race]

EDDY_TEST(groups, S12_race_and_take_the_winner) {
  eddy::queue<std::string> orders;
  eddy::queue<std::string> alarms;
  alarms.try_put("fire");
  const auto got = co_await newer_of_two(orders, alarms);
  EXPECT_EQ(got, "fire");
  EXPECT_TRUE(alarms.empty());
}

// [workers]
coro<int> add_up(std::vector<int> numbers) {
  eddy::queue<int> jobs(8);
  int sum = 0;
  auto worker = [&]() -> coro<> {
    while (true) {
      auto job = co_await jobs.take();  // a lease: dropped without done(), it goes back
      co_await eddy::sleep(1ms);
      sum += *job;
      job.done();
    }
  };
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    for (int i = 0; i < 4; ++i) group.create_task(worker);
    for (const int number : numbers) co_await jobs.put(number);  // waits while eight are waiting
    co_await jobs.join();                                        // every one is done
    group.cancel("no more work");
  });
  co_return sum;
}
// [workers]

// [worker_pool]
coro<int> add_up_shorter(std::vector<int> numbers) {
  int sum = 0;
  auto handle = [&](int number) -> coro<> {
    co_await eddy::sleep(1ms);
    sum += number;
  };
  co_await eddy::with(eddy::worker_pool<int>(4, handle).capacity(8), [&](eddy::worker_pool<int>& pool) -> coro<> {
    for (const int number : numbers) co_await pool.put(number);
  });  // leaving with a value lets the workers finish what was put
  co_return sum;
}
// [worker_pool]

EDDY_TEST(groups, S35_a_pool_of_workers_on_a_queue_long_and_short) {
  std::vector<int> numbers;
  for (int i = 1; i <= 50; ++i) numbers.push_back(i);
  const int longer = co_await add_up(numbers);
  const int shorter = co_await add_up_shorter(numbers);
  EXPECT_EQ(longer, 1275);
  EXPECT_EQ(shorter, 1275);
}

}  // namespace
