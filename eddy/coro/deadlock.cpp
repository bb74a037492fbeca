// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/deadlock.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/coro/holder.hpp"
#include "eddy/coro/task_registry.hpp"
#include "eddy/coro/task_state.hpp"
#include "eddy/coro/task_tree.hpp"

namespace eddy {

namespace {

using detail::holder;
using detail::task_state;

constexpr std::size_t nobody = static_cast<std::size_t>(-1);
constexpr std::size_t most_circles = 8;
constexpr std::size_t longest_chain = 16;
constexpr std::size_t most_steps = 24;  // of a circle that are told

enum class relation : unsigned char { holds, is_awaited, is_child };

/// One line of a task waits for another task.
struct edge {
  const context* line;
  relation how;
  holder held;
  std::size_t to = nobody;  // index of the task; nobody when it has ended, or none took it
};

struct node {
  const task_state* task;
  bool may_go_on = false;  // some line of it runs, is ready, or waits for nobody in particular
  std::vector<edge> edges;
};

/// Who waits for whom: tasks, each with the waits of all its lines.
class wait_graph {
 public:
  explicit wait_graph(detail::task_registry& registry) {
    registry.visit_all([this](context& c) { add(c); });
    for (node& n : nodes_)
      for (edge& e : n.edges) e.to = index_of(e.held.task);
  }

  std::size_t index_of(std::uint32_t number) const {
    const auto found = by_number_.find(number);
    return found != by_number_.end() ? found->second : nobody;
  }
  const node& operator[](std::size_t index) const { return nodes_[index]; }
  std::size_t size() const noexcept { return nodes_.size(); }

  /// Marks all that may go on because somebody whom they wait for may. What is left waits for ever.
  void spread_hope() {
    std::vector<std::vector<std::size_t>> waiters(nodes_.size());
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const edge& e : nodes_[i].edges) {
        if (e.to == nobody)
          nodes_[i].may_go_on = true;
        else
          waiters[e.to].push_back(i);
      }
      if (nodes_[i].may_go_on) open.push_back(i);
    }
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      for (const std::size_t waiter : waiters[at])
        if (!std::exchange(nodes_[waiter].may_go_on, true)) open.push_back(waiter);
    }
  }
  /// The loop is idle: nobody goes on.
  void give_up_hope() noexcept {
    for (node& n : nodes_) n.may_go_on = false;
  }

 private:
  void add(context& c) {
    if (const auto* task = dynamic_cast<const task_state*>(&c)) {
      by_number_.emplace(task->number(), nodes_.size());
      nodes_.push_back({task, false, {}});
    }
    const std::size_t mine = index_of(c.task_number());
    if (mine == nobody) return;
    const detail::operation* op = c.waits_for();
    if (op == nullptr) {
      nodes_[mine].may_go_on = true;
      return;
    }
    bool goes_on_below = false;
    std::vector<edge>& edges = nodes_[mine].edges;
    const std::size_t before = edges.size();
    op->visit_children([&](context& child) {
      if (const auto* task = dynamic_cast<const task_state*>(&child))
        edges.push_back({&c, relation::is_child, holder(std::source_location(), task->number())});
      else
        goes_on_below = true;
    });
    op->visit_holders([&](const holder& h) {
      edges.push_back({&c, h.place.line() == 0 ? relation::is_awaited : relation::holds, h});
    });
    if (!goes_on_below && edges.size() == before) nodes_[mine].may_go_on = true;
  }

  std::vector<node> nodes_;
  std::unordered_map<std::uint32_t, std::size_t> by_number_;
};

/// A circle of waits: element i is (task, index of the edge to the task of element i + 1).
using circle = std::vector<std::pair<std::size_t, std::size_t>>;

/// Depth first, without recursion. A task stands in one circle at most.
class circle_finder {
 public:
  explicit circle_finder(const wait_graph& graph) : graph_(graph), state_(graph.size(), unseen) {}

  std::vector<circle> find() {
    for (std::size_t start = 0; start < graph_.size() && found_.size() < most_circles; ++start)
      if (state_[start] == unseen && !graph_[start].may_go_on) walk(start);
    return std::move(found_);
  }

 private:
  enum mark : unsigned char { unseen, on_path, done };

  void walk(std::size_t start) {
    path_.assign(1, {start, 0});
    state_[start] = on_path;
    while (!path_.empty()) {
      auto& [at, next] = path_.back();
      if (next == graph_[at].edges.size()) {
        state_[at] = done;
        path_.pop_back();
        if (!path_.empty()) ++path_.back().second;
        continue;
      }
      const std::size_t to = graph_[at].edges[next].to;
      if (to != nobody && state_[to] == unseen && !graph_[to].may_go_on) {
        state_[to] = on_path;
        path_.emplace_back(to, 0);
        continue;
      }
      if (to != nobody && state_[to] == on_path) take(to);
      if (!path_.empty()) ++path_.back().second;
    }
  }

  // The path from `first` on is a circle. Those in it, and those who wait for them, are explained by it.
  void take(std::size_t first) {
    auto begin = std::ranges::find(path_, first, &std::pair<std::size_t, std::size_t>::first);
    circle ring(begin, path_.end());
    const auto number = [this](const auto& step) { return graph_[step.first].task->number(); };
    std::ranges::rotate(ring, std::ranges::min_element(ring, {}, number));
    found_.push_back(std::move(ring));
    for (const auto& step : path_) state_[step.first] = done;
    path_.clear();
  }

  const wait_graph& graph_;
  std::vector<mark> state_;
  circle path_;
  std::vector<circle> found_;
};

// -- as text
// ---------------------------------------------------------------------------------------------------------------------

std::string wait_of(const wait_graph& graph, const edge& e) {
  if (e.how == relation::is_child && e.to != nobody) return "its child " + graph[e.to].task->describe();
  return e.line->waits_for()->describe();
}

std::string describe_holder(const wait_graph& graph, const edge& e) {
  const std::string since = e.held.place.line() != 0 ? " since " + detail::format_place(e.held.place) : "";
  if (e.to != nobody) return graph[e.to].task->describe() + since;
  if (e.held.task == 0) return "what is no task" + since;
  return "task " + std::to_string(e.held.task) + since +
         ", which has ended and let what it holds live on: keep guards, permits and leases in local variables";
}

/// The frames of a line and of the scopes around it, up to its task.
std::string chain_of(const edge& e) {
  std::string text;
  std::size_t count = 0;
  for (const context* c = e.line; c != nullptr; c = c->parent()) {
    for (const std::string& frame : detail::await_chain(*c)) {
      if (++count > longest_chain) return text + " < ...";
      text += (text.empty() ? "" : " < ") + frame;
    }
    if (dynamic_cast<const task_state*>(c) != nullptr) break;
  }
  return text;
}

/// `steps` from the first task on. What a task waits for ends a line; who holds that begins the next.
std::string describe_steps(const wait_graph& graph, std::span<const std::pair<std::size_t, std::size_t>> steps,
                           const std::string& ending) {
  std::string text = graph[steps.front().first].task->describe();
  std::string chains;
  if (steps.size() > most_steps)
    return describe_steps(graph, steps.first(most_steps),
                          ", and so on over " + std::to_string(steps.size()) + " tasks" + ending);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const node& from = graph[steps[i].first];
    const edge& e = from.edges[steps[i].second];
    text += (i == 0 ? " waits for " : ", which waits for ") + wait_of(graph, e);
    if (e.how == relation::holds) text += "\n  held by " + describe_holder(graph, e);
    chains += "\n    " + from.task->name() + ": " + chain_of(e);
  }
  return text + ending + chains;
}

std::string describe_circles(const wait_graph& graph) {
  std::string text;
  for (const circle& ring : circle_finder(graph).find())
    text += (text.empty() ? "" : "\n") + describe_steps(graph, ring, ": a deadlock");
  return text;
}

/// What nobody can give back any more.
std::string describe_lost(const wait_graph& graph) {
  std::string text;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const node& n = graph[i];
    for (std::size_t e = 0; e < n.edges.size(); ++e)
      if (n.edges[e].to == nobody)
        text += (text.empty() ? "" : "\n") + describe_steps(graph, std::vector{std::pair(i, e)}, "");
  }
  return text;
}

detail::task_registry& registry_here() { return detail::current_registry(); }

/// The one line of a task that does not wait for a branch of its own; null when there are several.
const context* only_line(const context& task) {
  const context* line = &task;
  while (const detail::operation* op = line->waits_for()) {
    const context* below = nullptr;
    std::size_t count = 0;
    op->visit_children([&](context& child) {
      below = &child;
      ++count;
    });
    if (count == 0) return line;
    if (count > 1 || dynamic_cast<const task_state*>(below) != nullptr) return nullptr;
    line = below;
  }
  return line;
}

/// From one task to the one it waits for, as long as there is only one.
std::string describe_from(const wait_graph& graph, std::size_t start) {
  circle steps;
  std::vector<bool> seen(graph.size());
  std::size_t at = start;
  while (graph[at].edges.size() == 1 && !seen[at]) {
    seen[at] = true;
    steps.emplace_back(at, 0);
    const std::size_t to = graph[at].edges.front().to;
    if (to == nobody) return describe_steps(graph, steps, "");
    at = to;
  }
  const node& last = graph[at];
  if (seen[at]) return describe_steps(graph, steps, last.may_go_on ? ": a circle" : ": a deadlock");
  std::string ending;
  if (last.edges.empty()) {
    const context* line = only_line(*last.task);
    const detail::operation* op = (line != nullptr ? line : last.task)->waits_for();
    ending = op == nullptr ? "which can run" : "which waits for " + op->describe();
  } else {
    ending = "which waits for " + std::to_string(last.edges.size()) + " others:";
    for (const edge& e : last.edges)
      ending += "\n  " + wait_of(graph, e) + (e.how == relation::holds ? ", held by " + describe_holder(graph, e) : "");
  }
  if (steps.empty()) return last.task->describe() + ending.substr(5);
  return describe_steps(graph, steps, ", " + ending);
}

/// Whether the only line of `task` waits for exactly one holder; who that is.
const task_state* only_holder(const detail::task_registry& registry, const context& task) {
  const context* line = only_line(task);
  if (line == nullptr || line->waits_for() == nullptr) return nullptr;
  std::uint32_t number = 0;
  std::size_t count = 0;
  line->waits_for()->visit_holders([&](const holder& h) {
    number = h.task;
    ++count;
  });
  return count == 1 ? registry.find(number) : nullptr;
}

}  // namespace

std::string why(std::uint32_t number) {
  wait_graph graph(registry_here());
  graph.spread_hope();
  const std::size_t start = graph.index_of(number);
  if (start == nobody) return "no task with the number " + std::to_string(number) + " runs on this loop";
  return describe_from(graph, start);
}

std::string explain_waits() {
  wait_graph graph(registry_here());
  graph.spread_hope();
  return describe_circles(graph);
}

namespace detail {

std::string explain_deadlock(task_registry& registry) {
  wait_graph graph(registry);
  graph.give_up_hope();
  std::string text = describe_circles(graph);
  const std::string lost = describe_lost(graph);
  if (!text.empty() && !lost.empty()) text += "\n";
  text += lost;
  return text.empty() ? text : text + "\n";
}

void look_for_circle(context& c) noexcept {
  try {
    const task_registry& registry = *c.scheduler().tasks;
    const task_state* first = registry.find(c.task_number());
    if (first == nullptr || only_line(*first) != &c) return;
    const task_state* at = first;
    for (std::size_t steps = registry.alive(); steps > 0; --steps) {
      at = only_holder(registry, *at);
      if (at == nullptr) return;
      if (at == first) {
        report("deadlock: " + why(first->number()));
        return;
      }
    }
  } catch (...) {
    report("a deadlock could not be explained: " + describe_exception(std::current_exception()));
  }
}

}  // namespace detail
}  // namespace eddy
