// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace soak {

/// What a node of a random program does.
enum class kind {
  // leaves
  pause,         // sleeps, gives its number
  checkpoint,    // gives its number
  fail,          // throws
  thread_job,    // gives its number from another thread
  queue_run,     // a producer and a consumer, items in order
  pipe_run,      // bytes through a memory pipe
  socket_run,    // bytes to an echo server and back
  market_put,    // an item into the program's queue
  market_get,    // an item out of it
  market_lease,  // the same on lease, which may be dropped
  lock,          // holds the program's mutex
  permit,        // holds a permit of the program's semaphore
  // one child
  limited,    // wait_for
  caught,     // as_outcome
  shielded,   // shield
  guarded,    // with: opened, closed, either may fail
  finally_,   // finally, with clean-up that awaits
  task_,      // create_task, awaited
  cancelled,  // a child of a group that is cancelled after a while
  // several
  sequence,
  gather_,
  race_,
  group,
  map,
};

/// A random program: a tree, made from a seed alone. What a run of it gives is checked against it.
struct plan {
  kind what = kind::pause;
  int id = 0;  // in the order of making: a node's subtree has the numbers [id, end)
  int end = 0;
  int draw = 0;  // chance for whatever the kind needs: 0 to 9,999
  std::chrono::nanoseconds pause{};
  std::vector<plan> children;
};

/// How a node ended, when it was not cancelled from outside and did not throw: the same shape as its plan.
struct result {
  enum class end { value, failed, expired, cancelled };

  result() = default;
  result(end how_, int number_) : how(how_), number(number_) {}

  end how = end::value;
  int number = 0;  // value of a leaf; error; position of a race's winner
  std::vector<result> parts;
};

/// Makes a program. @param sockets  Whether it may use what needs the real clock: sockets and threads.
plan make_plan(std::uint64_t seed, bool sockets);

/// Whether `r` is a possible result of `p`: the model. @returns what is not, or nothing.
std::string explain(const plan& p, const result& r);

}  // namespace soak
