// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "eddy/coro/run.hpp"
#include "eddy/testing/detail/expiring.hpp"
#include "eddy/testing/moment.hpp"

namespace eddy::detail {

/// What explore does to a run.
enum class trouble { nothing, cancel, cancel_task, time_out, close_loop, lift_shields };

/// ... at the `at`-th await of this moment; without a moment, at the `at`-th moment of any kind.
struct disturbance {
  trouble what = trouble::nothing;
  std::optional<testing::moment> when;
  std::size_t at = 0;
};

/// Watches the awaits of one run and disturbs it.
class disturber final : public await_observer {
 public:
  /// @param then  Counted from the moment after the first; `again`: happens at every moment from there on.
  disturber(runner_base& runner, task_state& main, expiry& limit, const disturbance& first, const disturbance& then,
            bool again)
      : runner_(runner), main_(main), limit_(limit), now_(first), then_(then), again_(again) {}

  void on_await(context& c) override { reached(testing::moment::before, c); }
  void on_suspend(context& c) override { reached(testing::moment::waiting, c); }
  void on_complete(context& c) override { reached(testing::moment::completed, c); }

  bool first_hit() const noexcept { return hits_ > 0; }
  bool second_hit() const noexcept { return hits_ > 1; }
  /// Where the last one hit, as far as it is known.
  const std::string& where() const noexcept { return where_; }

  /// How many moments there were, and a number that two runs share when they went through the same ones.
  std::size_t moments() const noexcept { return moments_; }
  std::uint64_t trace() const noexcept { return trace_; }

 private:
  void reached(testing::moment m, context& c);
  void next() noexcept;
  void note(testing::moment m, const context& c) noexcept;
  void disturb(context& c);

  runner_base& runner_;
  task_state& main_;
  expiry& limit_;  // for trouble::time_out: what the body runs in
  disturbance now_;
  disturbance then_;
  bool again_;
  std::size_t count_ = 0;
  int hits_ = 0;
  std::string where_;
  std::size_t moments_ = 0;
  std::uint64_t trace_ = 0;
};

}  // namespace eddy::detail
