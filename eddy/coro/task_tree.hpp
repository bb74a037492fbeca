// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <source_location>
#include <string>
#include <vector>

#include "eddy/coro/context.hpp"

namespace eddy {

/// What one task does right now, for listings and monitors. A plain copy: it stays right when the task goes on.
struct task_info {
  std::uint32_t number;
  std::string name;       // as set by task::name, or "task <number>"
  std::string coroutine;  // the coroutine's function and where it stands in the source
  std::string state;      // "running", "ready", or what it waits for; with "cancelling" when it was cancelled
  std::vector<std::string> await_chain;  // innermost first: function (file:line), only when it is suspended
};

/// Every task of the current loop that has not ended, parents before their children.
///
/// **In asyncio.** `all_tasks()`; there a set of handles.
std::vector<task_info> all_tasks();

/// The task that runs here. @throws misuse_error outside of a coroutine.
///
/// **In asyncio.** `current_task()`.
task_info current_task();

/// The tree of tasks and their scopes of the current loop, a line each, with the await chain of every one:
/// file and line of every await. What a deadlock report prints.
///
/// **In asyncio.** `python -m asyncio pstree`.
std::string task_tree();

namespace detail {

class task_registry;

std::string task_tree(task_registry& registry);
/// The same of one task or branch and what stands below it.
std::string task_tree(context& root);
/// A place in a coroutine: function (file:line).
std::string describe_await(std::source_location place);
/// A function's name as listings show it: without result, parameters and unnamed scopes.
std::string short_function(std::string name);
/// The suspended frames of `c`, innermost first: `reserve (shop.cpp:61)`.
std::vector<std::string> await_chain(const context& c);
/// Where a context stands that should have ended long ago.
std::string describe_overdue(context& c);

}  // namespace detail
}  // namespace eddy
