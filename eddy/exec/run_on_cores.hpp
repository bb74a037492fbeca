// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/base/function.hpp"
#include "eddy/coro/run.hpp"

namespace eddy {

/// How many loops `run_on_cores` runs, and how: `run_on_cores(cores(4).pin(), main)`.
class cores {
 public:
  /// @param count  Loops, each on a thread of its own; 0 for one a core that this process may use.
  explicit cores(std::size_t count = 0) noexcept : count_(count) {}

  /// Ties each thread to a core of its own, as far as there are that many. Default: the system decides.
  cores& pin(bool on = true) noexcept {
    pin_ = on;
    return *this;
  }
  /// What the threads are called, followed by their index. Default "eddy-core".
  cores& name(std::string name) {
    name_ = std::move(name);
    return *this;
  }
  /// Settings of every loop. handle_interrupt() says whether Ctrl-C ends them all.
  cores& options(const run_options& options) {
    options_ = options;
    return *this;
  }

  std::size_t count() const noexcept { return count_; }
  bool pinned() const noexcept { return pin_; }
  const std::string& name() const noexcept { return name_; }
  const run_options& options() const noexcept { return options_; }

 private:
  std::size_t count_;
  bool pin_ = false;
  std::string name_ = "eddy-core";
  run_options options_;
};

namespace detail {

void run_on_cores(const cores& how, const detail::function<coro<>(std::size_t)>& main);

}  // namespace detail

/// Runs `main(index)` on several loops at once, each on a thread of its own, and returns when all have ended.
///
/// A loop shares nothing with the others: give each its own connections, and let them talk through a `channel`. Servers
/// with reuse_port(true) may all listen on one port, and the kernel spreads the connections. Each loop has a copy of
/// `main`, which is called with 0, 1, ...; what it captures by reference is shared between threads.
///
/// The first failure cancels the others; so does Ctrl-C, as with `run`: a second one lifts the shields of clean-up.
///
/// @throws what failed first; interrupted after Ctrl-C; std::system_error when a thread could not be started;
/// misuse_error when a loop runs on this thread.
///
/// **In asyncio.** Processes, or threads with a loop each, by hand.
template <class F>
  requires std::is_invocable_r_v<coro<>, F&, std::size_t>
void run_on_cores(const cores& how, F main) {
  detail::run_on_cores(how, std::move(main));
}
/// The same on `count` loops; 0 for one a core.
template <class F>
  requires std::is_invocable_r_v<coro<>, F&, std::size_t>
void run_on_cores(std::size_t count, F main) {
  detail::run_on_cores(cores(count), std::move(main));
}

}  // namespace eddy
