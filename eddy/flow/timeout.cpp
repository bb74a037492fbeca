// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/timeout.hpp"

#include "eddy/flow/named_work.hpp"

namespace eddy::detail {

std::string innermost_wait(const context& c) {
  const context* at = &c;
  while (const operation* waits_for = at->waits_for()) {
    if (dynamic_cast<const named_work*>(waits_for) != nullptr) return waits_for->describe();
    const context* child = nullptr;
    waits_for->visit_children([&](context& each) {
      if (child == nullptr) child = &each;
    });
    if (child == nullptr) return waits_for->describe();
    at = child;
  }
  return {};
}

}  // namespace eddy::detail
