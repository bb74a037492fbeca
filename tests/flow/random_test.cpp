// SPDX-License-Identifier: BSL-1.0
// Random programs: trees of tasks, scopes, locks, queues, failures and cancellations, checked against books that have
// to balance.
//
// EDDY_RANDOM_PROGRAMS says how many (default 2,000), EDDY_RANDOM_SEED with which seed to begin (default 1).
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/for_each.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/map_concurrent.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/wait.hpp"
#include "eddy/sync/event.hpp"
#include "eddy/sync/mutex.hpp"
#include "eddy/sync/queue.hpp"
#include "eddy/sync/semaphore.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

/// An error with a number, so that the books can tell whether it reached somebody.
class numbered_error : public std::runtime_error {
 public:
  explicit numbered_error(int number) : std::runtime_error("error " + std::to_string(number)), number_(number) {}
  int number() const noexcept { return number_; }

 private:
  int number_;
};

using item = std::unique_ptr<int>;

/// What one random program works on, and its books.
struct world {
  explicit world(std::uint64_t seed) : random(seed) {}

  std::mt19937_64 random;
  int budget = 120;  // nodes that may still be made
  std::uint64_t trace = 0;

  eddy::queue<item> items{3};
  eddy::mutex door;
  eddy::semaphore permits{2};

  int opened = 0;
  int closed = 0;
  int inside = 0;
  int most_inside = 0;
  int next_item = 0;
  std::multiset<int> given;
  std::multiset<int> received;
  int next_error = 0;
  std::set<int> errors_seen;

  int draw(int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); }
  std::chrono::nanoseconds pause() { return std::chrono::milliseconds(draw(6)); }
  void step(int what) { trace = (trace ^ static_cast<std::uint64_t>(what)) * 1099511628211U; }

  void see(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const numbered_error& e) {
      step(e.number());
      errors_seen.insert(e.number());
    } catch (const eddy::exception_group& group) {
      for (const auto& each : group.exceptions()) see(each);
    } catch (...) {
      step(-1);  // limits and news of cancelled tasks
    }
  }
  std::string judge() const;
};

std::string world::judge() const {
  std::string problems;
  const auto require = [&](bool holds, const std::string& sentence) {
    if (!holds) problems += sentence + "; ";
  };
  require(opened == closed, std::to_string(opened) + " opened, " + std::to_string(closed) + " closed");
  require(!door.locked(), "the lock is held by nobody");
  require(most_inside <= 1, "two held the lock");
  require(permits.available() == 2, std::to_string(permits.available()) + " permits of 2");
  require(static_cast<int>(errors_seen.size()) == next_error,
          std::to_string(next_error) + " errors thrown, " + std::to_string(errors_seen.size()) + " seen");
  require(items.unfinished() == items.size(), "unfinished items that are not in the queue");
  require(given.size() == received.size() + items.size(), "items lost or doubled");
  return problems;
}

coro<> node(world& w, int depth);

/// Opened and closed once, with awaits in both, which may fail.
class thing {
 public:
  explicit thing(world& w) : world_(&w) {}
  coro<> aenter() {
    co_await eddy::sleep(world_->pause());
    if (world_->draw(20) == 0) throw numbered_error(world_->next_error++);
    ++world_->opened;
  }
  coro<> aexit() {
    co_await eddy::sleep(world_->pause());
    ++world_->closed;
    if (world_->draw(20) == 0) throw numbered_error(world_->next_error++);
  }

 private:
  world* world_;
};

coro<> put_item(world& w) {
  const int number = w.next_item++;
  auto mine = std::make_unique<int>(number);
  auto book = eddy::on_exit([&] {
    if (!mine) w.given.insert(number);
  });
  co_await eddy::wait_for(w.items.put(std::move(mine)), w.pause());
}
coro<> get_item(world& w) {
  const item got = co_await eddy::wait_for(w.items.get(), w.pause());
  w.received.insert(*got);
  w.items.task_done();
}
coro<> lease_item(world& w) {
  auto job = co_await eddy::wait_for(w.items.take(), w.pause());
  co_await eddy::sleep(w.pause());
  if (w.draw(2) == 0) co_return;  // changes its mind: it goes back
  w.received.insert(**job);
  job.done();
}
coro<> race_for_items(world& w) {
  auto won = co_await eddy::race(w.items.get(), w.items.get(), eddy::sleep(w.pause()));
  const auto book = [&](std::optional<item>& each) {
    if (!each) return;
    w.received.insert(**each);
    w.items.task_done();
  };
  book(won.get<0>());
  book(won.get<1>());
}
coro<> hold_lock(world& w) {
  auto held = co_await w.door.lock();
  w.most_inside = std::max(w.most_inside, ++w.inside);
  auto leave = eddy::on_exit([&] { --w.inside; });
  co_await eddy::sleep(w.pause());
}
coro<> hold_permit(world& w) {
  auto permit = co_await w.permits.acquire();
  co_await eddy::sleep(w.pause());
}
coro<> fail(world& w) {
  co_await eddy::sleep(w.pause());
  throw numbered_error(w.next_error++);
}
coro<> caught(world& w, int depth) {
  auto out = co_await eddy::as_outcome(node(w, depth));
  if (out.has_exception()) w.see(out.exception());
}
coro<> group_of(world& w, int depth) {
  co_await eddy::with(eddy::task_group(), [&w, depth](eddy::task_group& group) -> coro<> {
    std::vector<eddy::task<>> children;
    for (int i = w.draw(3); i >= 0; --i) children.push_back(group.create_task(node, std::ref(w), depth));
    co_await node(w, depth);
    if (w.draw(4) == 0) children[0].cancel("one child");
    if (w.draw(6) == 0) group.cancel();
    if (w.draw(6) == 0) group.create_task(node, std::ref(w), depth);
  });
}
coro<> task_of(world& w, int depth) {
  auto job = eddy::create_task(node, std::ref(w), depth);
  const int what = w.draw(3);
  auto stop = eddy::on_exit([&] { job.cancel("its maker is gone"); });
  if (what == 0) {
    co_await job;
  } else if (what == 1) {
    co_await eddy::sleep(w.pause());
    co_await eddy::cancel_and_join(job);
    if (auto error = job.exception()) w.see(error);
  } else {
    auto result = co_await eddy::wait(std::vector<eddy::task<>>(1, job)).limit(w.pause());
    for (const auto& done : result.done)
      if (auto error = done.exception()) w.see(error);
  }
}
coro<> map_of(world& w, int depth) {
  std::vector<int> input{1, 2, 3, 4};
  co_await eddy::with(eddy::map_concurrent(std::move(input), 2, [&w, depth](int) { return node(w, depth); }),
                      [&w](auto& results) -> coro<> {
                        for (int left = w.draw(6); left > 0; --left) {
                          auto each = co_await results.next();
                          if (!each) co_return;
                          if (each->has_exception()) w.see(each->exception());
                        }
                      });
}
coro<> outcomes_of(world& w, int depth) {
  auto [a, b] = co_await eddy::gather(eddy::return_exceptions, node(w, depth), node(w, depth));
  if (a.has_exception()) w.see(a.exception());
  if (b.has_exception()) w.see(b.exception());
}

coro<> node(world& w, int depth) {
  if (--w.budget < 0) co_return;
  const int what = w.draw(depth > 0 ? 24 : 10);
  w.step(what);
  switch (what) {
    case 0:
      co_await eddy::checkpoint();
      break;
    case 1:
      co_await eddy::sleep(w.pause());
      break;
    case 2:
      co_await put_item(w);
      break;
    case 3:
      co_await get_item(w);
      break;
    case 4:
      co_await lease_item(w);
      break;
    case 5:
      co_await race_for_items(w);
      break;
    case 6:
      co_await hold_lock(w);
      break;
    case 7:
      co_await hold_permit(w);
      break;
    case 8:
      co_await fail(w);
      break;
    case 9:
      co_await put_item(w);
      break;
    case 10:
      co_await eddy::with(thing(w), [&w, depth](thing&) { return node(w, depth - 1); });
      break;
    case 11:
      co_await eddy::timeout(w.pause(), [&w, depth] { return node(w, depth - 1); });
      break;
    case 12:
      co_await eddy::gather(node(w, depth - 1), node(w, depth - 1), node(w, depth - 1));
      break;
    case 13:
      co_await eddy::race(node(w, depth - 1), node(w, depth - 1));
      break;
    case 14:
      co_await group_of(w, depth - 1);
      break;
    case 15:
      co_await task_of(w, depth - 1);
      break;
    case 16:
      co_await map_of(w, depth - 1);
      break;
    case 17:
      co_await eddy::shield(node(w, depth - 1));
      break;
    case 18:
      co_await eddy::finally([&w, depth] { return node(w, depth - 1); }, [&w] { return hold_permit(w); });
      break;
    case 19:
      co_await outcomes_of(w, depth - 1);
      break;
    case 20:
      co_await eddy::wait_for(eddy::with(thing(w), [&w, depth](thing&) { return node(w, depth - 1); }), w.pause());
      break;
    default:
      for (int i = w.draw(3); i >= 0; --i) co_await caught(w, depth - 1);
  }
}

coro<> program(world& w) {
  auto& loop = eddy::event_loop::current();
  loop.set_exception_handler([&w](const eddy::unhandled_error& what) { w.see(what.error); });
  auto job = eddy::create_task([&w]() -> coro<> {
    for (int i = 0; i < 3; ++i) co_await eddy::gather(caught(w, 6), caught(w, 5), caught(w, 5));
  });
  if (w.draw(3) != 0) {
    co_await eddy::sleep(std::chrono::milliseconds(w.draw(30)));
    job.cancel("the program is cancelled");
  }
  co_await eddy::wait(std::vector<eddy::task<>>(1, job));
  if (auto error = job.exception()) w.see(error);
  co_await eddy::sleep(1h);  // tasks whose makers are gone were cancelled and end by themselves
}

/// Runs the program with this seed. @returns what is wrong; `trace` says what it did.
std::string run_program(std::uint64_t seed, std::uint64_t& trace) {
  world w(seed);
  std::string problems;
  const auto result = eddy::testing::run_body([&w] { return program(w); }, eddy::testing::test_clock::virtual_time);
  if (!result.exception.empty()) problems += "the program threw " + result.exception + "; ";
  for (const auto& problem : result.problems) problems += problem + "; ";
  trace = w.trace;
  return problems + w.judge();
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(random_programs, the_books_balance_whatever_fails_or_is_cancelled) {
  const std::uint64_t first = from_environment("EDDY_RANDOM_SEED", 1);
  const std::uint64_t count = from_environment("EDDY_RANDOM_PROGRAMS", 2000);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::uint64_t trace = 0;
    const std::string problems = run_program(seed, trace);
    ASSERT_EQ(problems, "") << "EDDY_RANDOM_SEED=" << seed << " EDDY_RANDOM_PROGRAMS=1 repeats it";
  }
}

TEST(random_programs, L10_the_same_seed_is_the_same_run) {
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::uint64_t once = 0;
    std::uint64_t again = 0;
    run_program(seed, once);
    run_program(seed, again);
    ASSERT_EQ(once, again) << "seed " << seed;
    traces.insert(once);
  }
  EXPECT_GT(traces.size(), 40U);
}

}  // namespace
