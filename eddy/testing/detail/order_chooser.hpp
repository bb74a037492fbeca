// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eddy/coro/context.hpp"

namespace eddy::detail {

/// One choice: which of how many. The first (0) is always what happens without a chooser.
struct decision {
  unsigned chosen;
  unsigned of;
};

/// Where an order's choices come from: some that are given, then a seed's, or the usual ones.
class decision_source {
 public:
  /// The usual choice everywhere after those of `given`.
  explicit decision_source(std::vector<unsigned> given = {}) : given_(std::move(given)) {}
  explicit decision_source(std::uint64_t seed) : seeded_(true), state_(seed) {}

  unsigned decide(unsigned of);
  /// Something that happens once in `of` times.
  bool seldom(unsigned of) { return decide(of) == of - 1; }

  const std::vector<decision>& made() const noexcept { return made_; }

 private:
  unsigned by_seed(unsigned of);
  std::uint64_t random() noexcept;

  std::vector<unsigned> given_;
  bool seeded_ = false;
  std::uint64_t state_ = 0;
  unsigned habit_ = 0;  // of this seed; 0: not chosen yet
  std::vector<decision> made_;
};

/// What an order may change.
struct order_freedom {
  bool budgets = true;  // operations that complete at once may yield first
  bool cancelling = false;
  bool slow_steps = false;
};

/// Picks what runs next, and cancels the main task at some moment.
class order_chooser final : public chooser, public await_observer {
 public:
  /// @param steps  Where to write a line for each step, or null.
  order_chooser(decision_source& source, const order_freedom& freedom, context& main, std::vector<std::string>* steps)
      : source_(source), freedom_(freedom), main_(main), steps_(steps) {}

  unsigned choose_ready(const runnable_queue& ready) override;
  unsigned choose_budget(unsigned usual) override;
  bool lets_time_pass() override;

  void on_await(context& c) override { reached(c); }
  void on_suspend(context& c) override { reached(c); }
  void on_complete(context& c) override { reached(c); }

 private:
  void reached(context& c);
  void write(const runnable& node, unsigned index, unsigned of);

  decision_source& source_;
  const order_freedom& freedom_;
  context& main_;
  std::vector<std::string>* steps_;
  std::vector<unsigned> candidates_;
  unsigned slow_steps_ = 0;
  bool cancelled_ = false;
};

}  // namespace eddy::detail
