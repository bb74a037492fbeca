// SPDX-License-Identifier: BSL-1.0
#include "eddy/exec/loop_thread.hpp"

#include <mutex>
#include <shared_mutex>
#include <thread>

#include "eddy/exec/detail/threads.hpp"
#include "eddy/exec/from_callback.hpp"

namespace eddy {

/// What the thread and its owner share.
class loop_thread::state {
 public:
  std::thread thread;
  resolver<> end;          // of the thread's main coroutine
  std::shared_mutex gate;  // held shared by calls, alone by stop()
  bool stopped = false;
  std::mutex stopping;  // one stop() at a time

  /// The thread. `up` learns of the loop, or of what has kept it from starting.
  void run_loop(const run_options& options, std::promise<event_loop*>& up) {
    bool told = false;
    try {
      eddy::run(options, [&]() -> coro<> {
        co_await from_callback([&](resolver<> resolve) {
          end = std::move(resolve);
          told = true;
          up.set_value(&event_loop::current());  // `up` is gone from here on
        });
      });
    } catch (...) {
      if (!told) up.set_exception(std::current_exception());
    }
  }
};

loop_thread::loop_thread(const run_options& options, std::string name) : state_(std::make_unique<state>()) {
  std::promise<event_loop*> up;
  run_options mine = options;
  mine.handle_interrupt(false);
  state_->thread = detail::start_thread(name, [this, mine, &up] { state_->run_loop(mine, up); });
  try {
    loop_ = up.get_future().get();
  } catch (...) {
    state_->thread.join();
    throw;
  }
}

loop_thread::~loop_thread() {
  EDDY_ASSERT(state_->thread.get_id() != std::this_thread::get_id(),
              "a loop_thread was destroyed on its own thread, which cannot wait for itself; destroy it on another");
  stop();
}

void loop_thread::stop() {
  const std::scoped_lock one(state_->stopping);
  if (state_->stopped) return;
  check_other_thread("stop");
  {
    const std::unique_lock guard(state_->gate);
    state_->stopped = true;
  }
  state_->end();
  state_->thread.join();
}

void loop_thread::check_other_thread(const char* what) const {
  if (state_->thread.get_id() == std::this_thread::get_id())
    throw misuse_error(std::string("loop_thread::") + what +
                       " was called on the loop's own thread, which cannot wait for itself; use co_await or "
                       "create_task there");
}

loop_thread::use::use(loop_thread& of) : of_(of) {
  of_.state_->gate.lock_shared();
  if (!of_.state_->stopped) return;
  of_.state_->gate.unlock_shared();
  throw misuse_error("this loop_thread was stopped, and nothing runs on it any more");
}

loop_thread::use::~use() { of_.state_->gate.unlock_shared(); }

}  // namespace eddy
