// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/better_than_asyncio.md. What asyncio does with the same programs: better_than_asyncio.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/base/exception_group.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

using strings = std::vector<std::string>;

// [kept]
coro<> save_draft(int number, std::vector<int>& saved) {
  co_await eddy::sleep(1s);
  saved.push_back(number);
}

void save_in_the_background(std::vector<int>& saved) {
  for (int number : {1, 2, 3}) eddy::create_task(save_draft, number, std::ref(saved));  // no handle is kept
}
// [kept]

EDDY_TEST(better_than_asyncio, S06_S07_a_task_that_nobody_keeps) {
  std::vector<int> saved;
  save_in_the_background(saved);
  co_await eddy::sleep(2s);
  EXPECT_THAT(saved, ElementsAre(1, 2, 3));
}

// [swallowed]
coro<> poll(eddy::event& news, int& rounds) {
  while (true) {
    co_await eddy::wait_for(news.wait(), 1min);
    news.clear();
    ++rounds;
  }
}

coro<> cancel_while_news_arrive(int& rounds) {
  eddy::event news;
  auto polling = eddy::create_task(poll, std::ref(news), std::ref(rounds));
  co_await eddy::sleep(1ms);
  news.set();
  polling.cancel();                         // in the same turn
  co_await eddy::cancel_and_join(polling);  // ends: the news are handed over, the next await unwinds
}
// [swallowed]

EDDY_TEST(better_than_asyncio, S21_S22_wait_for_swallows_no_cancellation) {
  int rounds = 0;
  co_await cancel_while_news_arrive(rounds);
  EXPECT_EQ(rounds, 1);
}

// [nested]
coro<> fail(std::string what) {
  co_await eddy::sleep(10ms);
  throw std::runtime_error(what);
}

coro<> nested_groups(strings& seen) {
  try {
    co_await eddy::with(eddy::task_group(), [](eddy::task_group& outer) -> coro<> {
      outer.create_task(fail, "outer");
      co_await eddy::with(eddy::task_group(), [](eddy::task_group& inner) -> coro<> {
        inner.create_task(fail, "inner");
        co_await eddy::sleep(1h);
      });
    });
  } catch (const eddy::exception_group&) {
    seen.push_back("failed");
  }
  co_await eddy::sleep(0s);
  seen.push_back("went on although it was cancelled");
}

coro<> cancel_while_both_fail(strings& seen) {
  auto working = eddy::create_task(nested_groups, std::ref(seen));
  co_await eddy::sleep(10ms);  // both children fail in this turn
  working.cancel();
  co_await eddy::cancel_and_join(working);
}
// [nested]

EDDY_TEST(better_than_asyncio, S11_S22_nested_groups_lose_no_cancellation) {
  strings seen;
  co_await cancel_while_both_fail(seen);
  EXPECT_THAT(seen, testing::Not(testing::Contains("went on although it was cancelled")));
}

// [waiter]
coro<int> work() {
  co_await eddy::sleep(1s);
  co_return 42;
}

coro<int> two_wait_for_one() {
  auto working = eddy::create_task(work);
  auto wait = [](eddy::task<int> t) -> coro<int> { co_return co_await std::move(t); };
  auto impatient = eddy::create_task(wait, working);
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(impatient);  // ends the waiting alone
  co_return co_await working;
}
// [waiter]

EDDY_TEST(better_than_asyncio, S06_S22_a_cancelled_waiter_leaves_the_task) {
  int answer = co_await two_wait_for_one();
  EXPECT_EQ(answer, 42);
}

// [permit]
coro<> enter(eddy::semaphore& door, std::string who, strings& seen) {
  auto permit = co_await door.acquire();
  seen.push_back(who);
  co_await eddy::sleep(1ms);
  seen.push_back(who + " stayed");
}

coro<> cancel_the_one_whose_turn_it_is(strings& seen) {
  eddy::semaphore door(1);
  auto inside = door.try_acquire();
  auto ada = eddy::create_task(enter, std::ref(door), "ada", std::ref(seen));
  auto ben = eddy::create_task(enter, std::ref(door), "ben", std::ref(seen));
  co_await eddy::sleep(1ms);
  inside.release();  // hands the permit to ada
  ada.cancel();      // in the same turn: she gets it, and gives it back when she is unwound
  co_await ben;
}
// [permit]

EDDY_TEST(better_than_asyncio, S25_S33_a_permit_is_not_lost) {
  strings seen;
  co_await cancel_the_one_whose_turn_it_is(seen);
  EXPECT_THAT(seen, ElementsAre("ada", "ben", "ben stayed"));
}

// [limits]
coro<std::string> two_limits_at_once() {
  try {
    co_await eddy::timeout(1s, []() -> coro<> {
      try {
        co_await eddy::timeout(1s, [] { return eddy::sleep(1h); });
      } catch (const eddy::timeout_error&) {  // never entered: the whole part has no time left
      }
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::timeout_error& late) {
    co_return late.what();  // names the outer limit and its line
  }
  co_return "no limit";
}
// [limits]

EDDY_TEST(better_than_asyncio, S21_of_two_limits_in_one_turn_the_outer_one_wins) {
  auto start = eddy::now();
  auto text = co_await two_limits_at_once();
  EXPECT_EQ(eddy::now() - start, 1s);
  EXPECT_THAT(text, testing::HasSubstr("limit of 1 s"));
}

// [siblings]
coro<> write_page(std::string page, strings& written) {
  co_await eddy::sleep(page.empty() ? 1ms : 10ms);
  if (page.empty()) throw std::invalid_argument("a page without a name");
  written.push_back(page);
}

coro<> write_all(strings& written) {
  try {
    co_await eddy::gather(write_page("one", written), write_page("", written), write_page("two", written));
  } catch (const std::invalid_argument&) {
    written.clear();  // start anew: nobody writes any more
  }
}
// [siblings]

EDDY_TEST(better_than_asyncio, S04_gather_leaves_nobody_behind) {
  strings written;
  co_await write_all(written);
  co_await eddy::sleep(1s);
  EXPECT_THAT(written, IsEmpty());
}

// [shield]
class draft {
 public:
  explicit draft(strings& log) : log_(log) {}
  draft(const draft&) = delete;
  ~draft() { log_.push_back("closed"); }
  coro<> save() {
    co_await eddy::sleep(2ms);
    log_.push_back("saved");
  }

 private:
  strings& log_;
};

coro<> save_and_close(strings& log) {
  draft letter(log);
  co_await eddy::shield(letter.save());  // `letter` is there until this is done
}
// [shield]

EDDY_TEST(better_than_asyncio, S23_the_caller_waits_for_what_it_shields) {
  strings log;
  auto saving = eddy::create_task(save_and_close, std::ref(log));
  co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(saving);
  EXPECT_THAT(log, ElementsAre("saved", "closed"));
}

}  // namespace
