// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/loop_driver.hpp"

#include <signal.h>

#include <atomic>
#include <memory>
#include <thread>

#include "eddy/base/reports.hpp"
#include "eddy/coro/deadlock.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy {

namespace detail {

/// Ctrl-C for one run: the first cancels main, or stops a loop that runs for ever; the second lifts shields.
class loop_driver::interrupt final : private runnable {
 public:
  interrupt(loop_driver& driver, task_state* main) noexcept : driver_(driver), main_(main) {}
  interrupt(const interrupt&) = delete;

  /// Takes SIGINT over, unless somebody has a handler of their own or another loop has it.
  void install() {
    struct sigaction now{};
    if (sigaction(SIGINT, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
    interrupt* none = nullptr;
    if (!active.compare_exchange_strong(none, this)) return;
    struct sigaction ours{};
    ours.sa_handler = handler;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGINT, &ours, &before_);
    installed_ = true;
  }

  ~interrupt() {
    if (!installed_) return;
    // Somebody may have taken SIGINT over meanwhile (signals(SIGINT) of another loop): then it is theirs.
    struct sigaction now{};
    if (sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == handler) sigaction(SIGINT, &before_, nullptr);
    active.store(nullptr);
    while (handlers.load() != 0) std::this_thread::yield();  // one may run on another thread at this very moment
    // A signal that came meanwhile stands in the mailbox: take it out before this object goes.
    while (posted_.load()) driver_.loop_.scheduler().turn();
  }

  bool came() const noexcept { return count_.load() > 0; }

 private:
  static void handler(int) {
    ++handlers;  // before the look at `active`: whoever clears that waits for this one
    if (interrupt* self = active.load()) self->raised();
    --handlers;
  }

  // In the signal handler: atomics and one write to an eventfd.
  void raised() noexcept {
    ++count_;
    if (!posted_.exchange(true)) driver_.loop_.scheduler().post(*this);
  }

  void run() noexcept override {
    posted_.store(false);
    if (main_ != nullptr) main_->cancel("interrupted (SIGINT)");
    driver_.stopped_ = driver_.stopped_ || driver_.purpose_ == purpose::for_ever;
    task_registry& tasks = driver_.registry_;
    if (tasks.closing()) tasks.cancel_all("interrupted (SIGINT)");
    if (count_.load() > 1) tasks.lift_shields();
  }

  // seq_cst, both: a handler that is not counted yet when `handlers` is seen to be 0 finds `active` cleared.
  static inline std::atomic<interrupt*> active{nullptr};
  static inline std::atomic<int> handlers{0};  // that run now, on any thread

  loop_driver& driver_;
  task_state* main_;
  struct sigaction before_{};
  std::atomic<int> count_{0};
  std::atomic<bool> posted_{false};
  bool installed_ = false;
};

loop_driver::loop_driver(event_loop& loop, std::chrono::nanoseconds grace, bool handle_interrupt)
    : loop_(loop), registry_(loop, grace), handle_interrupt_(handle_interrupt) {
  on_deadlock = [this] { report_deadlock(); };
  scheduler& s = loop_.scheduler();
  s.on_idle = [this] { look_for_deadlock(false); };
  s.on_long_idle = [this] { look_for_deadlock(true); };
}

loop_driver& loop_driver::attach(event_loop& loop, std::chrono::nanoseconds grace, bool handle_interrupt) {
  loop.companion().reset(new loop_driver(loop, grace, handle_interrupt));
  return static_cast<loop_driver&>(*loop.companion());
}

loop_driver& loop_driver::of(event_loop& loop) {
  if (loop.companion() == nullptr) return attach(loop, usual_grace, true);
  return static_cast<loop_driver&>(*loop.companion());
}

bool loop_driver::drive(purpose why, task_state* main, const detail::function<void()>& body) {
  bool came = false;
  loop_.run_with([&] {
    interrupt ctrl_c(*this, main);
    if (handle_interrupt_) ctrl_c.install();
    struct reset {
      explicit reset(loop_driver& driver) noexcept : driver_(driver) {}
      reset(const reset&) = delete;
      reset& operator=(const reset&) = delete;
      ~reset() { driver_.purpose_ = purpose::nothing; }

     private:
      loop_driver& driver_;
    };
    const reset at_end(*this);
    purpose_ = why;
    stopped_ = false;
    body();
    came = ctrl_c.came();
  });
  return came;
}

void loop_driver::turn_until(const bool& done) {
  while (!done && !stopped_ && !give_up) loop_.scheduler().turn();
}

void loop_driver::run_all(task_state& main) {
  const bool came = drive(purpose::program, &main, [&] {
    bool done = false;
    main.set_looked_at();
    main.add_callback([&done] { done = true; });
    main.start(registry_, nullptr);
    turn_until(done);
    if (on_main_ended) on_main_ended();
    shut_down();
  });
  if (came && main.how() == task_state::end::cancelled) throw interrupted();
}

void loop_driver::run_until_ended(task_state& task) {
  // Shared, since a run that is stopped leaves its task, and the task its callback.
  const auto done = std::make_shared<bool>(task.done());
  task.set_looked_at();
  if (!*done) task.add_callback([done] { *done = true; });
  const bool came = drive(purpose::one_task, &task, [&] { turn_until(*done); });
  if (came && task.how() == task_state::end::cancelled) throw interrupted();
  if (!*done)
    throw misuse_error("run_until_complete: stop() was called before " + task.describe() +
                       " had ended; it goes on with the next run of this loop");
}

void loop_driver::run_forever() {
  const bool never = false;
  if (drive(purpose::for_ever, nullptr, [&] { turn_until(never); })) throw interrupted();
}

void loop_driver::stop() {
  loop_.check_thread("stop", "call_soon_threadsafe(&event_loop::stop, &loop)");
  if (purpose_ == purpose::nothing)
    throw misuse_error("stop: this loop does not run, so there is nothing to stop; call it from inside of a run");
  if (purpose_ == purpose::program)
    throw misuse_error("stop: eddy::run drives this loop until its main coroutine ends; end that instead");
  stopped_ = stopped_ || purpose_ != purpose::closing;
}

void loop_driver::close() {
  if (loop_.is_closed()) return;
  loop_.check_thread("close", "it on the thread that made the loop");
  if (loop_.is_running()) throw misuse_error("close: this loop runs; stop() it first, and close it after the run");
  drive(purpose::closing, nullptr, [this] { shut_down(); });
}

// All tasks at once, later ones born cancelled, and what the system still holds of them; then the executors, which wait
// for started jobs; then what they posted.
void loop_driver::shut_down() {
  scheduler& s = loop_.scheduler();
  if (loop_.debug() && registry_.alive() != 0)
    report("main has ended while other tasks still run; they are cancelled now:\n" + task_tree(registry_));
  registry_.close("the loop is shutting down");
  while ((registry_.alive() != 0 || s.io->leaving() != 0) && !give_up) s.turn();
  registry_.stop_watching();
  s.shut_down_services();
  loop_.set_closed();
  s.inbox.take(s.ready);
  for (unsigned left = s.ready.size(); left > 0; --left) s.turn_ready();
  while (registry_.alive() != 0 && !give_up) s.turn();  // what those callbacks have started, born cancelled
  registry_.stop_watching();
}

// A promise that is open may be set by another thread, as long as that may take: so only debug mode and virtual clocks,
// which are for work in memory, lose patience.
void loop_driver::look_for_deadlock(bool waited_long) {
  if (purpose_ == purpose::for_ever || registry_.alive() == 0 || !on_deadlock) return;
  scheduler& s = loop_.scheduler();
  if (s.open_promises == 0 || waited_long)
    on_deadlock();
  else if (loop_.debug() || s.virtual_now)
    s.idle_limit = patience;
}

std::string loop_driver::describe_deadlock() {
  std::string text = "deadlock: nothing is runnable, nothing is scheduled, and these tasks wait for ever";
  if (const std::size_t open = loop_.scheduler().open_promises; open != 0)
    text += ", unless another thread still holds one of " + std::to_string(open) + " open promises";
  return text + ":\n" + explain_deadlock(registry_) + task_tree(registry_);
}

void loop_driver::report_deadlock() {
  if (!std::exchange(deadlock_reported_, true)) report(describe_deadlock());
}

}  // namespace detail

void event_loop::run_forever() {
  check_open("run_forever");
  detail::loop_driver::of(*this).run_forever();
}

void event_loop::stop() { detail::loop_driver::of(*this).stop(); }

void event_loop::close() { detail::loop_driver::of(*this).close(); }

}  // namespace eddy
