// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eddy/testing/explore_result.hpp"
#include "eddy/testing/run_test.hpp"

namespace eddy::testing {

/// What `explore_orders` is told.
class order_options {
 public:
  /// How many orders, each of its own seed. Default: EDDY_SEEDS from the environment, or else 2,000.
  order_options& seeds(std::size_t count) {
    seeds_ = count;
    return *this;
  }
  /// Instead: every order of ready tasks that there is, depth first. For small bodies: a failure when there are more
  /// than `most`.
  order_options& exhaustive(std::size_t most = 20'000) {
    exhaustive_ = most;
    return *this;
  }
  /// Also cancels the body at a moment of an await that the seed chooses, in most of the orders.
  order_options& cancelling(bool on = true) {
    cancelling_ = on;
    return *this;
  }
  /// Also lets virtual time pass while tasks are ready, as if a step took up to a second: deadlines overtake what is
  /// ready. For bodies that do not look at the clock themselves.
  order_options& slow_steps(bool on = true) {
    slow_steps_ = on;
    return *this;
  }
  /// The clock of every run. Default: virtual.
  order_options& clock(test_clock which) {
    clock_ = which;
    return *this;
  }
  /// Called after each run; a text that is not empty is a failure.
  order_options& check(std::function<std::string()> check) {
    check_ = std::move(check);
    return *this;
  }
  /// Whether failures fail the GoogleTest case. Default: yes. If not, look at explore_result::failures.
  order_options& report(bool on) {
    report_ = on;
    return *this;
  }

 private:
  friend class order_exploration;
  std::optional<std::size_t> seeds_;
  std::optional<std::size_t> exhaustive_;
  bool cancelling_ = false;
  bool slow_steps_ = false;
  test_clock clock_ = test_clock::virtual_time;
  std::function<std::string()> check_;
  bool report_ = true;
};

/// Finds races: runs `body` under many orders of its ready tasks, each chosen by a seed, or under all that there are.
///
/// Tasks that are ready run in any order, operations that could complete at once may yield first, and random numbers of
/// the loop come from the seed. Callbacks of call_soon keep their order among themselves. The checks after each run are
/// those of `explore`. What the body relies on must hold in every order; that the oldest goes first is one of them.
///
/// It ends with the first order that fails. Its failure gives the seed, and the shortest order like it that was found:
/// its steps with task, file and line. `EDDY_SEED=<what it printed>` repeats exactly that run, and only that.
///
/// @returns how much it went through; also added to the file that EDDY_EXPLORE_LOG names.
explore_result explore_orders(const std::function<coro<>()>& body, const order_options& options = {});

/// One run under the order that belongs to `seed`, as explore_orders does it.
///
/// @returns its steps, a line each: the same for the same seed, unless the body uses what cannot be repeated.
std::vector<std::string> steps_of_order(const std::function<coro<>()>& body, std::uint64_t seed,
                                        const order_options& options = {});

}  // namespace eddy::testing
