// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/running.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "eddy/base/reports.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/coro/future.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

// [await]
coro<std::string> fetch(std::string name) {
  co_await eddy::sleep(10ms);
  if (name.empty()) throw std::invalid_argument("a page without a name");
  co_return "page of " + std::move(name);
}

coro<std::size_t> length_of(std::string name) {
  auto page = co_await fetch(std::move(name));  // its value, or its exception
  co_return page.size();
}
// [await]

EDDY_TEST(guide_running, S01_a_value_or_an_exception) {
  auto length = co_await length_of("ada");
  auto failed = co_await eddy::as_outcome(length_of(""));
  EXPECT_EQ(length, 11u);
  EXPECT_THROW(failed.value(), std::invalid_argument);
}

// [run]
coro<int> main_coro(std::string name) {
  auto length = co_await length_of(std::move(name));
  co_return length > 0 ? 0 : 1;
}

int program(std::string name) {
  try {
    return eddy::run(main_coro, std::move(name));  // gives its value, throws its exception
  } catch (const eddy::interrupted&) {
    return 130;  // Ctrl-C: main_coro was cancelled and has cleaned up
  }
}
// [run]

TEST(guide_running, S02_a_program_has_a_value_or_an_exception) {
  EXPECT_EQ(program("ada"), 0);
  EXPECT_THROW(program(""), std::invalid_argument);
}

// [options]
coro<> leave_something_behind(std::vector<std::string>& seen) {
  eddy::create_task([&seen]() -> coro<> {
    auto after = eddy::on_exit([&seen] { seen.push_back("joined"); });
    co_await eddy::sleep(1h);
  });
  co_await eddy::sleep(1ms);
  seen.push_back("main has ended");
}

void run_with_options(std::vector<std::string>& seen) {
  auto options = eddy::run_options().grace(2s).debug();
  eddy::run(options, leave_something_behind, std::ref(seen));  // cancels and joins what is left
}
// [options]

TEST(guide_running, S02_what_is_left_is_cancelled_and_joined) {
  auto before = eddy::set_report_handler([](const std::string&) {});  // debug mode tells what was left
  std::vector<std::string> seen;
  run_with_options(seen);
  (void)eddy::set_report_handler(std::move(before));
  EXPECT_THAT(seen, ElementsAre("main has ended", "joined"));
}

// [inside]
std::string run_inside_of_run() {
  return eddy::run([]() -> coro<std::string> {
    try {
      co_return std::to_string(eddy::run(main_coro, "ada"));
    } catch (const eddy::misuse_error& error) {
      co_return error.what();  // "run was called inside a running loop; use co_await or create_task there instead"
    }
  });
}
// [inside]

TEST(guide_running, S03_one_after_the_other_but_not_inside) {
  EXPECT_EQ(program("one"), 0);
  EXPECT_EQ(program("two"), 0);
  EXPECT_EQ(run_inside_of_run(), "run was called inside a running loop; use co_await or create_task there instead");
}

// [gather]
coro<std::string> title_of(std::string name) {
  auto running = eddy::create_task(fetch, name);
  auto both = co_await eddy::gather(length_of(name), running);  // a coroutine and a task, after 10 ms together
  co_return std::get<1>(both) + ", " + std::to_string(std::get<0>(both)) + " letters";
}
// [gather]

EDDY_TEST(guide_running, S04_all_values_in_order) {
  auto start = eddy::now();
  auto title = co_await title_of("ada");
  EXPECT_EQ(title, "page of ada, 11 letters");
  EXPECT_EQ(eddy::now() - start, 10ms);
}

// [task]
coro<std::string> start_early(std::vector<std::string>& log) {
  auto fetching = eddy::create_task(fetch, "ada");  // runs from now on
  fetching.name("ada's page");
  fetching.add_done_callback([&log](const eddy::task<std::string>& t) { log.push_back(t.name() + " is there"); });
  log.push_back(fetching.done() ? "already" : "not yet");
  co_await eddy::sleep(5ms);               // something else meanwhile
  co_return co_await std::move(fetching);  // moves the value out; `co_await fetching` would give a const reference
}
// [task]

EDDY_TEST(guide_running, S06_a_task_runs_beside_its_maker) {
  std::vector<std::string> log;
  auto start = eddy::now();
  auto page = co_await start_early(log);
  co_await eddy::sleep(0s);
  EXPECT_EQ(page, "page of ada");
  EXPECT_EQ(eddy::now() - start, 10ms);
  EXPECT_THAT(log, ElementsAre("not yet", "ada's page is there"));
}

// [forget]
coro<> count_the_visit(std::string name) {
  co_await eddy::sleep(1ms);
  throw std::runtime_error("the counter of " + name + " is full");
}

void fire_and_forget() {
  eddy::create_task(count_the_visit, "ada");  // nobody keeps the handle; the loop keeps the task
}

coro<> main_with_a_handler(std::vector<std::string>& errors) {
  eddy::event_loop::current().set_exception_handler([&errors](const eddy::unhandled_error& what) {
    errors.push_back(
        what.message);  // "... task 2 (count_the_visit ... at site.cpp:88)": the name, and where it was made
  });
  fire_and_forget();
  co_await eddy::sleep(10ms);
}
// [forget]

TEST(guide_running, S07_no_error_is_lost) {
  std::vector<std::string> errors;
  eddy::run(main_with_a_handler, std::ref(errors));
  EXPECT_THAT(errors, ElementsAre(testing::AllOf(HasSubstr("count_the_visit"), HasSubstr("running_test.cpp:"))));
}

// [wait]
coro<std::string> whichever_is_first(std::vector<eddy::task<std::string>> mirrors) {
  auto ended = co_await eddy::wait(mirrors).until(eddy::first_completed).limit(5s);
  if (ended.done.empty()) co_return "nothing within 5 s";
  co_return std::to_string(ended.pending.size()) + " still run, first came " + ended.done.front().result();
}
// [wait]

coro<std::string> mirror(std::string name, std::chrono::nanoseconds time) {
  co_await eddy::sleep(time);
  co_return name;
}

EDDY_TEST(guide_running, S09_the_first_and_nothing_is_cancelled) {
  std::vector<eddy::task<std::string>> mirrors{eddy::create_task(mirror, "far", 2s),
                                               eddy::create_task(mirror, "near", 1s)};
  auto first = co_await whichever_is_first(mirrors);
  auto far = co_await mirrors.front();
  std::vector<eddy::task<std::string>> slow{eddy::create_task(mirror, "slow", 6s)};
  auto none = co_await whichever_is_first(slow);
  EXPECT_EQ(first, "1 still run, first came near");
  EXPECT_EQ(far, "far");
  EXPECT_EQ(none, "nothing within 5 s");
  co_await slow.front();
}

// [children]
coro<> crawl(std::string page, int depth, std::vector<std::string>& found, eddy::task_group& group) {
  co_await eddy::sleep(1ms);
  found.push_back(page);
  if (depth == 0) co_return;
  for (const char* link : {"a", "b"})  // children may start children
    group.create_task(crawl, page + link, depth - 1, std::ref(found), std::ref(group));
}

coro<std::vector<std::string>> crawl_all() {
  std::vector<std::string> found;
  co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
    group.create_task(crawl, "/", 2, std::ref(found), std::ref(group));
    co_return;
  });
  co_return found;  // all pages: nothing of the group runs any more
}
// [children]

EDDY_TEST(guide_running, S11_children_start_children) {
  auto found = co_await crawl_all();
  EXPECT_THAT(found, ElementsAre("/", "/a", "/b", "/aa", "/ab", "/ba", "/bb"));
}

// [race]
coro<std::string> fastest() {
  auto first = co_await eddy::race(mirror("far", 1h), mirror("near", 1s));  // the other one is cancelled and joined
  co_return std::to_string(first.index()) + ": " + first.value();
}
// [race]

EDDY_TEST(guide_running, S12_the_winner_and_nobody_else) {
  auto winner = co_await fastest();
  EXPECT_EQ(winner, "1: near");
}

// [promise]
class door {
 public:
  eddy::future<std::string> opened() const { return opened_.get_future(); }  // for any number of waiters
  void open(std::string who) { opened_.set_value(std::move(who)); }

 private:
  eddy::promise<std::string> opened_;
};

coro<std::string> wait_for_the_door(eddy::future<std::string> opened) {
  try {
    auto who = co_await opened;
    co_return who + " opened it";
  } catch (const eddy::broken_promise&) {
    co_return "the door is gone";  // its promise was dropped without a value: no wait hangs for ever
  }
}
// [promise]

EDDY_TEST(guide_running, S13_a_value_that_somebody_sets) {
  auto front = std::make_unique<door>();
  auto back = std::make_unique<door>();
  auto first = eddy::create_task(wait_for_the_door, front->opened());
  auto second = eddy::create_task(wait_for_the_door, back->opened());
  co_await eddy::sleep(1ms);
  front->open("ada");
  back.reset();
  auto opened = co_await first;
  auto gone = co_await second;
  EXPECT_EQ(opened, "ada opened it");
  EXPECT_EQ(gone, "the door is gone");
}

// [callbacks]
coro<> plain_callbacks(std::vector<std::string>& log) {
  auto& loop = eddy::event_loop::current();
  auto note = [&log](std::string what) { log.push_back(std::move(what)); };
  loop.call_soon(note, "soon");
  loop.call_soon(note, "and after that");
  loop.call_later(2s, note, "later");
  loop.call_at(eddy::now() + 1s, note, "at a moment");
  auto never = loop.call_later(3s, note, "never");
  never.cancel();  // `note` and its argument are gone now
  co_await eddy::sleep(4s);
}
// [callbacks]

EDDY_TEST(guide_running, S14_callbacks_in_order) {
  std::vector<std::string> log;
  co_await plain_callbacks(log);
  EXPECT_THAT(log, ElementsAre("soon", "and after that", "at a moment", "later"));
}

// [semaphore]
class site {
 public:
  coro<std::string> get(std::string page) {
    auto permit = co_await at_once_.acquire();  // waits in line; given back when `permit` goes, whatever happens
    most_ = std::max(most_, ++now_);
    auto leave = eddy::on_exit([this] { --now_; });
    co_return co_await fetch(page);
  }
  int most() const { return most_; }

 private:
  eddy::semaphore at_once_{2};
  int now_ = 0;
  int most_ = 0;
};
// [semaphore]

EDDY_TEST(guide_running, S25_two_at_once) {
  site eddy_org;
  std::vector<coro<std::string>> all;
  for (std::string page : {"a", "b", "c", "d", "e"}) all.push_back(eddy_org.get(page));
  auto start = eddy::now();
  auto pages = co_await eddy::gather(std::move(all));
  EXPECT_EQ(pages.size(), 5u);
  EXPECT_EQ(eddy_org.most(), 2);
  EXPECT_EQ(eddy::now() - start, 30ms);
}

}  // namespace
