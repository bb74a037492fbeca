// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/run.hpp"

#include <signal.h>

#include <atomic>

#include "eddy/base/reports.hpp"
#include "eddy/coro/deadlock.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy {

/// Ctrl-C for one run: the first cancels main, the second lifts shields.
class runner_base::interrupt final : private detail::runnable {
 public:
  interrupt(runner_base& runner, detail::task_state& main) noexcept : runner_(runner), main_(main) {}
  interrupt(const interrupt&) = delete;

  /// Takes SIGINT over, unless somebody has a handler of their own or another loop has it.
  void install() {
    struct sigaction now{};
    if (sigaction(SIGINT, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
    interrupt* none = nullptr;
    if (!active.compare_exchange_strong(none, this)) return;
    struct sigaction ours{};
    ours.sa_handler = [](int) {
      if (interrupt* self = active.load()) self->raised();
    };
    sigemptyset(&ours.sa_mask);
    sigaction(SIGINT, &ours, &before_);
    installed_ = true;
  }

  ~interrupt() {
    if (!installed_) return;
    sigaction(SIGINT, &before_, nullptr);
    active.store(nullptr);
    // A signal that came meanwhile stands in the mailbox: take it out before this object goes.
    runner_.loop().scheduler().inbox.take(runner_.loop().scheduler().ready);
    while (posted_.load()) runner_.loop().scheduler().turn();
  }

  bool came() const noexcept { return count_.load() > 0; }

 private:
  // In the signal handler: atomics and one write to an eventfd.
  void raised() noexcept {
    ++count_;
    if (!posted_.exchange(true)) runner_.loop().scheduler().post(*this);
  }

  void run() noexcept override {
    posted_.store(false);
    main_.cancel("interrupted (SIGINT)");
    if (runner_.registry().closing()) runner_.registry().cancel_all("interrupted (SIGINT)");
    if (count_.load() > 1) runner_.registry().lift_shields();
  }

  static inline std::atomic<interrupt*> active{nullptr};

  runner_base& runner_;
  detail::task_state& main_;
  struct sigaction before_{};
  std::atomic<int> count_{0};
  std::atomic<bool> posted_{false};
  bool installed_ = false;
};

namespace {

// Before anything is made: neither a loop nor a main task that nobody would run.
std::string checked(std::string backend) {
  if (event_loop::try_current() != nullptr)
    throw misuse_error("run was called inside a running loop; use co_await or create_task there instead");
  return backend;
}

}  // namespace

runner_base::runner_base(const run_options& options)
    : loop_(checked(options.backend_)), registry_(loop_, options.grace_), handle_interrupt_(options.handle_interrupt_) {
  if (options.debug_) loop_.set_debug(true);
  on_deadlock = [this] { report_deadlock(); };
  detail::scheduler& s = loop_.scheduler();
  s.on_idle = [this] { look_for_deadlock(false); };
  s.on_long_idle = [this] { look_for_deadlock(true); };
}

runner_base::~runner_base() = default;

void runner_base::drive(detail::task_state& main) {
  bool done = false;
  bool came = false;
  loop_.run_with([&] {
    interrupt ctrl_c(*this, main);
    if (handle_interrupt_) ctrl_c.install();
    registry_.open();
    main.set_looked_at();
    main.add_callback([&done] { done = true; });
    main.start(registry_, nullptr);
    while (!done && !give_up) loop_.scheduler().turn();
    if (on_main_ended) on_main_ended();
    shut_down();
    came = ctrl_c.came();
  });
  if (came && main.how() == detail::task_state::end::cancelled) throw interrupted();
}

// All tasks at once, later ones born cancelled; then the executors, which wait for started jobs; then what they posted.
void runner_base::shut_down() {
  detail::scheduler& s = loop_.scheduler();
  if (loop_.debug() && registry_.alive() != 0)
    detail::report("main has ended while other tasks still run; they are cancelled now:\n" +
                   detail::task_tree(registry_));
  registry_.close("the loop is shutting down");
  while (registry_.alive() != 0 && !give_up) s.turn();
  registry_.stop_watching();
  s.shut_down_services();
  s.inbox.take(s.ready);
  for (unsigned left = s.ready.size(); left > 0; --left) s.turn_ready();
}

// A promise that is open may be set by another thread, as long as that may take: so only debug mode and virtual clocks,
// which are for work in memory, lose patience.
void runner_base::look_for_deadlock(bool waited_long) {
  detail::scheduler& s = loop_.scheduler();
  if (registry_.alive() == 0 || !on_deadlock) return;
  if (s.open_promises == 0 || waited_long)
    on_deadlock();
  else if (loop_.debug() || s.virtual_now)
    s.idle_limit = patience;
}

std::string runner_base::describe_deadlock() {
  std::string text = "deadlock: nothing is runnable, nothing is scheduled, and these tasks wait for ever";
  if (const std::size_t open = loop_.scheduler().open_promises; open != 0)
    text += ", unless another thread still holds one of " + std::to_string(open) + " open promises";
  return text + ":\n" + detail::explain_deadlock(registry_) + detail::task_tree(registry_);
}

void runner_base::report_deadlock() {
  if (!std::exchange(deadlock_reported_, true)) detail::report(describe_deadlock());
}

}  // namespace eddy
