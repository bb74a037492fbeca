// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/branch.hpp"

#include "eddy/coro/task_state.hpp"

namespace eddy::detail {

// Names the task, not the scopes between: a tree may be a hundred thousand of them deep.
std::string branch_base::describe() const {
  const context* task = parent();
  while (task->parent() != nullptr && dynamic_cast<const task_state*>(task) == nullptr) task = task->parent();
  return "a branch of " + owner().describe() + " in " + task->describe();
}

}  // namespace eddy::detail
