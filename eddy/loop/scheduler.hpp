// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/loop/backend.hpp"
#include "eddy/loop/mailbox.hpp"
#include "eddy/loop/runnable.hpp"
#include "eddy/loop/timer_queue.hpp"

namespace eddy {
class event_loop;
class context;
}  // namespace eddy

namespace eddy::detail {

class task_registry;
class await_observer;

/// Chooses among things that could happen next, for schedules that can be replayed. The one hook for every choice.
class chooser {
 public:
  virtual ~chooser() = default;
  /// Called before each step. @returns which of the ready runnables (0 is the oldest) runs next; there is at least one.
  virtual unsigned choose_ready(const runnable_queue& ready) = 0;
  /// @returns how many operations may complete at once in the step that begins; the others yield first.
  virtual unsigned choose_budget(unsigned usual) { return usual; }
  /// @returns whether the virtual clock jumps to the next deadline although something is ready, as if it took long.
  virtual bool lets_time_pass() { return false; }
};

/// Learns when steps begin and end.
class step_observer {
 public:
  virtual void step_begins(runnable& node) noexcept = 0;
  virtual void step_ended() noexcept = 0;  // the one that began last

 protected:
  ~step_observer() = default;
};

/// Something that lives as long as a loop and has to be shut down with it: an executor, a resolver's threads.
class loop_service {
 public:
  virtual ~loop_service() = default;
  /// Ends what runs, waiting for what has started. Tasks have all ended; what it posts is still taken.
  virtual void shut_down() noexcept = 0;

 private:
  friend class scheduler;
  const void* key_ = nullptr;  // of the type that it was made as
};

/// Its address stands for a type: found without a look at names, as a dynamic_cast takes it. Not const, since equal
/// constants may be merged.
template <class S>
inline char service_key = 0;

/// The machinery of an event loop, whose parts the coroutine layer touches on every step.
///
/// One turn:
/// ```
///   take the mailbox -> poll the backend -> fire due deadlines -> run what is ready, at most `steps_a_turn`
/// ```
/// Nothing but the last part runs user code, so a deadline never beats a completion that the same turn's poll saw.
class scheduler {
 public:
  static constexpr unsigned steps_a_turn = 256;     // bounds how long I/O and timers wait for ready tasks
  static constexpr unsigned leaf_budget = 128;      // operations that may complete at once in one step (L7)
  static constexpr unsigned deepest_transfer = 64;  // nested resumes where the compiler makes no tail calls (L8)
  static constexpr unsigned deepest_nesting = 8;    // eager starts inside each other (L8)
  static constexpr unsigned nested_transfer = 16;   // as deepest_transfer, in each of them

  explicit scheduler(event_loop& owner_loop, owned<backend> system);
  ~scheduler();
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  event_loop& owner;
  runnable_queue ready;
  runnable* hop = nullptr;              // runs before anything else: the rest of the step that is running
  unsigned depth = 0;                   // transfers since the last return to the loop
  unsigned budget = 0;                  // leaf operations that may still complete at once in this step
  context* current = nullptr;           // the context that runs; null between steps
  task_registry* tasks = nullptr;       // set by the coroutine layer
  await_observer* observer = nullptr;   // set by `explore` only
  step_observer* slow_steps = nullptr;  // set by the coroutine layer; called in debug mode only
  timer_queue timers;
  owned<backend> io;
  mailbox inbox;
  std::size_t external = 0;       // jobs on other threads that will post here: the loop is not idle while there are any
  std::size_t open_promises = 0;  // and other waits that another thread may end: such a loop is in no deadlock
  std::vector<owned<loop_service>> services;  // in the order of their making
  io_faults* faults = nullptr;                // set by `explore` only
  std::optional<time_point> virtual_now;      // set: the clock is virtual
  std::chrono::nanoseconds spin{0};           // how long it looks for posts before it sleeps

  /// Called when nothing is runnable, scheduled or outstanding. It may make something runnable; otherwise the loop
  /// waits.
  detail::function<void()> on_idle;
  /// How long the loop may then sleep until on_long_idle is called, once; for ever when it is not set.
  std::optional<std::chrono::nanoseconds> idle_limit;
  detail::function<void()> on_long_idle;

  /// Who chooses what runs next; null but in seeded tests.
  chooser* choices() const noexcept { return choices_; }
  void set_choices(chooser* c) noexcept {
    choices_ = c;
    note_unusual();
  }
  /// Who observes tasks; null when nobody does.
  step_observer* steps() const noexcept { return steps_; }
  void set_steps(step_observer* all) noexcept {
    steps_ = all;
    note_unusual();
  }
  /// The loop's debug mode.
  bool debug() const noexcept { return debug_; }
  void set_debug(bool on) noexcept {
    debug_ = on;
    note_unusual();
  }

  time_point now() const noexcept { return virtual_now ? *virtual_now : clock::now(); }

  /// The moment `duration` from now; the last one that there is when that lies beyond it.
  time_point deadline_in(std::chrono::nanoseconds duration) const noexcept {
    const time_point current_time = now();
    return duration > time_point::max() - current_time ? time_point::max() : current_time + duration;
  }

  /// The next number of the loop's generator: the one source of chance in eddy, so that a seeded run repeats itself
  /// (L10). All 64 bits are used; not for secrets.
  ///
  /// It begins, at its first use, with EDDY_SEED from the environment or else with what the system gives.
  std::uint64_t random();
  /// Begins the sequence of `seed`.
  void seed_random(std::uint64_t seed) noexcept { random_ = seed; }

  void make_ready(runnable& node) noexcept { ready.push(node); }

  /// Runs `node` at once inside of the step that runs, which goes on afterwards; in its turn when that would nest too
  /// deep. It shares the step's budget, so that starting things at once in a loop is no way around it (L7).
  void run_nested(runnable& node) noexcept;

  /// Counts one operation that completes at once. @returns false when the step has had its share: then yield.
  bool spend() noexcept {
    if (budget == 0) [[unlikely]]
      return false;
    --budget;
    return true;
  }

  /// Any thread, also a signal handler, while the loop lives. The loop may run `node`, and end, before this returns:
  /// who still has to wake it then is waited for.
  void post(runnable& node) noexcept {
    if (!inbox.post(node)) return;
    io->wake();
    inbox.woken();
  }

  bool idle() const noexcept {
    return ready.empty() && timers.empty() && io->pending() == 0 && external == 0 && inbox.empty();
  }

  void turn();
  /// Runs what is ready, without a look at the system.
  void turn_ready() noexcept { run_ready(); }

  /// The service of type `S`, made at first use.
  template <class S>
  S& service() {
    for (const auto& have : services)
      if (have->key_ == &service_key<S>) return static_cast<S&>(*have);
    services.push_back(make_owned<S>(owner));
    services.back()->key_ = &service_key<S>;
    return static_cast<S&>(*services.back());
  }
  /// The last made first.
  void shut_down_services() noexcept;

 private:
  void note_unusual() noexcept { unusual_ = choices_ != nullptr || steps_ != nullptr || debug_; }

  bool unusual_ = false;  // a step takes more than to run it: one look in place of three
  bool debug_ = false;
  chooser* choices_ = nullptr;
  step_observer* steps_ = nullptr;
  unsigned nesting_ = 0;                 // eager starts inside each other now
  std::optional<std::uint64_t> random_;  // the generator's state; empty until it is used or seeded

  void wait_or_poll();
  bool spins(std::optional<std::chrono::nanoseconds> limit);
  void run_ready() noexcept;
  void run_step(runnable& node, unsigned operations) noexcept;
  bool run_chosen_step() noexcept;
  void run_observed_step(runnable& node) noexcept;
  void run_with_hops(runnable& node, unsigned depth_before) noexcept;
};

}  // namespace eddy::detail
