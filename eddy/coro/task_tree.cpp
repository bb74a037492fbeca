// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/task_tree.hpp"

#include <algorithm>

#include "eddy/coro/promise.hpp"
#include "eddy/coro/task_registry.hpp"
#include "eddy/coro/task_state.hpp"

namespace eddy {

namespace {

using detail::await_chain;
using detail::promise_base;

std::string state_of(const context& c) {
  std::string text;
  if (&c == context::try_current())
    text = "running";
  else if (c.waits_for() != nullptr)
    text = "waits for " + c.waits_for()->describe();
  else
    text = "ready";
  if (c.cancel_requested()) {
    text += ", cancelled";
    if (!c.cancel_reason().empty()) text += " (" + std::string(c.cancel_reason()) + ")";
  }
  return text;
}

task_info info_of(const detail::task_state& task) {
  return {task.number(), task.name(),
          std::string(task.function().function_name()) + " at " + detail::format_place(task.function()), state_of(task),
          &task == context::try_current() ? std::vector<std::string>{} : await_chain(task)};
}

constexpr unsigned deepest_indent = 40;

// How far to indent it; deeper ones stand below each other.
unsigned depth_of(const context& c) {
  unsigned depth = 0;
  for (const context* at = c.parent(); at != nullptr && depth < deepest_indent; at = at->parent()) ++depth;
  return depth;
}

void append_context(std::string& text, const context& c) {
  const std::string indent(2 * depth_of(c), ' ');
  text += indent + (dynamic_cast<const detail::task_state*>(&c) != nullptr ? c.describe() : std::string("branch")) +
          ": " + state_of(c) + "\n";
  if (&c == context::try_current()) return;
  for (const std::string& frame : await_chain(c)) text.append(indent).append("    at ").append(frame).append("\n");
}

detail::task_registry* registry_here() {
  event_loop* loop = event_loop::try_current();
  return loop != nullptr ? loop->scheduler().tasks : nullptr;
}

}  // namespace

std::vector<task_info> all_tasks() {
  std::vector<task_info> found;
  if (detail::task_registry* registry = registry_here())
    registry->visit_all([&](context& c) {
      if (auto* task = dynamic_cast<detail::task_state*>(&c)) found.push_back(info_of(*task));
    });
  return found;
}

task_info current_task() {
  for (context* c = &context::current(); c != nullptr; c = c->parent())
    if (auto* task = dynamic_cast<detail::task_state*>(c)) return info_of(*task);
  throw misuse_error("no task runs here");
}

std::string task_tree() {
  detail::task_registry* registry = registry_here();
  return registry != nullptr ? detail::task_tree(*registry) : std::string("no event loop runs on this thread\n");
}

namespace detail {

// "eddy::coro<int> shop::(anonymous namespace)::order(int)", or g++'s "{anonymous}::order(order(int)::_ZN...Frame*)",
// reads better as "order": without result, parameters and unnamed scopes.
std::string short_function(std::string name) {
  for (const std::string_view unnamed : {"(anonymous namespace)::", "(anonymous class)::", "{anonymous}::"})
    for (std::size_t at = 0; (at = name.find(unnamed)) != std::string::npos;) name.erase(at, unnamed.size());
  constexpr std::string_view call = "operator()";
  const std::size_t named_call = name.find(call);
  name.erase(std::min(name.find('(', named_call == std::string::npos ? 0 : named_call + call.size()), name.size()));
  if (const auto space = name.rfind(' '); space != std::string::npos) name.erase(0, space + 1);
  return name;
}

std::string describe_await(std::source_location place) {
  return short_function(place.function_name()) + " (" + format_place(place) + ")";
}

std::vector<std::string> await_chain(const context& c) {
  std::vector<std::string> chain;
  for (const promise_base* frame = c.leaf(); frame != nullptr; frame = frame->continuation)
    chain.push_back(describe_await(frame->place));
  return chain;
}

std::string task_tree(task_registry& registry) {
  std::string text;
  registry.visit_all([&](context& c) { append_context(text, c); });
  return text;
}

std::string task_tree(context& root) {
  std::string text;
  task_registry::visit_tree(root, [&](context& c) { append_context(text, c); });
  return text;
}

std::string describe_overdue(context& c) {
  std::string text = c.describe() + " was cancelled";
  if (!c.cancel_reason().empty()) text += " (" + std::string(c.cancel_reason()) + ")";
  text += " and still " + state_of(c);
  for (const std::string& frame : await_chain(c)) text += "\n    at " + frame;
  return text;
}

}  // namespace detail
}  // namespace eddy
