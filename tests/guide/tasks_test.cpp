// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/tasks.md.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/coro/context_var.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/coro/task_observer.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

std::vector<std::string> lines;

// [observer]
class tracer : public eddy::task_observer {
 public:
  void created(eddy::observed_task& task) override {
    task.name(task.kind() + " #" + std::to_string(task.number()));  // what a task factory is often used for
  }
  void ran(eddy::observed_task& task, const eddy::step_time& time) override {
    if (time.elapsed > 50ms) lines.push_back(task.name() + " kept the loop for too long");
  }
  void finished(eddy::observed_task& task, const eddy::outcome<>& how) override {
    lines.push_back(task.name() + (how.has_value() ? " is done" : " failed"));
  }
};
// [observer]

// [times]
coro<> fetch() { co_await eddy::sleep(1ms); }

coro<> measured() {
  eddy::task_times times;
  {
    eddy::task_observation watching(times);  // as long as it lives, steps are measured
    auto one = eddy::create_task(fetch);
    auto two = eddy::create_task(fetch);
    co_await one;
    co_await two;
  }
  for (const auto& [name, entry] : times.by_name())
    lines.push_back(name + ": " + std::to_string(entry.steps) + " steps");
}
// [times]

EDDY_TEST(tasks, S17_observers) {
  lines.clear();
  {
    tracer observer;
    const eddy::task_observation watching(observer);
    auto task = eddy::create_task(fetch);
    co_await task;
    EXPECT_EQ(task.name(), "fetch #" + std::to_string(task.number()));
  }
  EXPECT_EQ(lines.size(), 1U);
  lines.clear();
  co_await measured();
  bool found = false;
  for (const std::string& line : lines) found = found || line == "fetch: 4 steps";
  EXPECT_TRUE(found);
}

// [context_var]
eddy::context_var<std::string> request_id("none");

void log(const std::string& text) { lines.push_back("[" + request_id.get() + "] " + text); }

coro<> look_up() {
  co_await eddy::sleep(1ms);
  log("looked up");
}

coro<> handle(std::string id) {
  auto token = request_id.set(std::move(id));  // until the end of this scope
  auto in_background = eddy::create_task(look_up);
  log("handled");
  co_await in_background;
}
// [context_var]

EDDY_TEST(tasks, S18_context_vars) {
  lines.clear();
  co_await handle("42");
  log("idle");
  EXPECT_EQ(lines, (std::vector<std::string>{"[42] handled", "[42] looked up", "[none] idle"}));
}

// [eager]
std::map<std::string, std::string> cache;

coro<std::string> cached(std::string key) {
  if (auto found = cache.find(key); found != cache.end()) co_return found->second;
  co_await eddy::sleep(10ms);  // ask somebody
  co_return cache[key] = "value of " + key;
}

coro<bool> was_at_hand(std::string key) {
  auto task = eddy::create_task(eddy::eager, cached, std::move(key));
  const bool at_once = task.done();  // it has run up to its first wait
  co_await task;
  co_return at_once;
}
// [eager]

EDDY_TEST(tasks, S19_eager) {
  const bool first = co_await was_at_hand("a");
  const bool second = co_await was_at_hand("a");
  EXPECT_FALSE(first);
  EXPECT_TRUE(second);
}

}  // namespace
