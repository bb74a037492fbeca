// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/event_loop.hpp"

#include <signal.h>

#include "eddy/base/config.hpp"
#include "eddy/base/errors.hpp"
#include "eddy/base/reports.hpp"

namespace eddy {

namespace {

// Read and written by functions that are never inlined: clang may keep the address of a thread_local across a
// suspension after which the coroutine runs on another thread (llvm#111257).
constinit thread_local event_loop* running_loop = nullptr;

EDDY_NOINLINE void set_running_loop(event_loop* loop) noexcept { running_loop = loop; }

bool debug_wanted() noexcept { return detail::debugging(); }

/// A write to a pipe or socket that nobody reads any more is to fail with EPIPE, and not to end the program. Sockets
/// can be told so one by one, pipes cannot. Whoever handles SIGPIPE keeps his handler.
void ignore_broken_pipes() noexcept {
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &now, nullptr);
}

}  // namespace

EDDY_NOINLINE event_loop* event_loop::try_current() noexcept { return running_loop; }

event_loop& event_loop::current() {
  event_loop* loop = try_current();
  if (loop == nullptr) throw misuse_error("no event loop runs on this thread; call this from inside eddy::run(...)");
  return *loop;
}

time_point now() { return event_loop::current().now(); }

event_loop::event_loop(std::string_view backend) : event_loop(detail::choose_backend(backend)) {}

event_loop::event_loop(detail::chosen_backend backend)
    : scheduler_(*this, std::move(backend.io)),
      thread_(detail::thread_id::here()),
      life_(*this),
      backend_reason_(std::move(backend.reason)) {
  ignore_broken_pipes();
  if (debug_wanted()) set_debug(true);
}

event_loop::~event_loop() {
  if (companion_ != nullptr) {
    try {
      companion_->close();
    } catch (...) {
      detail::report("a loop that was destroyed without close() could not be closed: " +
                     detail::describe_exception(std::current_exception()));
    }
  }
  set_debug(false);
  drop_callbacks();
  while (!dependents_.empty()) dependents_.pop_front().loop_ended();
  life_.close();
  scheduler_.inbox.wait_for_wakers();
  while (scheduler_.io->leaving() != 0) scheduler_.io->poll(std::nullopt);
  drop_callbacks();  // what came meanwhile
}

// Callbacks that never had their turn are destroyed without running; contexts have all ended (run sees to it). What
// their destructors schedule goes the same way.
void event_loop::drop_callbacks() noexcept {
  do {
    while (!scheduler_.timers.empty()) {
      detail::timer& first = scheduler_.timers.first();
      if (auto* node = dynamic_cast<detail::callback_node*>(&first))
        node->cancel();
      else
        scheduler_.timers.cancel(first);
    }
    scheduler_.inbox.take(scheduler_.ready);
    while (!scheduler_.ready.empty()) {
      detail::runnable& first = scheduler_.ready.pop();
      if (auto* node = dynamic_cast<detail::callback_node*>(&first)) {
        node->cancel();
        node->run();
      } else if (auto* posted = dynamic_cast<detail::posted_node*>(&first)) {
        posted->drop();
      }
    }
  } while (!scheduler_.timers.empty() || !scheduler_.inbox.empty());
  companion_.reset();
}

exception_handler event_loop::set_exception_handler(exception_handler handler) {
  check_thread("set_exception_handler", "call_soon_threadsafe to get there");
  return std::exchange(exception_handler_, std::move(handler));
}

void event_loop::handle_exception(const unhandled_error& what) noexcept {
  try {
    if (exception_handler_)
      exception_handler_(what);
    else
      detail::report(what.message + ": " + detail::describe_exception(what.error));
  } catch (...) {
    detail::report("the exception handler itself failed: " + detail::describe_exception(std::current_exception()) +
                   "; it was told: " + what.message + ": " + detail::describe_exception(what.error));
  }
}

void event_loop::set_debug(bool on) {
  if (on == scheduler_.debug()) return;
  scheduler_.set_debug(on);
  detail::add_debugging(on ? 1 : -1);
  // Told once, and not in the middle of a run, where it is no news.
  if (on && !running_ && !std::exchange(backend_reported_, true))
    detail::report("the loop's backend is " + std::string(backend_name()) + ": " + backend_reason_);
}

event_loop::statistics_type event_loop::statistics() const noexcept {
  return {scheduler_.ready.size(), scheduler_.timers.size(), scheduler_.io->pending(), scheduler_.external};
}

void event_loop::run_with(const detail::function<void()>& body) {
  check_thread("run", "a loop of that thread's own");
  if (try_current() != nullptr)
    throw misuse_error(
        "a loop already runs on this thread: inside a coroutine use co_await or create_task instead of run");
  check_open("run");
  set_running_loop(this);
  running_ = true;
  struct reset {
    explicit reset(bool& running) noexcept : running_(running) {}
    reset(const reset&) = delete;
    reset& operator=(const reset&) = delete;
    ~reset() {
      running_ = false;
      set_running_loop(nullptr);
    }

   private:
    bool& running_;
  };
  const reset at_end(running_);
  body();
}

void event_loop::throw_closed(const char* what) {
  throw misuse_error(std::string(what) + ": this loop is closed, and nothing runs on it any more; make a new one");
}

void event_loop::throw_wrong_thread(const char* what, const char* instead) {
  throw wrong_thread(std::string(what) + " was called from a thread that does not run this loop; use " + instead);
}

std::unique_ptr<event_loop> new_event_loop(std::string_view backend) { return std::make_unique<event_loop>(backend); }

namespace detail {

namespace {

void report_thrown_by_callback(event_loop& loop) noexcept {
  loop.handle_exception({"a callback of call_soon or call_later threw", std::current_exception()});
}

}  // namespace

void posted_node::report_thrown(event_loop& loop) noexcept { report_thrown_by_callback(loop); }

void callback_node::run() noexcept {
  if (state_ == state::waiting) {
    state_ = state::done;
    try {
      call();
    } catch (...) {
      report_thrown_by_callback(loop_);
    }
    drop();
  }
  release();
}

void callback_node::due() noexcept { loop_.scheduler().make_ready(*this); }

void callback_node::cancel() noexcept {
  if (state_ != state::waiting) return;
  state_ = state::cancelled;
  drop();
  if (armed()) {
    loop_.scheduler().timers.cancel(*this);
    release();  // the loop's share; when it stands in the ready queue, run() gives it back
  }
}

}  // namespace detail
}  // namespace eddy
