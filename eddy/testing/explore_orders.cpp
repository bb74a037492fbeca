// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/explore_orders.hpp"

#include "eddy/testing/detail/order_exploration.hpp"

namespace eddy::testing {

explore_result explore_orders(const std::function<coro<>()>& body, const order_options& options) {
  return order_exploration(body, options).go();
}

std::vector<std::string> steps_of_order(const std::function<coro<>()>& body, std::uint64_t seed,
                                        const order_options& options) {
  return order_exploration(body, options).steps_of(seed);
}

}  // namespace eddy::testing
