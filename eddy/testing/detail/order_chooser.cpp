// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/detail/order_chooser.hpp"

#include <algorithm>

#include "eddy/base/errors.hpp"
#include "eddy/coro/promise.hpp"

namespace eddy::detail {

namespace {

// Of a second at most each: fewer than the grace of a cancellation, which is not to be over by that.
constexpr unsigned most_slow_steps = 5;

}  // namespace

unsigned decision_source::decide(unsigned of) {
  if (of < 2) return 0;
  const std::size_t at = made_.size();
  unsigned chosen = 0;
  if (at < given_.size())
    chosen = std::min(given_[at], of - 1);
  else if (seeded_)
    chosen = by_seed(of);
  made_.push_back({chosen, of});
  return chosen;
}

// Seeds differ in their habits: chaos finds most, but a race that needs one odd step in a long calm run is found by
// those that are mostly calm.
unsigned decision_source::by_seed(unsigned of) {
  if (habit_ == 0) habit_ = 1 + static_cast<unsigned>(random() % 4);
  const std::uint64_t drawn = random();
  const auto any = static_cast<unsigned>((drawn >> 8) % of);
  switch (habit_) {
    case 1:
      return drawn % 8 == 0 ? any : 0;  // mostly the oldest
    case 2:
      return drawn % 4 == 0 ? any : of - 1;  // mostly the youngest
    default:
      return any;
  }
}

std::uint64_t decision_source::random() noexcept {
  std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

// Contexts run in any order. Of the rest (callbacks, what a pipe or a writer has queued) only the oldest is a
// candidate: call_soon promises their order.
unsigned order_chooser::choose_ready(const runnable_queue& ready) {
  candidates_.clear();
  bool other = false;
  unsigned index = 0;
  for (const runnable* each = ready.first(); each != nullptr; each = each->next_runnable, ++index) {
    const bool task = dynamic_cast<const context*>(each) != nullptr;
    if (task || !other) candidates_.push_back(index);
    other = other || !task;
  }
  const auto of = static_cast<unsigned>(candidates_.size());
  const unsigned chosen = candidates_[source_.decide(of)];
  if (steps_ != nullptr) {
    const runnable* node = ready.first();
    for (unsigned i = 0; i < chosen; ++i) node = node->next_runnable;
    if (node != nullptr) write(*node, chosen, of);
  }
  return chosen;
}

unsigned order_chooser::choose_budget(unsigned usual) {
  if (!freedom_.budgets || !source_.seldom(8)) return usual;
  if (steps_ != nullptr) steps_->back() += ", and yields at its first operation";
  return 0;
}

bool order_chooser::lets_time_pass() {
  if (!freedom_.slow_steps || slow_steps_ == most_slow_steps || !source_.seldom(8)) return false;
  ++slow_steps_;
  if (steps_ != nullptr) steps_->push_back("time passes until the next deadline");
  return true;
}

void order_chooser::reached(context& c) {
  if (!freedom_.cancelling || cancelled_ || !source_.seldom(24)) return;
  cancelled_ = true;
  if (steps_ != nullptr) steps_->push_back("the body is cancelled, at an await of " + c.describe());
  cancellation going(main_.scheduler(), "explore_orders");
  going.add(main_);
  going.run();
}

void order_chooser::write(const runnable& node, unsigned index, unsigned of) {
  std::string line = "a callback or a writer";
  if (const auto* c = dynamic_cast<const context*>(&node)) {
    line = c->describe();
    const bool ends = c->cancel_requested() && c->unwinding();
    if (const promise_base* frame = c->leaf())
      line += (ends ? ", unwound at " : ", at ") + format_place(frame->place);
    else if (ends)
      line += ", unwound";
  }
  if (of > 1) line += " (" + std::to_string(index == 0 ? 1 : index + 1) + " of " + std::to_string(of) + ")";
  steps_->push_back(std::move(line));
}

}  // namespace eddy::detail
