// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task_registry.hpp"

#include <algorithm>
#include <ctime>
#include <unordered_map>

#include "eddy/base/errors.hpp"
#include "eddy/coro/task_state.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy::detail {

namespace {

constexpr std::chrono::milliseconds shared_for{10};  // how long cancellations share a reason, and its time

}  // namespace
struct task_registry::numbers {
  std::unordered_map<std::uint32_t, task_state*> tasks;
};

task_registry& current_registry() {
  event_loop* loop = event_loop::try_current();
  if (loop == nullptr || loop->scheduler().tasks == nullptr)
    throw misuse_error(
        "no event loop runs on this thread, so there is nothing to run a task; start with eddy::run(main_coro)");
  return *loop->scheduler().tasks;
}

task_registry::task_registry(event_loop& loop, std::chrono::nanoseconds grace)
    : loop_(loop), grace_(grace), slow_steps_(loop) {
  loop.scheduler().tasks = this;
  loop.scheduler().slow_steps = &slow_steps_;
}

task_registry::~task_registry() {
  if (last_reason_ != nullptr) last_reason_->release();
  loop_.scheduler().timers.cancel(*this);
  while (!ended_.empty()) ended_.pop_front().outlive_loop();
  loop_.scheduler().tasks = nullptr;
  loop_.scheduler().slow_steps = nullptr;
}

void task_registry::task_ended(task_state& task) noexcept { static_cast<list_hook&>(task).unlink(); }

void task_registry::remember(task_state& task) {
  if (by_number_ == nullptr) by_number_ = std::make_unique<numbers>();
  by_number_->tasks.emplace(task.number(), &task);
}
void task_registry::forget(const task_state& task) noexcept { by_number_->tasks.erase(task.number()); }

task_state* task_registry::find(std::uint32_t number) const noexcept {
  if (by_number_ == nullptr) return nullptr;
  const auto found = by_number_->tasks.find(number);
  return found != by_number_->tasks.end() ? found->second : nullptr;
}

void task_registry::close(std::string_view reason) {
  closing_ = true;
  cancel_all(reason);
}

void task_registry::cancel_all(std::string_view reason) {
  cancellation going(loop_.scheduler(), reason);
  for (task_state* task = roots_.first(); task != nullptr; task = roots_.after(*task)) going.add(*task);
  going.run();
}

void task_registry::cancel_number(std::uint32_t number, std::string_view reason) {
  task_state* found = nullptr;
  visit_all([&](context& c) {
    auto* task = dynamic_cast<task_state*>(&c);
    if (task != nullptr && task->number() == number) found = task;
  });
  if (found != nullptr) found->cancel(reason);
}

void task_registry::visit_all(const detail::function<void(context&)>& visit) {
  for (task_state* task = roots_.first(); task != nullptr; task = roots_.after(*task)) visit_tree(*task, visit);
}

// A stack of its own instead of recursion: trees may be a hundred thousand scopes deep (L8).
void task_registry::visit_tree(context& root, const detail::function<void(context&)>& visit) {
  std::vector<context*> open{&root};
  while (!open.empty()) {
    context& c = *open.back();
    open.pop_back();
    visit(c);
    const std::size_t before = open.size();
    if (const operation* op = c.waits_for()) op->visit_children([&](context& child) { open.push_back(&child); });
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
  }
}

// A few milliseconds wide, and a fifth of the price.
time_point task_registry::coarse_now() const noexcept {
  if (loop_.scheduler().virtual_now) return *loop_.scheduler().virtual_now;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return time_point(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

cancel_reason& task_registry::reason_for(std::string_view text) {
  const time_point now = coarse_now();
  if (last_reason_ == nullptr || now > last_reason_made_ + shared_for || last_reason_->text() != text) {
    auto* made = new cancel_reason(std::string(text), loop_.scheduler().now());
    if (last_reason_ != nullptr) last_reason_->release();
    last_reason_ = made;
    last_reason_made_ = now;
  }
  last_reason_->retain();
  return *last_reason_;
}

time_point task_registry::end_of_grace(const cancel_reason& reason) const noexcept {
  const bool for_ever = grace_ > time_point::max() - reason.when();
  return for_ever ? time_point::max() : reason.when() + grace_;
}

void task_registry::watch_grace(const cancel_reason& reason) {
  if (!armed()) loop_.scheduler().timers.arm(*this, end_of_grace(reason));
}

void task_registry::lift_shields() noexcept {
  std::vector<context*> cancelled;
  visit_all([&](context& c) {
    if (c.cancel_requested() && !c.shields_lifted()) cancelled.push_back(&c);
  });
  for (context* c : cancelled) {
    auto going = cancellation::lifting_shields(loop_.scheduler(), *c->reason());
    going.add(*c);
    going.run();
  }
}

// The oldest cancellation may be overdue: what it reached, and still runs behind a shield, is reached now all the same.
void task_registry::due() noexcept {
  scheduler& s = loop_.scheduler();
  const time_point now = s.now();
  std::vector<context*> overdue;
  std::optional<time_point> next;
  visit_all([&](context& c) {
    if (!c.cancel_requested() || c.shields_lifted()) return;
    const time_point limit = end_of_grace(*c.reason());
    if (limit <= now)
      overdue.push_back(&c);
    else
      next = next ? std::min(*next, limit) : limit;
  });
  for (context* c : overdue) {
    if (c->shields_lifted()) continue;  // below one that was just lifted
    loop_.handle_exception({"the grace of " + format_duration(grace_) + " is over, its shields are lifted",
                            std::make_exception_ptr(error(describe_overdue(*c)))});
    auto going = cancellation::lifting_shields(s, *c->reason());
    going.add(*c);
    going.run();
  }
  if (next) s.timers.arm(*this, *next);
}

}  // namespace eddy::detail
