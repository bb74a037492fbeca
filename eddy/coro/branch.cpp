// SPDX-License-Identifier: BSL-1.0
#include "eddy/coro/branch.hpp"

namespace eddy::detail {

std::string branch_base::describe() const { return "a branch of " + scope_->describe() + " in " + parent()->describe(); }

}  // namespace eddy::detail
