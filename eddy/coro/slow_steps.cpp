// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/slow_steps.hpp"

#include <string>
#include <utility>

#include "eddy/base/reports.hpp"
#include "eddy/coro/promise.hpp"
#include "eddy/coro/task_state.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy::detail {

namespace {

task_state* task_of(context* c) noexcept {
  for (; c != nullptr; c = c->parent())
    if (auto* task = dynamic_cast<task_state*>(c)) return task;
  return nullptr;
}

// Milliseconds are exact enough for what took many of them.
std::string format_roughly(std::chrono::nanoseconds time) {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(time);
  return format_duration(whole.count() > 0 ? whole : time);
}

}  // namespace

void slow_steps::step_begins(runnable& node) noexcept {
  auto* c = dynamic_cast<context*>(&node);
  task_ = task_of(c);
  if (task_ != nullptr) task_->retain();
  from_ = c != nullptr && c->leaf() != nullptr ? c->leaf()->place : std::source_location();
  kind_ = &typeid(node);
  began_ = clock::now();
}

void slow_steps::step_ended() noexcept {
  const auto time = clock::now() - began_;
  if (time >= loop_.slow_callback_duration()) report_slow(time);
  if (task_ != nullptr) std::exchange(task_, nullptr)->release();
}

void slow_steps::report_slow(std::chrono::nanoseconds time) const {
  const std::string who = task_ != nullptr ? task_->describe() : "a callback, " + demangle(kind_->name()) + ",";
  std::string text = who + " held up the loop for " + format_roughly(time);
  if (from_.line() != 0) text += ", going on from " + describe_await(from_);
  text +=
      "; nothing else could run meanwhile: give calls that block to to_thread, and let long computations co_await "
      "checkpoint()";
  if (task_ != nullptr) text += task_->ended() ? "\nit has ended" : "\nnow: " + task_tree(*task_);
  report(text);
}

}  // namespace eddy::detail
