// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/explore.hpp"

#include "eddy/testing/detail/caught_run.hpp"
#include "eddy/testing/detail/exploration.hpp"

namespace eddy::testing {

explore_result explore(const std::function<coro<>()>& body, const explore_options& options) {
  return exploration(body, options).go();
}

}  // namespace eddy::testing
