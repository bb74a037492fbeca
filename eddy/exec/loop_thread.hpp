// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/coro/run.hpp"
#include "eddy/exec/run_coroutine_threadsafe.hpp"

namespace eddy {

/// A loop on a thread of its own, behind an ordinary object: coroutines for code that is not made of them.
///
/// `eddy::loop_thread io; auto page = io.call(fetch, url);`. Any thread may call; the coroutines run concurrently on
/// the one loop. The destructor ends it: tasks that are left are cancelled and joined, then the thread.
///
/// **Thread safety.** call(), submit() and stop() from any thread but the loop's own.
/// **Lifetime.** Outlives the calls of other threads.
/// **In asyncio.** `Thread(target=loop.run_forever)` with `run_coroutine_threadsafe` and `loop.stop` by hand.
class loop_thread {
 public:
  /// Starts the thread and waits until its loop runs. @param name  What the thread is called, cut to 15 characters.
  /// Ctrl-C is left to the other threads.  @throws std::system_error  There are no threads or descriptors.
  explicit loop_thread(const run_options& options = run_options(), std::string name = "eddy-loop");
  /// As stop(). Must not run on the loop's own thread.
  ~loop_thread();
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;

  /// Runs the coroutine `f(args...)` on the loop and waits for its end: gives its value, or throws its exception.
  ///
  /// @throws cancelled_error  stop() came first.  @throws misuse_error  Called on the loop's own thread, which would
  /// wait for itself; or after stop().
  template <class F, class... Args>
  auto call(F&& f, Args&&... args) {
    check_other_thread("call");
    return submit(std::forward<F>(f), std::forward<Args>(args)...).get();
  }

  /// Starts the coroutine `f(args...)` on the loop. @returns a std::future of its end, with cancel(); dropping it
  /// leaves the coroutine alone.  @throws misuse_error  As call().
  template <class F, class... Args>
  auto submit(F&& f, Args&&... args) {
    check_other_thread("submit");
    const use alive(*this);
    return run_coroutine_threadsafe(loop(), std::forward<F>(f), std::forward<Args>(args)...);
  }

  /// Cancels and joins what is left, and waits until the thread has ended. Idempotent. @throws misuse_error  Called on
  /// the loop's own thread.
  void stop();

  /// The loop, for call_soon_threadsafe and the like; lives until stop().
  event_loop& loop() const noexcept { return *loop_; }

 private:
  class state;

  // The loop does not go while one of these lives.
  class use {
   public:
    explicit use(loop_thread& of);
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use();

   private:
    loop_thread& of_;
  };

  void check_other_thread(const char* what) const;

  event_loop* loop_ = nullptr;
  detail::owned<state> state_;
};

}  // namespace eddy
