// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "eddy/coro/run.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/testing/explore.hpp"

// What the tests of awaitables share. `explore` goes through six of the eight moments; the other two are here.

namespace eddy::testing {

/// The loop shuts down while `body` runs in a task of its own: after `turns` turns main is over. Real clock, so no long
/// sleeps.
inline void shut_down_during(const std::function<coro<>()>& body, int turns = 3) {
  run(run_options().handle_interrupt(false), [&]() -> coro<> {
    create_task(body);
    for (int i = 0; i < turns; ++i) co_await sleep(std::chrono::nanoseconds(0));
  });
}

/// Made on the loop, holds another thread back until the loop has nothing else to do: what that thread completes has
/// been suspended by then, however busy the machine is, so there are as many moments each time.
class until_suspended {
 public:
  until_suspended() {
    event_loop::current().call_soon([idle = idle_] { *idle = true; });
  }
  void operator()() const {
    while (!*idle_) std::this_thread::yield();
  }
  /// Lets the thread go on now: for who joins it on the loop.
  void no_longer() const { *idle_ = true; }

 private:
  std::shared_ptr<std::atomic<bool>> idle_ = std::make_shared<std::atomic<bool>>(false);
};

/// Calls `f` on the loop from another thread, a moment later. Joins the thread in its destructor.
class from_thread {
 public:
  explicit from_thread(std::function<void()> f)
      : thread_([f = std::move(f), &loop = event_loop::current()]() mutable {
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          loop.call_soon_threadsafe(std::move(f));
        }) {}
  from_thread(const from_thread&) = delete;
  from_thread& operator=(const from_thread&) = delete;
  ~from_thread() { thread_.join(); }

 private:
  std::thread thread_;
};

/// Adds a sentence to what an explore check reports when `holds` is false.
inline void require(std::string& problems, bool holds, const std::string& sentence) {
  if (!holds) problems += sentence + "; ";
}

}  // namespace eddy::testing
