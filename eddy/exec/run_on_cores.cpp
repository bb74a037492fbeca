// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/run_on_cores.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/coro/custom_operation.hpp"
#include "eddy/exec/detail/threads.hpp"
#include "eddy/flow/sleep.hpp"

namespace eddy::detail {

namespace {

using core_main = detail::function<coro<>(std::size_t)>;

/// The cores that this process may use.
std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> found;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return found;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) found.push_back(i);
  return found;
}

void pin_to(int core) noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  // A core that went away meanwhile leaves the thread where the system wants it.
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/// One loop, as those see it who may want to end it.
class core_slot {
 public:
  /// The loop's thread: runs the loop until its main, and all else, has ended.
  void run(const run_options& options, const core_main& main, std::size_t index) {
    runner_base runner(options);
    task<> task(*make_task(runner.loop().scheduler(), nullptr, main, index));
    enter(runner, task.state());
    struct leaving {
      explicit leaving(core_slot& of) noexcept : slot(of) {}
      leaving(const leaving&) = delete;
      leaving& operator=(const leaving&) = delete;
      ~leaving() { slot.leave(); }
      core_slot& slot;
    };
    {
      const leaving at_end(*this);
      runner.drive(task.state());
    }
    // That it was cancelled is no failure: whoever did it knows.
    if (task.state().how() == task_state::end::exception) task.state().check_value();
  }

  /// Any thread: cancels main.
  void cancel(bool lift_shields) {
    const std::scoped_lock guard(lock_);
    cancelled_ = true;
    lift_ = lift_ || lift_shields;
    if (runner_ != nullptr) runner_->loop().call_soon_threadsafe([this] { follow(); });
  }

 private:
  void enter(runner_base& runner, task_state& main) {
    const std::scoped_lock guard(lock_);
    runner_ = &runner;
    main_ = &main;
    if (cancelled_) runner.loop().call_soon_threadsafe([this] { follow(); });
  }
  void leave() noexcept {
    const std::scoped_lock guard(lock_);
    runner_ = nullptr;
  }
  // On the loop's thread.
  void follow() {
    bool lift = false;
    {
      const std::scoped_lock guard(lock_);
      lift = lift_;
    }
    main_->cancel("run_on_cores is to end");
    if (lift) main_->registry().lift_shields();
  }

  std::mutex lock_;
  runner_base* runner_ = nullptr;  // while the loop is driven
  task_state* main_ = nullptr;
  bool cancelled_ = false;
  bool lift_ = false;
};

/// All loops of a run, and who waits for them.
class core_group {
 public:
  core_group(const cores& how, const core_main& main) : how_(how), main_(main) {}
  core_group(const core_group&) = delete;
  core_group& operator=(const core_group&) = delete;
  ~core_group() {
    for (std::thread& each : threads_) each.join();
  }

  class wait_operation;

  void start(wait_operation& waiter);
  void cancel(bool lift_shields) {
    for (const auto& slot : slots_) slot->cancel(lift_shields);
  }
  /// In the order of their coming, when all have ended.
  const std::vector<std::exception_ptr>& errors() const noexcept { return errors_; }

 private:
  void run_one(std::size_t index);
  void one_ended(std::exception_ptr error);

  const cores& how_;
  const core_main& main_;
  std::vector<std::unique_ptr<core_slot>> slots_;
  std::vector<std::thread> threads_;
  std::mutex lock_;
  std::size_t running_ = 0;
  std::vector<std::exception_ptr> errors_;
  wait_operation* waiter_ = nullptr;
};

/// Runs the loops until all have ended. It cannot be taken back: a cancellation is handed on to the loops.
class core_group::wait_operation final : public custom_operation<wait_operation> {
 public:
  explicit wait_operation(core_group& of) noexcept : group_(&of) {}
  wait_operation(wait_operation&&) = default;

  void start() { group_->start(*this); }
  bool cancel() noexcept {
    group_->cancel(std::exchange(asked_, true));  // the second one lifts shields, there as here
    return false;
  }
  void result() const {
    const auto& errors = group_->errors();
    if (errors.empty()) return;
    for (std::size_t i = 1; i < errors.size(); ++i)
      context_->loop().handle_exception({"a loop of run_on_cores failed after another had failed", errors[i]});
    std::rethrow_exception(errors.front());
  }
  std::string describe() const override { return "the loops of run_on_cores"; }

  void all_ended() noexcept { complete_threadsafe(); }

 private:
  core_group* group_;
  bool asked_ = false;
};

void core_group::start(wait_operation& waiter) {
  const std::vector<int> usable = usable_cores();
  const std::size_t count = how_.count() != 0 ? how_.count() : std::max<std::size_t>(1, usable.size());
  waiter_ = &waiter;
  running_ = 1;  // for this function, so that none is the last before all have started
  for (std::size_t i = 0; i < count; ++i) slots_.push_back(std::make_unique<core_slot>());
  std::exception_ptr error;
  try {
    for (std::size_t i = 0; i < count; ++i) {
      {
        const std::scoped_lock guard(lock_);
        ++running_;
      }
      threads_.push_back(start_thread(how_.name() + "-" + std::to_string(i), [this, i, usable] {
        if (how_.pinned() && !usable.empty()) pin_to(usable[i % usable.size()]);
        run_one(i);
      }));
    }
  } catch (...) {
    error = std::current_exception();
    const std::scoped_lock guard(lock_);
    --running_;  // the one that did not start
  }
  one_ended(error);
}

void core_group::run_one(std::size_t index) {
  std::exception_ptr error;
  try {
    run_options mine = how_.options();
    mine.handle_interrupt(false);
    slots_[index]->run(mine, main_, index);
  } catch (...) {
    error = std::current_exception();
  }
  one_ended(error);
}

void core_group::one_ended(std::exception_ptr error) {
  bool first = false;
  if (error != nullptr) {
    const std::scoped_lock guard(lock_);
    first = errors_.empty();
    errors_.push_back(std::move(error));
  }
  if (first) cancel(false);  // while this one still counts, so that the slots are there
  wait_operation* told = nullptr;
  {
    const std::scoped_lock guard(lock_);
    if (--running_ == 0) told = waiter_;
  }
  if (told != nullptr) told->all_ended();
}

coro<> supervise(core_group& group) {
  co_await core_group::wait_operation(group);
  co_await checkpoint();  // after Ctrl-C: all have ended, and so does this
}

}  // namespace

void run_on_cores(const cores& how, const detail::function<coro<>(std::size_t)>& main) {
  core_group group(how, main);
  eddy::run(how.options(), supervise, std::ref(group));
}

}  // namespace eddy::detail
