// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/base/function.hpp"
#include "eddy/base/outcome.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/os/detail/process_call.hpp"
#include "eddy/os/detail/process_job.hpp"
#include "eddy/os/process_pool_errors.hpp"

namespace eddy {

/// Processes that run functions: `co_await with(process_pool(4), [&](process_pool& pool) -> coro<> { ... })`, and
/// inside `auto image = co_await pool.submit(render, scene);`.
///
/// For isolation: code that may crash, leak, or eat memory without an end, takes only its own process with it. For
/// speed alone choose a thread_pool, whose jobs cost a hundredth and share memory.
///
/// **Workers** are this program, started anew with posix_spawn; nothing is ever forked, so threads are no trouble.
/// Their main() does not run, static objects are made as usual. They start when jobs need them, or before the body
/// (eager()); one that has crashed is replaced when a job needs it. They read an empty stdin, ignore Ctrl-C, have no
/// other descriptor of this program than stdout, and end with it, however it ends. While they wait they use no
/// processor time.
///
/// **What can travel.** Functions and lambdas without captures; arguments and results that MessagePack can hold
/// (msgpack::conversion), structs by EDDY_DESCRIBE. Parameters may be const references and views, not pointers. A
/// function is found again by its offset in the program or in its shared library, which a worker loads when it has to.
///
/// **Leaving** waits for the jobs that there are. When the body throws or is cancelled, jobs that wait fail and the
/// workers of those that run are killed. Destroyed without leaving, the pool kills its workers at once.
///
/// **Fairness.** First come, first served. Of several idle workers the most recently used takes the job.
/// **Thread safety.** Only on its loop's thread.
/// **In asyncio.** `concurrent.futures.ProcessPoolExecutor`; there one crash breaks the pool for all.
class process_pool {
 public:
  /// @param workers  At most so many processes; 0 for the number of cores.
  /// @throws misuse_error  This process is a worker that has come to main(): see process_pool_main().
  explicit process_pool(std::size_t workers = 0);
  process_pool(process_pool&&) noexcept = default;
  process_pool& operator=(process_pool&&) = delete;
  ~process_pool();

  // -- settings, before `with`
  // -------------------------------------------------------------------------------------------

  /// What the processes are called in listings (the kernel keeps 15 characters), and the pool in texts.
  process_pool&& name(std::string text) &&;
  /// Replaces a worker when it has done so many jobs: for functions that leak. Default 0: never.
  process_pool&& max_jobs(std::size_t count) &&;
  /// Entering starts all workers and waits until they are there; it throws when one cannot start. Default: no.
  process_pool&& eager(bool on = true) &&;
  /// Whether a cancelled job's worker is killed; see submit(). Default: no.
  process_pool&& kill_on_cancel(bool on = true) &&;
  /// Largest call and largest answer. Default 256 MiB.
  process_pool&& max_message(std::size_t bytes) &&;
  /// Called with what a worker writes to stderr, as it comes, in place of passing it on to this process's own. Must not
  /// block; what it throws reaches the loop's handler.
  process_pool&& on_stderr(detail::function<void(int pid, std::string_view text)> handler) &&;
  /// Each worker begins with `f(args...)`. When that throws, the worker could not start.
  template <class F, class... Args>
  process_pool&& initializer(F f, const Args&... args) && {
    set_initializer(detail::pack_call(largest_message(), f, args...));
    return std::move(*this);
  }
  /// The program to start, which must be this one. Default: /proc/self/exe.
  process_pool&& program(std::string path) &&;

  // -- for `with`
  // --------------------------------------------------------------------------------------------------------

  coro<> aenter();
  coro<> aexit(const outcome<>& how);

  // -- inside
  // ------------------------------------------------------------------------------------------------------------

  template <class R>
  class submit_operation;

  /// Calls `f(args...)` in a worker and awaits its value. The arguments are written down at once.
  ///
  /// @param f  A function, or a lambda that captures nothing; no coroutine.
  /// @returns  The value, once it has travelled back.
  /// @throws broken_process_pool  The worker crashed, was killed, or left: says how, with the last lines of its stderr.
  /// @throws remote_error         `f` threw: type and text.
  /// @throws std::length_error    The arguments are larger than max_message().
  /// @throws misuse_error         The pool is not open.
  ///
  /// **Cancellation.** A cancellation point. A job that waits for a worker is withdrawn. One that has started is waited
  /// for, as one on a thread is, and its value delivered; after the grace, or at the second Ctrl-C, its worker is
  /// killed. With `submit(...).kill_on_cancel()` that happens at once: then how much the function has done is unknown,
  /// and the caller goes on when the process is gone. So `wait_for(pool.submit(f, x).kill_on_cancel(), 1s)` is a limit
  /// that even an endless loop keeps to.
  /// **In asyncio.** `loop.run_in_executor(pool, f, *args)`, where a cancelled caller leaves its job running.
  template <class F, class... Args>
  [[nodiscard]] auto submit(F&& f, const Args&... args);

  struct statistics_type {
    std::size_t workers;  // processes that are there
    std::size_t busy;     // of them, with a job
    std::size_t queued;   // jobs that wait for a worker
  };
  statistics_type statistics() const;
  /// The processes that are there, in the order of their start.
  std::vector<int> pids() const;

 private:
  void check_size(std::size_t call) const;
  std::size_t largest_message() const noexcept;
  bool kills_on_cancel() const noexcept;
  void set_initializer(std::vector<std::byte> call) noexcept;

  std::shared_ptr<detail::process_pool_core> core_;  // shared with jobs and workers' tasks
};

/// A job that has not been awaited yet.
template <class R>
class process_pool::submit_operation final : public detail::process_job {
 public:
  using process_job::process_job;
  submit_operation(submit_operation&&) = default;

  /// Whether its worker is killed when it is cancelled; the default is the pool's.
  submit_operation&& kill_on_cancel(bool on = true) && noexcept {
    set_kill_on_cancel(on);
    return std::move(*this);
  }
  R await_resume() const {
    msgpack::reader in = value();
    if constexpr (!std::is_void_v<R>) return msgpack::unpack<R>(in);
  }
};

/// For programs whose workers come as far as main(), as ones that are linked statically may: call it there first.
///
/// In a worker it serves jobs and never returns. In any other process it does nothing.
void process_pool_main();

// ---------------------------------------------------------------------------------------------------------------------

template <class F, class... Args>
auto process_pool::submit(F&& f, const Args&... args) {
  using function = detail::process_function<std::decay_t<F>>;
  using result = std::remove_cv_t<typename function::result>;
  static_assert(std::is_void_v<result> || msgpack::readable<result>,
                "the result of a function in a process_pool has to come back as MessagePack: describe it with "
                "EDDY_DESCRIBE(type, members...), or specialise eddy::msgpack::conversion for it");
  const std::decay_t<F> callable = f;
  std::vector<std::byte> call = detail::pack_call(largest_message(), callable, args...);
  check_size(call.size());
  return submit_operation<result>(core_, std::move(call), kills_on_cancel());
}

}  // namespace eddy
